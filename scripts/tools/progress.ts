// Tells a person that long work is going on, and for how long: one line that counts in a terminal, a
// plain line now and then elsewhere. Never on standard output, which belongs to the program.

import type { Clock } from '../../base/clock.ts'
import type { Progress } from './outcome.ts'

const TERMINAL_INTERVAL_MS = 1000
const PLAIN_INTERVAL_MS = 10_000

/** The part of an output that is used. */
export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** Shows on `out` what is going on. */
export function progressOn(out: ProgressOutput, clock: Clock): Progress {
  const terminal = out.isTTY === true
  return async (what, work) => {
    const startedAt = clock.monotonic()
    const line = (): string => `${what} … ${Math.round((clock.monotonic() - startedAt) / 1000)} s`
    const ended = new AbortController()
    const show = async (): Promise<void> => {
      while (!ended.signal.aborted) {
        out.write(terminal ? `\r\x1b[K${line()}` : `${line()}\n`)
        await clock.sleep(terminal ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS, ended.signal)
      }
    }
    const showing = show()
    try {
      return await work()
    } finally {
      ended.abort()
      await showing
      out.write(`${terminal ? '\r\x1b[K' : ''}${line().replace(' … ', ': ended after ')}\n`)
    }
  }
}
