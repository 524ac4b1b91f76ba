// Runs a program of this machine to its end within a time limit and gives what it said. A program
// that is not there is an answer, not an error.

import { execFile } from 'node:child_process'
import { systemCodeOf } from '../../base/errors.ts'

/** How a program ended. */
export interface Ended {
  /** True if it was there, ended in time, and said success. */
  readonly ok: boolean
  /** Standard output, without white space at its ends. */
  readonly output: string
  /** If not ok: one line that says why. */
  readonly why: string
}

/** Where and how long. */
export interface RunOptions {
  readonly env: { readonly [name: string]: string | undefined }
  readonly cwd?: string
  readonly timeoutMs: number
}

const OUTPUT_MAX_BYTES = 4_000_000

/** Runs the program; never rejects. */
export async function run(
  program: string,
  args: readonly string[],
  { env, cwd, timeoutMs }: RunOptions,
): Promise<Ended> {
  const options = { env: { ...env }, cwd, timeout: timeoutMs, maxBuffer: OUTPUT_MAX_BYTES }
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (error, output, complaints) => {
      const said = complaints.trim().split('\n').at(-1) ?? ''
      const why = error === null ? '' : reason(program, error, timeoutMs, said)
      resolve({ ok: error === null, output: output.trim(), why })
    })
    child.stdin?.end()
  })
}

function reason(program: string, error: Error, timeoutMs: number, said: string): string {
  if (systemCodeOf(error) === 'ENOENT') return `there is no ${program}`
  if ('killed' in error && error.killed === true) {
    return `${program} did not end within ${timeoutMs / 1000} s`
  }
  return `${program} failed: ${said === '' ? error.message : said}`
}
