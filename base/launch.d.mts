// The types of `launch.mjs`, for those of its users that are TypeScript.
// Only what they need of it.

/** What the process of a verb is started with. */
export interface Launch {
  /** Options for Node. */
  readonly options: readonly string[]
  /** Variables that the user's environment may override. */
  readonly environment: { readonly [name: string]: string }
}

/** What the process of a verb is started with. */
export function launchOf(verb: string | undefined): Launch
