// The journal's file: an SQLite database with our application id and a format number. An older format
// is brought forward in one transaction whose cost does not grow with the rows. A newer one is
// refused, never set aside: it may hold readings that only a newer agent can send.

import { DatabaseSync } from 'node:sqlite'
import { HubleafError } from '../../base/errors.ts'
import { pragmaNumber } from '../../base/sqlite.ts'

/** "HLfJ" as a number, SQLite's application id of a journal. */
export const APPLICATION_ID = 0x48_4c_66_4a

/** The format that this program writes. */
export const FORMAT = 2

/**
 * Bytes of a database page. A commit of a few readings writes at least one page to the log, and again
 * to the database: small pages halve what a polled house writes to its card in a day.
 */
export const PAGE_BYTES = 1024

/** Bytes of a page in files of the first format. */
export const PAGE_BYTES_FORMAT_1 = 4096

/** Rows of this format have their id in the checksum. */
export const ROW_FORMAT = 2

// `epoch.last` is the highest seq per type, JSON, known once the next epoch has begun; `row_format`
// says how the epoch's rows are checked. `state` is one row: what is settled, and the seqs up to a row
// id, see state.ts. `event` is append-only: the ids of recent events, to merge a source's repeats, and
// the row of each one's reading, null where that is not known.
// `boot` holds the decisions about wall times, `aside` the rows that were given up one by one, `salvage`
// how far the rows of a damaged file have come back.
const SCHEMA = `
CREATE TABLE epoch (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, boot TEXT NOT NULL,
  secret BLOB NOT NULL, last TEXT, row_format INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE reading (
  id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, type TEXT NOT NULL, seq INTEGER NOT NULL,
  body TEXT NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE event (
  number INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash TEXT NOT NULL, reading INTEGER
);
CREATE TABLE state (number INTEGER PRIMARY KEY CHECK (number = 1), value TEXT NOT NULL);
`

const SINCE_FORMAT_2 = `
CREATE TABLE boot (boot TEXT PRIMARY KEY, wall_at_boot INTEGER);
CREATE TABLE salvage (file TEXT PRIMARY KEY, through INTEGER NOT NULL);
CREATE TABLE aside (
  id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, type TEXT NOT NULL, seq INTEGER NOT NULL,
  body TEXT NOT NULL, crc INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL
);
`

/** The step from each older format to the next. */
const MIGRATIONS: { readonly [from: number]: string } = {
  1: `ALTER TABLE epoch ADD COLUMN row_format INTEGER NOT NULL DEFAULT 1;
      ALTER TABLE event ADD COLUMN reading INTEGER; ${SINCE_FORMAT_2}`,
}

/** Opens the file for writing; `checkpointPages` bounds the write-ahead log. Throws SQLite's errors. */
export function openForWriting(file: string, checkpointPages: number): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    database.exec(
      `PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ` +
        `PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = ${checkpointPages}; ` +
        `PRAGMA journal_size_limit = ${2 * checkpointPages * PAGE_BYTES}`,
    )
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Opens the file for reading beside the writer. */
export function openForReading(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { readOnly: true })
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA query_only = 1')
  return database
}

/**
 * Creates the tables, or brings an older format forward. `copied` is the format that the copy of the
 * epochs names: a file that claims to be no journal, or a newer one, beside a copy that knows better
 * is damaged. Throws `journal_*` codes.
 */
export function prepareSchema(
  database: DatabaseSync,
  file: string,
  copied: number | undefined,
): void {
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
  if (pragmaNumber(database, 'application_id') === 0 && tables === 0) {
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} ${SINCE_FORMAT_2} ${stamp(FORMAT)} COMMIT`)
    return
  }
  const stands = pragmaNumber(database, 'application_id') === APPLICATION_ID
  const claims = pragmaNumber(database, 'user_version')
  if (copied !== undefined && copied <= FORMAT && (!stands || claims > FORMAT || claims < copied)) {
    throw new HubleafError('journal_corrupt', `${file} has a damaged header`)
  }
  for (let format = formatOf(database, file); format < FORMAT; format += 1) {
    const step = MIGRATIONS[format]
    if (step === undefined) throw notAJournal(file)
    database.exec(`BEGIN IMMEDIATE; ${step} ${stamp(format + 1)} COMMIT`)
  }
}

/** The file's format. Throws `journal_not_a_journal` or `journal_newer_format`. */
export function formatOf(database: DatabaseSync, file: string): number {
  const format = pragmaNumber(database, 'user_version')
  if (pragmaNumber(database, 'application_id') !== APPLICATION_ID) throw notAJournal(file)
  if (format > FORMAT) {
    const message = `${file} has journal format ${format}; this agent knows up to ${FORMAT}`
    const hint = 'start the newer agent again; the file was left as it is'
    throw new HubleafError('journal_newer_format', message, { hint })
  }
  return format
}

function stamp(format: number): string {
  return `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${format};`
}

function notAJournal(file: string): HubleafError {
  const hint = 'give the agent another data_dir; this file was left as it is'
  return new HubleafError('journal_not_a_journal', `${file} is not a Hubleaf journal`, { hint })
}
