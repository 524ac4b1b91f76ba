// The points of one line, by time: each time at most once, in order, and never more than a bound.
// History and live points come by different ways and overlap; merging here is what makes "no gaps,
// no doubles" true. Pure.

/** Columns of equal length, times in epoch ms strictly ascending. */
export interface Points {
  readonly at: readonly number[]
  readonly number: readonly number[]
}

/** Points kept per line: twice the pixels of a wide chart, thinned to half when full. */
export const POINTS_MAX = 4_000

/** No points. */
export const NO_POINTS: Points = { at: [], number: [] }

/** Both, each time once; where both know a time, `newer` wins. `newer` may be out of order. */
export function mergePoints(older: Points, newer: Points): Points {
  if (newer.at.length === 0) return older
  const added = sorted(newer)
  const last = older.at.at(-1) ?? -Infinity
  const first = added.at[0] ?? Infinity
  if (first > last) {
    return { at: older.at.concat(added.at), number: older.number.concat(added.number) }
  }
  return fromMap(new Map([...entriesOf(older), ...entriesOf(added)]))
}

/** What a window from `from` needs: its points, and the one before so that the line enters it. */
export function trimPoints(points: Points, from: number): Points {
  const start = Math.max(0, firstAtOrAfter(points.at, from) - 1)
  if (start === 0) return points
  return { at: points.at.slice(start), number: points.number.slice(start) }
}

/**
 * At most `max` points; of each stretch the lowest, the highest and the last survive. Without the
 * last, what was switched off would seem on until the next reading.
 */
export function thinPoints(points: Points, max: number): Points {
  const count = points.at.length
  if (count <= max) return points
  const per = Math.ceil(count / Math.max(1, Math.floor(max / 3)))
  const keep: number[] = []
  for (let start = 0; start < count; start += per) {
    keep.push(...keptOf(points.number, start, Math.min(count, start + per)))
  }
  return {
    at: keep.map((index) => points.at[index] ?? 0),
    number: keep.map((index) => points.number[index] ?? 0),
  }
}

/** The index of the first time at or after `at`; the length if there is none. */
export function firstAtOrAfter(times: readonly number[], at: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((times[middle] ?? Infinity) < at) low = middle + 1
    else high = middle
  }
  return low
}

function keptOf(numbers: readonly number[], start: number, end: number): number[] {
  let low = start
  let high = start
  for (let index = start; index < end; index += 1) {
    if ((numbers[index] ?? 0) < (numbers[low] ?? 0)) low = index
    if ((numbers[index] ?? 0) > (numbers[high] ?? 0)) high = index
  }
  const last = end - 1
  const both = low < high ? [low, high] : [high, low]
  return low === high ? [last] : [...both.filter((index) => index !== last), last]
}

function sorted(points: Points): Points {
  const ascending = points.at.every((at, index) => index === 0 || at > (points.at[index - 1] ?? 0))
  return ascending ? points : fromMap(new Map(entriesOf(points)))
}

function entriesOf(points: Points): [number, number][] {
  return points.at.map((at, index) => [at, points.number[index] ?? 0])
}

function fromMap(byTime: ReadonlyMap<number, number>): Points {
  const entries = [...byTime].sort(([left], [right]) => left - right)
  return { at: entries.map(([at]) => at), number: entries.map(([, number]) => number) }
}
