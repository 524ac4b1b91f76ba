// Lets the house go on while nobody asks, so that the log of truth follows the clock.
// And a clock that runs faster than the machine's, so that a week passes in minutes.

import type { Clock } from '../../base/clock.ts'

/** Calls `tick` again and again, `everyMs` of the clock apart, until it is disposed. */
export function startTicker(clock: Clock, everyMs: number, tick: () => void): AsyncDisposable {
  const stop = new AbortController()
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      tick()
      await clock.sleep(everyMs, stop.signal)
    }
  }
  const running = run()
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

/**
 * A clock on which `pace` milliseconds pass in one of `clock`. Waiting is that much shorter; the wall
 * time begins at `startMs`, or at what `clock` says.
 */
export function pacedClock(clock: Clock, pace: number, startMs = clock.now()): Clock {
  const start = clock.monotonic()
  const passed = (): number => (clock.monotonic() - start) * pace
  return {
    now: () => Math.floor(startMs + passed()),
    monotonic: () => start + passed(),
    sinceBoot: () => Math.floor(start + passed()),
    sleep: (ms, signal) => clock.sleep(ms / pace, signal),
    after: (ms, action) => clock.after(ms / pace, action),
  }
}
