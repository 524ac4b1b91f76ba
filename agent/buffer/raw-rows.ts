// Rows of a journal as they lie in it, unchecked: by SQLite in order of id, a few thousand in each
// read, so that no read holds up the writer's checkpoint; where SQLite gives up, cell by cell from
// the pages of the file. Ids that were given once are not given again.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { IntervalSet } from '../../base/interval-set.ts'
import type { SqlRow } from '../../base/sqlite.ts'
import { carvePage } from '../journal/carve.ts'
import type { CarvedRow } from '../journal/carve.ts'
import { DamagedPages } from '../journal/damaged-pages.ts'
import { ROW_COLUMNS } from '../journal/read-row.ts'

/** Rows in one read at most. */
export const CHUNK_ROWS = 500

/** A read ends after this many bytes: rows with large values must not pile up in memory. */
const CHUNK_BYTES = 4_000_000

/** Pages that are looked through between two breaths. */
const PAGES_PER_STEP = 1000

/** The tables that hold rows. */
export type RowTable = 'reading' | 'aside'

/** Reads the rows of one table in order of id. */
export class ChunkReader {
  readonly #select: StatementSync

  constructor(database: DatabaseSync, table: RowTable) {
    const columns = table === 'aside' ? `${ROW_COLUMNS}, reason, at` : ROW_COLUMNS
    this.#select = database.prepare(
      `SELECT ${columns} FROM ${table} WHERE id > ? AND id <= ? ORDER BY id LIMIT ${CHUNK_ROWS}`,
    )
  }

  /** The next rows with after < id <= through, in one short read; none at the end. */
  read(after: number, through: number): readonly SqlRow[] {
    const rows: SqlRow[] = []
    let bytes = 0
    // Leaving the loop ends the statement, and with it the read transaction.
    for (const row of this.#select.iterate(after, through)) {
      rows.push(row)
      bytes += typeof row['body'] === 'string' ? row['body'].length : 0
      if (bytes > CHUNK_BYTES) break
    }
    return rows
  }
}

/** Every row that can be found in the pages of a damaged file, of any table, some thousand at a time. */
export function* carveFile(file: string): Generator<readonly CarvedRow[]> {
  using pages = new DamagedPages(file)
  let rows: CarvedRow[] = []
  for (let count = 1; count <= pages.count; count += 1) {
    const number = pages.nth(count)
    const page = pages.read(number)
    if (page !== undefined) rows.push(...carvePage(page, number, (wanted) => pages.read(wanted)))
    if (number % PAGES_PER_STEP !== 0 && rows.length < CHUNK_ROWS) continue
    yield rows
    rows = []
  }
  yield rows
}

/** Rows of a table among carved ones, each id once. */
export class CarvedTable {
  readonly #table: RowTable
  readonly #seen = new IntervalSet()

  /** Ids up to `after` have been read already. */
  constructor(table: RowTable, after: number) {
    this.#table = table
    if (after > 0) this.#seen.add({ first: 1, last: after })
  }

  /** The rows of this table that were not given before. */
  pick(carved: readonly CarvedRow[], isWhole: (row: SqlRow) => boolean): readonly SqlRow[] {
    const picked: SqlRow[] = []
    for (const { rowid, columns } of carved) {
      const row = toRow(this.#table, rowid, columns)
      // An old version of a page may still lie about: only what its checksum vouches for counts.
      if (row === undefined || this.#seen.has(rowid) || !isWhole(row)) continue
      this.#seen.add({ first: rowid, last: rowid })
      picked.push(row)
    }
    return picked
  }
}

function toRow(table: RowTable, id: number, columns: CarvedRow['columns']): SqlRow | undefined {
  if (columns.length !== (table === 'aside' ? 8 : 6)) return undefined
  const [, epoch = null, type = null, seq = null, body = null, crc = null] = columns
  if (typeof epoch !== 'number' || typeof seq !== 'number' || typeof crc !== 'number')
    return undefined
  if (typeof type !== 'string' || typeof body !== 'string') return undefined
  const row = { id, epoch, type, seq, body, crc }
  const [reason, at] = columns.slice(6)
  if (table === 'reading') return row
  return typeof reason === 'string' && typeof at === 'number' ? { ...row, reason, at } : undefined
}
