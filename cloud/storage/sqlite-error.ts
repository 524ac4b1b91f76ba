// SQLite's errors in our words: trouble with the disk or a lock passes, a statement that SQLite
// refuses is a bug.

import { HubleafError, messageOf } from '../../base/errors.ts'
import { numberAt } from '../../base/json.ts'

// Primary result codes, https://sqlite.org/rescode.html
const ERROR = 1
const CONSTRAINT = 19
const MISMATCH = 20
const MISUSE = 21
const RANGE = 25
const BUGS = [ERROR, CONSTRAINT, MISMATCH, MISUSE, RANGE]

const BUSY = 5
const FULL = 13
const KEEPS_CONNECTION = [BUSY, FULL]

/** The error to hand on: a HubleafError as it is, `storage_unavailable`, or `internal`. */
export function storageError(error: unknown): HubleafError {
  if (error instanceof HubleafError) return error
  const code = primaryCode(error)
  const message = `the database says: ${messageOf(error)}`
  if (code === undefined || BUGS.includes(code)) {
    return new HubleafError('internal', message, { cause: error })
  }
  const hint = 'check the disk of data_dir: free space, permissions, and the kernel log for errors'
  return new HubleafError('storage_unavailable', message, { cause: error, hint })
}

/** True if the connection must be opened anew: after an input or output error it may know nonsense. */
export function spoilsConnection(error: unknown): boolean {
  const code = primaryCode(error)
  return code !== undefined && !BUGS.includes(code) && !KEEPS_CONNECTION.includes(code)
}

function primaryCode(error: unknown): number | undefined {
  const code = numberAt(error, 'errcode')
  return code === undefined ? undefined : code & 0xff
}
