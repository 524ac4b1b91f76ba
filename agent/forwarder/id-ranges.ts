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

/** The rows of a wider read whose ids were asked for; both are in order. */
export function rowsWithin<T extends { readonly id: number }>(
  rows: readonly T[],
  ranges: readonly IdRange[],
): readonly T[] {
  if (ranges.length === 1) return rows
  let place = 0
  return rows.filter(({ id }) => {
    while ((ranges[place]?.last ?? Infinity) < id) place += 1
    return (ranges[place]?.first ?? Infinity) <= id
  })
}

/** Ids of the ranges that no row has any more; both are in order. */
export function missingIds(
  ranges: readonly IdRange[],
  found: readonly { readonly id: number }[],
): readonly IdRange[] {
  const missing: IdRange[] = []
  let place = 0
  for (const range of ranges) {
    let next = range.first
    for (let id = found[place]?.id; id !== undefined && id <= range.last; id = found[place]?.id) {
      if (id > next) missing.push({ first: next, last: id - 1 })
      next = id + 1
      place += 1
    }
    if (next <= range.last) missing.push({ first: next, last: range.last })
  }
  return missing
}

/** How many ids the ranges hold. */
export function countIds(ranges: readonly IdRange[]): number {
  return ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0)
}
