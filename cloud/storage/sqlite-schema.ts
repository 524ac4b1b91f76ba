// The SQLite database: tables, the view for people, and migrations that only go forward. A file of a
// newer schema is refused, never touched: an older program would write what the newer cannot trust.

import type { DatabaseSync } from 'node:sqlite'
import { HubleafError } from '../../base/errors.ts'
import { pragmaNumber } from '../../base/sqlite.ts'
import { TIME_QUALITIES } from '../../wire/reading.ts'
import { TIME_SUSPECT_BIT } from './flags.ts'
import { FLAGS } from './storage.ts'

// Texts that repeat are kept once (run, series, origin). Absent site and units are '' there, because
// NULLs would not be unique; no real one is empty. A row's payload lives in the tree of its key; the
// only other tree serves charts and holds all that they need.
const TABLES = `
  CREATE TABLE run (
    id INTEGER PRIMARY KEY, hub TEXT NOT NULL, epoch TEXT NOT NULL, type TEXT NOT NULL,
    UNIQUE (epoch, type, hub)) STRICT;
  CREATE TABLE series (
    id INTEGER PRIMARY KEY, hub TEXT NOT NULL, type TEXT NOT NULL, site TEXT NOT NULL,
    device TEXT NOT NULL, channel TEXT NOT NULL,
    UNIQUE (device, channel, type, hub, site)) STRICT;
  CREATE TABLE origin (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, boot TEXT NOT NULL, time_quality INTEGER NOT NULL,
    unit TEXT NOT NULL, canonical_unit TEXT NOT NULL,
    UNIQUE (boot, source, unit, canonical_unit, time_quality)) STRICT;
  CREATE TABLE reading (
    run_id INTEGER NOT NULL, seq INTEGER NOT NULL,
    series_id INTEGER NOT NULL, origin_id INTEGER NOT NULL,
    observed_at INTEGER NOT NULL, received_at INTEGER NOT NULL, mono_ms INTEGER NOT NULL,
    value TEXT NOT NULL, number REAL, flags INTEGER NOT NULL, hash INTEGER NOT NULL,
    at INTEGER AS (iif(flags & ${TIME_SUSPECT_BIT}, received_at, observed_at)) VIRTUAL,
    PRIMARY KEY (run_id, seq)) STRICT, WITHOUT ROWID;
  CREATE INDEX reading_chart ON reading (series_id, at, number);
  CREATE TABLE latest (
    series_id INTEGER PRIMARY KEY, at INTEGER NOT NULL, received_at INTEGER NOT NULL,
    seq INTEGER NOT NULL, value TEXT NOT NULL, number REAL, unit TEXT NOT NULL,
    flags INTEGER NOT NULL) STRICT;
  CREATE TABLE total (one INTEGER PRIMARY KEY CHECK (one = 1), readings INTEGER NOT NULL) STRICT;
  INSERT INTO total VALUES (1, 0);`

const FLAG_WORDS = FLAGS.map((flag, place) => `iif(r.flags & ${2 ** place}, ',${flag}', '')`)
const QUALITY_WORDS = TIME_QUALITIES.map((quality, place) => `WHEN ${place} THEN '${quality}'`)

const VIEW = `
  CREATE VIEW readings AS SELECT
    run.hub, run.epoch, run.type, r.seq, nullif(series.site, '') AS site, series.device,
    series.channel, r.value, nullif(origin.unit, '') AS unit, r.number,
    nullif(origin.canonical_unit, '') AS canonical_unit, r.observed_at, r.received_at, origin.boot,
    r.mono_ms, CASE origin.time_quality ${QUALITY_WORDS.join(' ')} END AS time_quality,
    origin.source, substr(${FLAG_WORDS.join(' || ')}, 2) AS flags
  FROM reading AS r
    LEFT JOIN run ON run.id = r.run_id
    LEFT JOIN series ON series.id = r.series_id
    LEFT JOIN origin ON origin.id = r.origin_id;`

/** Step n takes the schema from version n to n + 1. Steps that were released never change. */
const MIGRATIONS: readonly string[] = [TABLES + VIEW]

/** The version that this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length

/** Brings the file to SCHEMA_VERSION in one transaction. Throws `storage_newer_schema`. */
export function migrate(database: DatabaseSync): void {
  const version = pragmaNumber(database, 'user_version')
  if (version > SCHEMA_VERSION) {
    const message = `the database has schema ${version}, this program knows ${SCHEMA_VERSION}`
    const hint = 'start the newer program that wrote it, or restore a backup of the older schema'
    throw new HubleafError('storage_newer_schema', message, { hint })
  }
  if (version === SCHEMA_VERSION) return
  database.exec('BEGIN IMMEDIATE')
  try {
    for (const step of MIGRATIONS.slice(version)) database.exec(step)
    database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}
