// A file that takes the log of truth line by line, for a test that outlives the simulated cloud.
// It is a tool of tests: lines are handed to the system at once, and not synced.

import { appendFileSync, closeSync, openSync } from 'node:fs'
import { HubleafError, messageOf } from '../../base/errors.ts'

/** An open file; disposal closes it. */
export interface TruthFile extends Disposable {
  /** Adds a line; the line end is added here. */
  write(line: string): void
}

/** Opens the file for adding. Throws `folder_unusable` when it cannot be written. */
export function openTruthFile(path: string): TruthFile {
  const file = open(path)
  return {
    write: (line) => appendFileSync(file, `${line}\n`),
    [Symbol.dispose]: () => closeSync(file),
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'a')
  } catch (cause) {
    const message = `the log of truth cannot be written to ${path}: ${messageOf(cause)}`
    throw new HubleafError('folder_unusable', message, { cause, hint: 'give --truth another file' })
  }
}
