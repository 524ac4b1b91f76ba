// How fast the backlog shrinks, what is acknowledged minus what arrives, and when it will be gone at
// that pace: a moving average over about twenty seconds. Pure; time is an argument.

/** The average forgets with this time constant, ms. */
const SMOOTHING_MS = 20_000

/** Looks that are closer together than this say little, ms. */
export const SAMPLE_MIN_MS = 1000

/** What is known of the backlog's course. */
export interface Drain {
  readonly at: number
  readonly backlog: number
  /** Readings per second by which it shrinks, below zero where it grows; undefined at first. */
  readonly perSecond: number | undefined
}

/** The course at the first look. */
export function firstLook(backlog: number, now: number): Drain {
  return { at: now, backlog, perSecond: undefined }
}

/** The course after another look; one that comes too soon changes nothing. */
export function lookedAgain(before: Drain, backlog: number, now: number): Drain {
  const tookMs = now - before.at
  if (tookMs < SAMPLE_MIN_MS) return before
  const measured = ((before.backlog - backlog) / tookMs) * 1000
  const known = before.perSecond ?? measured
  const weight = 1 - Math.exp(-tookMs / SMOOTHING_MS)
  return { at: now, backlog, perSecond: known + (measured - known) * weight }
}

/** When nothing will wait any more, ms from now: 0 when that is so, undefined if it does not shrink. */
export function etaMs(drain: Drain, backlog: number): number | undefined {
  if (backlog === 0) return 0
  const { perSecond } = drain
  return perSecond === undefined || perSecond <= 0 ? undefined : (backlog / perSecond) * 1000
}
