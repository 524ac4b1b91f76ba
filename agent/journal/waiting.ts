// The rows that may be shed while nobody sends: all that is synced and not settled. Pure; who sends
// has a view of its own, which leaves out what is under way.

import { IntervalSet } from '../../base/interval-set.ts'
import type { IdRange, Waiting } from './journal.ts'

/** Everything that `unsettled` gives may be shed. */
export function waitingIn(unsettled: () => readonly IdRange[]): Waiting {
  return {
    withdraw(limit) {
      const taken: IdRange[] = []
      let left = limit
      for (const { first, last } of unsettled()) {
        if (left <= 0) break
        const range = { first, last: Math.min(last, first + left - 1) }
        taken.push(range)
        left -= range.last - range.first + 1
      }
      return taken
    },
    withdrawFrom(ranges) {
      const wanted = new IntervalSet(ranges)
      const kept = new IntervalSet(ranges)
      for (const range of unsettled()) kept.remove(range)
      for (const range of kept.ranges) wanted.remove(range)
      return wanted.ranges
    },
    // The journal itself remembers what is being shed, and stops doing so.
    restore: () => undefined,
  }
}

/** Ids as ranges, in any order. */
export function idRangesOf(ids: readonly number[]): readonly IdRange[] {
  return new IntervalSet(ids.map((id) => ({ first: id, last: id }))).ranges
}

/** Ids of `ranges` that are not in `others`. */
export function without(
  ranges: readonly IdRange[],
  others: readonly IdRange[],
): readonly IdRange[] {
  const left = new IntervalSet(ranges)
  for (const other of others) left.remove(other)
  return left.ranges
}
