// What came of one way to get a tool. That a way is closed (no network, no compiler) is expected and
// therefore data: the next way is tried, and only when all are closed do the reasons become an error.

/** A program's path, or why this way gave none. */
export type Outcome = { readonly found: string } | { readonly failed: string }

/** What each way needs. */
export interface ToolContext {
  readonly env: { readonly [name: string]: string | undefined }
  /** A folder of this attempt, removed afterwards, in which it may leave what it likes. */
  readonly workFolder: string
  /** Tells a person what is going on. */
  readonly progress: Progress
}

/** Runs long work while showing it to a person; see progress.ts. */
export type Progress = <T>(what: string, work: () => Promise<T>) => Promise<T>
