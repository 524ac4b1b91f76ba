// The newest row of each series, kept by the writer, so that a dashboard's first look costs one row
// per series and not the history. A row that arrives late never replaces a newer one.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Kind } from './row-table.ts'

/** A stored row, as far as `latest` keeps it. */
export interface LatestRow {
  readonly seriesId: number
  readonly at: number
  readonly receivedAt: number
  readonly seq: number
  /** JSON text. */
  readonly value: string
  readonly number: number | null
  readonly flags: number
  readonly kind: Kind
}

/** Collects the newest rows of a transaction. */
export class LatestRows {
  readonly #newest = new Map<number, LatestRow>()
  readonly #upsert: StatementSync

  constructor(database: DatabaseSync) {
    // Of equal times the later received wins, then the higher seq: seqs of two epochs are no order.
    this.#upsert = database.prepare(`INSERT INTO latest
        (series_id, at, received_at, seq, value, number, unit, flags) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (series_id) DO UPDATE SET at = excluded.at, received_at = excluded.received_at,
        seq = excluded.seq, value = excluded.value, number = excluded.number,
        unit = excluded.unit, flags = excluded.flags
      WHERE (excluded.at, excluded.received_at, excluded.seq) > (at, received_at, seq)`)
  }

  offer(row: LatestRow): void {
    const before = this.#newest.get(row.seriesId)
    if (before === undefined || isNewer(row, before)) this.#newest.set(row.seriesId, row)
  }

  /** Writes what was collected, inside the caller's transaction. */
  flush(): void {
    for (const {
      seriesId,
      at,
      receivedAt,
      seq,
      value,
      number,
      flags,
      kind,
    } of this.#newest.values()) {
      const unit = kind.canonicalUnit ?? kind.unit ?? ''
      this.#upsert.run(seriesId, at, receivedAt, seq, value, number, unit, flags)
    }
    this.#newest.clear()
  }

  forget(): void {
    this.#newest.clear()
  }
}

function isNewer(row: LatestRow, before: LatestRow): boolean {
  if (row.at !== before.at) return row.at > before.at
  if (row.receivedAt !== before.receivedAt) return row.receivedAt > before.receivedAt
  return row.seq > before.seq
}
