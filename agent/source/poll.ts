// Polls at a steady interval and hands over what it got. Trouble is logged once per change of state
// and never ends the source: the next poll is the retry.

import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { SourceReading } from '../../wire/reading.ts'
import type { Sink, Source } from './source.ts'

/** What to poll and how often. */
export interface PollOptions {
  readonly name: string
  readonly intervalMs: number
  readonly poll: () => Promise<readonly SourceReading[]>
  readonly clock: Clock
  readonly log: Logger
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A source that polls. */
export function pollingSource(options: PollOptions): Source {
  const { name, intervalMs, poll, clock, log } = options
  let failing = false
  const once = async (sink: Sink): Promise<void> => {
    try {
      const readings = await poll()
      if (readings.length > 0) await sink.accept(readings, 'polled')
      if (failing) log.info('source_recovered', { source: name })
      failing = false
    } catch (error) {
      if (!failing) log.warn('source_failing', { source: name, reason: messageOf(error) })
      failing = true
    }
  }
  return {
    name,
    async run(sink, signal) {
      const stopped = aborted(signal)
      let due = clock.monotonic()
      while (!signal.aborted) {
        const polled = once(sink)
        due = Math.max(due + intervalMs, clock.monotonic())
        await clock.sleep(due - clock.monotonic(), signal)
        // A poll that takes longer than the interval is not overtaken by the next one; one that
        // never ends (a disk that does not answer) must not keep the agent from stopping.
        await Promise.race([polled, stopped])
      }
    },
  }
}
