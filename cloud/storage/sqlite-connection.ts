// Opens the database for one of the two threads. Every commit is synced before it is answered; the
// write-ahead log lets anybody read while rows are written.

import { DatabaseSync } from 'node:sqlite'
import { pragmaNumber } from '../../base/sqlite.ts'
import { BUSY_TIMEOUT_MS, CACHE_MAX_KIB, CHECKPOINT_PAGES } from './limits.ts'
import { migrate } from './sqlite-schema.ts'

/** A connection that writes; creates and migrates the file. Throws `storage_newer_schema`. */
export function openWriting(file: string, maxBytes: number): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS })
  try {
    // The schema is judged first: setting the journal mode would already change a newer file.
    migrate(database)
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA cache_size = -${CACHE_MAX_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    const pageBytes = pragmaNumber(database, 'page_size')
    database.exec(`PRAGMA journal_size_limit = ${CHECKPOINT_PAGES * pageBytes}`)
    if (maxBytes > 0) {
      database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxBytes / pageBytes))}`)
    }
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** A connection that cannot write. */
export function openReading(file: string): DatabaseSync {
  return new DatabaseSync(file, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
}
