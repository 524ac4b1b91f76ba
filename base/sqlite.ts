// Typed looks into rows of node:sqlite, and a lock that the operating system releases when its holder
// dies, however it dies.

import { rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLOutputValue } from 'node:sqlite'
import { HubleafError } from './errors.ts'
import type { ErrorCode } from './errors.ts'
import { numberAt } from './json.ts'

/** SQLite's result codes for a lock that somebody else has, and for a file that is none of its own. */
const SQLITE_BUSY = 5
const SQLITE_NOTADB = 26

/** A row as node:sqlite gives it. */
export type SqlRow = { readonly [column: string]: SQLOutputValue }

/** The number in a column. Throws `internal` if it is none: the schema is ours. */
export function numberIn(row: SqlRow | undefined, column: string): number {
  const value = row?.[column]
  if (typeof value === 'number') return value
  throw new HubleafError('internal', `column ${column} holds no number`)
}

/** The text in a column. Throws `internal` if it is none. */
export function textIn(row: SqlRow | undefined, column: string): string {
  const value = row?.[column]
  if (typeof value === 'string') return value
  throw new HubleafError('internal', `column ${column} holds no text`)
}

/** The bytes in a column. Throws `internal` if there are none. */
export function bytesIn(row: SqlRow | undefined, column: string): Uint8Array {
  const value = row?.[column]
  if (value instanceof Uint8Array) return value
  throw new HubleafError('internal', `column ${column} holds no bytes`)
}

/** The number that a PRAGMA answers. */
export function pragmaNumber(database: DatabaseSync, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get()
  return Number(Object.values(row ?? {})[0] ?? 0)
}

/**
 * Holds `file` for this process alone until disposed or until the process ends, kill -9 included:
 * the lock is SQLite's own, which is the operating system's. Throws `code` when another has it.
 */
export function holdLock(file: string, code: ErrorCode, whose: string): Disposable {
  const lock = openLock(file)
  try {
    // Whoever only looks whether the lock is held has it for a moment.
    lock.exec(
      'PRAGMA busy_timeout = 300; PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE',
    )
  } catch (cause) {
    lock.close()
    if (numberAt(cause, 'errcode') !== SQLITE_BUSY) throw cause
    const hint = 'stop the other process, or give this one a folder of its own'
    throw new HubleafError(code, `another process is using ${whose}`, { cause, hint })
  }
  return { [Symbol.dispose]: () => lock.close() }
}

/** A lock file that is damaged is made anew: it holds nothing but the lock. */
function openLock(file: string): DatabaseSync {
  const lock = new DatabaseSync(file)
  try {
    lock.prepare('PRAGMA schema_version').get()
    return lock
  } catch (error) {
    if (numberAt(error, 'errcode') !== SQLITE_NOTADB) return lock
    lock.close()
    rmSync(file, { force: true })
    return new DatabaseSync(file)
  }
}
