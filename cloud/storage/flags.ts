// Flags as the database keeps them: one bit each, in the order of FLAGS. Stored bits keep their
// meaning for ever, so that order only grows at its end.

import { FLAGS } from './storage.ts'
import type { Flag } from './storage.ts'

/** One above the highest bits. */
export const FLAG_BITS_END = 2 ** FLAGS.length

/** The bit of `time_suspect`: charts then go by `receivedAt`. */
export const TIME_SUSPECT_BIT = 2 ** FLAGS.indexOf('time_suspect')

const LISTS: readonly (readonly Flag[])[] = Array.from({ length: FLAG_BITS_END }, (_, bits) =>
  FLAGS.filter((_flag, place) => (bits & (2 ** place)) !== 0),
)

/** The bits of some flags. */
export function flagBits(flags: readonly Flag[]): number {
  let bits = 0
  for (const flag of flags) bits |= 2 ** FLAGS.indexOf(flag)
  return bits
}

/** The flags of some bits. */
export function flagsOf(bits: number): readonly Flag[] {
  return LISTS[bits] ?? []
}

/** Where a row stands on a chart, epoch ms. */
export function chartTime(bits: number, observedAt: number, receivedAt: number): number {
  return (bits & TIME_SUSPECT_BIT) === 0 ? observedAt : receivedAt
}
