// SQLite's errors in the journal's words: full, damaged, or failed. Decided by result codes, never by
// the text of a message.

import { HubleafError, isHubleafError, messageOf, systemCodeOf } from '../../base/errors.ts'
import { numberAt } from '../../base/json.ts'

// SQLite's primary result codes, https://sqlite.org/rescode.html
const SQLITE_ERROR = 1
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_TOOBIG = 18
const SQLITE_CONSTRAINT = 19
const SQLITE_NOTADB = 26
/** The extended code of a page that the file system itself calls corrupt. */
const SQLITE_IOERR_CORRUPTFS = 8458

/**
 * Nothing that is written here comes near SQLite's largest value, and none of our keys is ever given
 * twice: where SQLite says otherwise, a page tells of another file than the one that was written.
 */
const DAMAGE: ReadonlySet<number> = new Set([
  SQLITE_CORRUPT,
  SQLITE_NOTADB,
  SQLITE_TOOBIG,
  SQLITE_CONSTRAINT,
])

/** What the system says when there is no room. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])

/** True if the error says that the file's structure cannot be believed. */
export function isDamage(error: unknown): boolean {
  if (isHubleafError(error, 'journal_corrupt')) return true
  if (numberAt(error, 'errcode') === SQLITE_IOERR_CORRUPTFS) return true
  return DAMAGE.has(primaryCode(error))
}

/**
 * True if an opening may begin a new file because of it: besides damage also a statement that SQLite
 * does not understand. Ours are constant, so it is the file's own schema that says something else.
 */
export function isDamageAtOpening(error: unknown): boolean {
  return isDamage(error) || primaryCode(error) === SQLITE_ERROR
}

/** The error as a `journal_*` code. */
export function toJournalError(error: unknown): HubleafError {
  if (error instanceof HubleafError) return error
  const cause = { cause: error }
  if (isDamage(error)) {
    const message = `the journal's file is damaged: ${messageOf(error)}`
    const hint = 'nothing is to be done: what can be read is brought back at the next start'
    return new HubleafError('journal_corrupt', message, { hint, ...cause })
  }
  if (primaryCode(error) === SQLITE_FULL || FULL.has(systemCodeOf(error) ?? '')) {
    const hint = 'make room on the disk; the agent goes on by itself'
    return new HubleafError('journal_disk_full', 'the disk is full', { hint, ...cause })
  }
  return new HubleafError('journal_write_failed', messageOf(error), cause)
}

function primaryCode(error: unknown): number {
  return (numberAt(error, 'errcode') ?? 0) & 0xff
}
