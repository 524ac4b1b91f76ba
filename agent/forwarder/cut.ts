// Cuts rows into packs: one epoch and type each, contiguous in seq, within the limits of the wire.
// Pure: rows in, rows out.

import { PACK_MAX_BODY_BYTES, PACK_MAX_READINGS } from '../../wire/limits.ts'
import type { JournalRow } from '../journal/journal.ts'

/** Rows that fit one pack. */
export type Cut = readonly [JournalRow, ...JournalRow[]]

// A row's share of a pack's body is at most its own body on disk and what only the pack says: the
// boot and the brackets of its series. The head of the body is small.
const BODY_BUDGET_BYTES = PACK_MAX_BODY_BYTES - 2048
const SERIES_BYTES = 64

/** The packs of rows given in order of id; within a type they keep their order. */
export function cutPacks(rows: readonly JournalRow[]): readonly Cut[] {
  const packs: { rows: [JournalRow, ...JournalRow[]]; bytes: number }[] = []
  const open = new Map<string, (typeof packs)[number]>()
  for (const row of rows) {
    const key = `${row.epoch} ${row.type}`
    const pack = open.get(key)
    if (pack !== undefined && fits(pack.rows, pack.bytes, row)) {
      pack.rows.push(row)
      pack.bytes += row.bytes + SERIES_BYTES
    } else {
      const started: (typeof packs)[number] = { rows: [row], bytes: row.bytes + SERIES_BYTES }
      packs.push(started)
      open.set(key, started)
    }
  }
  return packs.map((pack) => pack.rows)
}

function fits(rows: readonly JournalRow[], bytes: number, row: JournalRow): boolean {
  return (
    rows.length < PACK_MAX_READINGS &&
    bytes + row.bytes + SERIES_BYTES <= BODY_BUDGET_BYTES &&
    rows.at(-1)?.reading.seq === row.reading.seq - 1
  )
}
