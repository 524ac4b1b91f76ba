// Loads what the database has: the newest reading of each series, then the lines, first card first,
// a few at a time. A newer load ends the one before; a failed one is tried again.

import { fetchLatest, fetchRange } from './api.ts'
import type { PageClock } from './clock.ts'
import { isOnOff } from './draw.ts'
import type { SeriesState } from './store.ts'
import type { LatestAnswer, RangeAnswer } from '../shapes.ts'

/** Browsers open six connections to a server, and the live link has one. */
const REQUESTS_AT_ONCE = 4

/** Points per line: what a chart on a wide screen can show. */
const POINTS_PER_LINE = 1080

/** Rows may be a little ahead of the server's clock (another machine's time). */
const AHEAD_MS = 60_000

const RETRY_MS = 3_000

/** Where loaded things go. */
export interface HistoryParts {
  readonly clock: PageClock
  readonly windowMs: () => number
  /** Takes the newest readings; the result is the series to load, first card first. */
  readonly onLatest: (answer: LatestAnswer) => readonly SeriesState[]
  readonly onRange: (series: SeriesState, answer: RangeAnswer) => void
}

/** Loads on demand. */
export interface History {
  /** Starts a load; one under way is given up. */
  load(): void
  /** True once the last load has ended well. */
  loaded(): boolean
}

/** A loader that has not loaded yet. */
export function createHistory(parts: HistoryParts): History {
  let current = new AbortController()
  let loaded = false

  const loadAll = async (signal: AbortSignal): Promise<boolean> => {
    const latest = await fetchLatest(signal)
    if (latest === undefined || signal.aborted) return false
    const queue = [...parts.onLatest(latest)]
    const now = parts.clock.now()
    const range = { from: now - parts.windowMs(), to: now + AHEAD_MS, points: POINTS_PER_LINE }
    let complete = true
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        // What is on or off holds: the reading before the window tells how it begins.
        const from = isOnOff(next.latest) ? range.from - parts.windowMs() : range.from
        const answer = await fetchRange(next, { ...range, from }, signal)
        if (signal.aborted) return
        if (answer === undefined) complete = false
        else parts.onRange(next, answer)
      }
    }
    await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work))
    return complete
  }
  const load = (): void => {
    current.abort()
    const controller = new AbortController()
    current = controller
    loaded = false
    const ended = (complete: boolean): void => {
      if (controller.signal.aborted) return
      loaded = complete
      if (complete) return
      parts.clock.after(RETRY_MS, () => {
        if (!controller.signal.aborted) load()
      })
    }
    loadAll(controller.signal).then(ended, () => ended(false))
  }
  return { load, loaded: () => loaded }
}
