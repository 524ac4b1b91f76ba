// Row ids as ranges: what is settled or gone is nearly always a few long ones. Pure, and never
// wider than the ids that were given.

import type { IdRange } from '../journal/journal.ts'

/** The ids of a pack's rows as ranges: with few types they are long. */
export function idRanges(rows: readonly { readonly id: number }[]): readonly IdRange[] {
  const ranges: { first: number; last: number }[] = []
  for (const { id } of rows) {
    const open = ranges.at(-1)
    if (open?.last === id - 1) open.last = id
    else ranges.push({ first: id, last: id })
  }
  return ranges
}

/** Ids of a range that no row has any more: nothing of them is left to send. */
export function missingIds(
  range: IdRange,
  found: readonly { readonly id: number }[],
): readonly IdRange[] {
  const missing: IdRange[] = []
  let next = range.first
  for (const { id } of found) {
    if (id > next) missing.push({ first: next, last: id - 1 })
    next = id + 1
  }
  if (next <= range.last) missing.push({ first: next, last: range.last })
  return missing
}
