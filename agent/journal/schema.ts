// The journal's file: an SQLite database with our application id and a format number. A file of a
// newer format is refused, never set aside: it may hold readings that only a newer agent can send.

import { DatabaseSync } from 'node:sqlite'
import { HubleafError } from '../../base/errors.ts'
import { pragmaNumber } from '../../base/sqlite.ts'

/** "HLfJ" as a number, SQLite's application id of a journal. */
export const APPLICATION_ID = 0x48_4c_66_4a

/** The format that this program writes. */
export const FORMAT = 1

// `epoch.last` is the highest seq per type, JSON, known once the next epoch has begun.
// `state` is one row of JSON: what is settled, and the seqs up to a row id, see state.ts.
// `event` is append-only: the ids of recent events, to merge a source's repeats.
const SCHEMA = `
CREATE TABLE epoch (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, boot TEXT NOT NULL,
  secret BLOB NOT NULL, last TEXT
);
CREATE TABLE reading (
  id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, type TEXT NOT NULL, seq INTEGER NOT NULL,
  body TEXT NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE event (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TABLE state (number INTEGER PRIMARY KEY CHECK (number = 1), value TEXT NOT NULL);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT};
`

/** Opens the file for writing, creating or checking it. Throws `journal_*` codes. */
export function openForWriting(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    database.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000',
    )
    checkFormat(database, file)
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

function checkFormat(database: DatabaseSync, file: string): void {
  const application = pragmaNumber(database, 'application_id')
  const format = pragmaNumber(database, 'user_version')
  const tables = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']
  if (application === 0 && tables === 0) {
    database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`)
    return
  }
  if (application !== APPLICATION_ID) {
    const hint = 'give the agent another data_dir; this file was left as it is'
    throw new HubleafError('journal_not_a_journal', `${file} is not a Hubleaf journal`, { hint })
  }
  if (format > FORMAT) {
    const message = `${file} has journal format ${format}; this agent knows up to ${FORMAT}`
    const hint = 'start the newer agent again; the file was left as it is'
    throw new HubleafError('journal_newer_format', message, { hint })
  }
}
