// The one door to time. Wall time and monotonic time have different names because they differ:
// wall time may jump, monotonic time never does. Nothing outside base/ reads a clock or sets a timer.

import { setTimeout as sleepTimeout } from 'node:timers/promises'

/** Time as the rest of the program sees it; simulations replace it. */
export interface Clock {
  /** Wall time, epoch milliseconds, integer. May jump. */
  now(): number
  /** Milliseconds since an arbitrary start; never goes back. Fractions are real. */
  monotonic(): number
  /** Milliseconds since the machine booted, integer, for the readings' `monoMs`. */
  sinceBoot(): number
  /** Resolves after `ms`, or at once (without error) when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Runs `action` once after `ms`; the result cancels it. */
  after(ms: number, action: () => void): () => void
}

/** The machine's clock. `bootedAtMonotonic` is the monotonic reading at boot, see `boot.ts`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sinceBoot: () => Math.round(Number(process.hrtime.bigint() / 1000n) / 1000),
  async sleep(ms, signal) {
    const aborted = (): boolean => signal?.aborted === true
    if (aborted()) return
    try {
      await sleepTimeout(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      if (!aborted()) throw error
    }
  },
  after(ms, action) {
    const timer = setTimeout(action, ms)
    return () => clearTimeout(timer)
  },
}

/** An ISO 8601 text for a wall time in epoch milliseconds. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)([Zz]|[+-]\d\d:?\d\d)$/

/** Epoch milliseconds of an RFC 3339 text that names its offset, or undefined if it is none. */
export function parseIsoTime(text: string): number | undefined {
  const [, year = '', month = '', day = '', time = '', offset = ''] = RFC3339.exec(text) ?? []
  const ms = Date.parse(`${year}-${month}-${day}T${time}${offset.toUpperCase()}`)
  // Date.parse turns 31 February into 3 March.
  const sameDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate()
  return Number.isNaN(ms) || sameDay !== Number(day) ? undefined : ms
}
