// Cuts rows into packs: one epoch and type each, contiguous in seq, within the limits of the wire.
// Pure: rows in, rows out.

import type { EpochId, TypeName } from '../../wire/ids.ts'
import { PACK_MAX_BODY_BYTES, PACK_MAX_READINGS } from '../../wire/limits.ts'
import type { JournalRow } from '../journal/journal.ts'

/** Rows that fit one pack. */
export type Cut = readonly [JournalRow, ...JournalRow[]]

// A row's share of a pack's body is at most its own body on disk and what only the pack says: the
// boot and the brackets of its series. The head of the body is small.
const BODY_BUDGET_BYTES = PACK_MAX_BODY_BYTES - 2048
const SERIES_BYTES = 64

interface Open {
  readonly epoch: EpochId
  readonly type: TypeName
  readonly rows: [JournalRow, ...JournalRow[]]
  nextSeq: number
  bytes: number
}

/** The packs of rows given in order of id; within a type they keep their order. */
export function cutPacks(rows: readonly JournalRow[]): readonly Cut[] {
  const packs: Open[] = []
  // By type alone: two epochs in one read are rare, and their packs then merely alternate.
  const open = new Map<TypeName, Open>()
  for (const row of rows) {
    const pack = open.get(row.type)
    const nextSeq = row.reading.seq + 1
    if (pack !== undefined && fits(pack, row)) {
      pack.rows.push(row)
      pack.nextSeq = nextSeq
      pack.bytes += row.bytes + SERIES_BYTES
    } else {
      const { epoch, type } = row
      const bytes = row.bytes + SERIES_BYTES
      const started: Open = { epoch, type, rows: [row], nextSeq, bytes }
      packs.push(started)
      open.set(type, started)
    }
  }
  return packs.map((pack) => pack.rows)
}

/** Both halves of a pack, or undefined when it is a single row. */
export function halves([first, ...rest]: Cut): readonly [Cut, Cut] | undefined {
  const middle = Math.floor(rest.length / 2)
  const [next, ...others] = rest.slice(middle)
  return next === undefined
    ? undefined
    : [
        [first, ...rest.slice(0, middle)],
        [next, ...others],
      ]
}

function fits(pack: Open, row: JournalRow): boolean {
  return (
    pack.nextSeq === row.reading.seq &&
    pack.epoch === row.epoch &&
    pack.rows.length < PACK_MAX_READINGS &&
    pack.bytes + row.bytes + SERIES_BYTES <= BODY_BUDGET_BYTES
  )
}
