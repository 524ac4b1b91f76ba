// The limit of a durable append: node:sqlite alone, in a process of its own. The rows of a journal's
// table, read into memory first, go into a table of the same shape with as many rows to a synced
// commit as the journal had. No thread, no checksums, no bookkeeping: nothing but SQLite and the disk.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as z from 'zod'
import { systemClock } from '../../../base/clock.ts'
import { textIn } from '../../../base/sqlite.ts'
import { readArguments, report } from '../agent/program.ts'

const schema = z.strictObject({
  /** The journal that the rows come from. */
  journalFile: z.string(),
  folder: z.string(),
  rowsPerCommit: z.number(),
})
const { journalFile, folder, rowsPerCommit } = readArguments(schema)

const journal = new DatabaseSync(journalFile, { readOnly: true })
const table = journal.prepare("SELECT sql FROM sqlite_schema WHERE name = 'reading'").get()
const rows = journal
  .prepare('SELECT * FROM reading')
  .all()
  .map((row) => Object.values(row))
journal.close()

const database = new DatabaseSync(join(folder, 'limit.db'))
database.exec(
  `PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; ${table === undefined ? '' : textIn(table, 'sql')}`,
)
const insert = database.prepare(
  `INSERT INTO reading VALUES (${(rows[0] ?? []).map(() => '?').join(', ')})`,
)
const cpu = process.cpuUsage()
const startedAt = systemClock.monotonic()
for (let first = 0; first < rows.length; first += rowsPerCommit) {
  database.exec('BEGIN IMMEDIATE')
  const end = Math.min(first + rowsPerCommit, rows.length)
  for (let place = first; place < end; place += 1) insert.run(...(rows[place] ?? []))
  database.exec('COMMIT')
}
const seconds = (systemClock.monotonic() - startedAt) / 1000
const used = process.cpuUsage(cpu)
database.close()
report({
  rowsPerSecond: rows.length / seconds,
  cpuMicrosPerRow: (used.user + used.system) / rows.length,
})
