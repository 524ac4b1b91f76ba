// Reads rows beside the writer, each time for a moment only, so that the log can always be brought
// into the database. A file that SQLite cannot read is reported once and for all.

import { join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Clock } from '../../base/clock.ts'
import { IntervalSet } from '../../base/interval-set.ts'
import { numberIn } from '../../base/sqlite.ts'
import type { EpochBook } from './epoch-book.ts'
import { toJournalError } from './file-error.ts'
import type { CorruptRow, IdRange, JournalRow, SeqRange } from './journal.ts'
import { readValues, ROW_COLUMNS } from './read-row.ts'
import type { RowValues } from './read-row.ts'
import { openForReading } from './schema.ts'

/** Ids looked through at once for a resend: a millisecond or two. */
const FIND_IDS = 4096

/** What a reader needs. */
export interface ReaderOptions {
  readonly folder: string
  readonly epochs: EpochBook
  /** Told of every error of SQLite. */
  readonly onDamage: (error: unknown) => void
  readonly clock: Clock
}

/** The reading side of one open journal. */
export class Reader {
  readonly #options: ReaderOptions
  readonly #database: DatabaseSync
  readonly #select: StatementSync
  readonly #find: StatementSync

  constructor(options: ReaderOptions) {
    this.#options = options
    this.#database = openForReading(join(options.folder, 'journal.db'))
    this.#select = this.#database.prepare(
      `SELECT ${ROW_COLUMNS} FROM reading WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?`,
    )
    // Rows as arrays are made and read at half the cost of objects.
    this.#select.setReturnArrays(true)
    this.#find = this.#database.prepare(
      `SELECT id FROM reading WHERE id BETWEEN ? AND ? AND epoch = ? AND type = ?
       AND seq BETWEEN ? AND ? ORDER BY id`,
    )
  }

  /** Rows in order of id, at most `limit`. Throws `journal_*` codes. */
  read(range: IdRange, limit: number): readonly (JournalRow | CorruptRow)[] {
    const rows = this.#guarded(() => this.#select.all(range.first, range.last, limit))
    return rows.map((row) => readValues(toValues(row), this.#options.epochs))
  }

  /** Ids of the kept rows of a range of seqs, up to `head`. Ends early when the signal aborts. */
  async find(
    want: SeqRange,
    head: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly IdRange[]> {
    const { epochs, clock } = this.#options
    const found = new IntervalSet()
    if (!epochs.knows(want.epoch)) return []
    const { number } = epochs.byId(want.epoch)
    const lowest = this.#guarded(() =>
      this.#database.prepare('SELECT coalesce(min(id), 0) AS n FROM reading').get(),
    )
    for (let first = numberIn(lowest, 'n'); first <= head; first += FIND_IDS) {
      if (signal?.aborted === true) break
      const last = first + FIND_IDS - 1
      const rows = this.#guarded(() =>
        this.#find.all(first, last, number, want.type, want.first, want.last),
      )
      for (const row of rows) {
        const id = numberIn(row, 'id')
        found.add({ first: id, last: id })
      }
      // Others have their turn.
      await clock.sleep(0)
    }
    return found.ranges
  }

  close(): void {
    this.#database.close()
  }

  #guarded<T>(look: () => T): T {
    try {
      return look()
    } catch (error) {
      this.#options.onDamage(error)
      throw toJournalError(error)
    }
  }
}

/** The types of node:sqlite do not know of rows that are arrays. */
function toValues(row: unknown): RowValues {
  return Array.isArray(row) ? row : []
}
