// Deletes settled rows that are no longer kept, and notes how high their numbers went: what stood
// before the first row that is left is then known to be deleted, not lost.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { JournalState } from './state.ts'

/** Settled rows deleted per commit at most, so that no commit is slow. */
const DELETE_PER_COMMIT = 50_000

/** The deletions of one journal; used inside its transactions only. */
export class SettledRows {
  readonly #delete: StatementSync
  readonly #tails: StatementSync

  constructor(database: DatabaseSync) {
    this.#delete = database.prepare('DELETE FROM reading WHERE id > ? AND id <= ?')
    this.#tails = database.prepare(
      `SELECT epoch, type, max(seq) AS n FROM reading WHERE id > ? AND id <= ? GROUP BY epoch, type
       ORDER BY epoch`,
    )
  }

  /** Deletes rows up to this id; gives the state after that, or undefined where nothing was deleted. */
  delete(deleteThrough: number, state: JournalState): JournalState | undefined {
    const { deletedThrough } = state
    if (deleteThrough <= deletedThrough) return undefined
    const through = Math.min(deleteThrough, deletedThrough + DELETE_PER_COMMIT)
    let { tailEpoch } = state
    let tails: { [type: string]: number } = { ...state.tails }
    for (const row of this.#tails.all(deletedThrough, through)) {
      const { epoch, type, n } = row
      // Damage can turn a number into something else; the row is going anyway.
      if (typeof epoch !== 'number' || typeof type !== 'string' || typeof n !== 'number') continue
      if (epoch > tailEpoch) {
        tailEpoch = epoch
        tails = {}
      }
      if (epoch === tailEpoch) tails[type] = n
    }
    this.#delete.run(deletedThrough, through)
    return { ...state, deletedThrough: through, tailEpoch, tails }
  }
}
