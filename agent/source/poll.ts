// Polls at a steady interval and hands over what it got. Trouble is logged once per change of state
// and never ends the source: the next poll is the retry.

import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { SourceReading } from '../../wire/reading.ts'
import type { DeviceFacts } from '../devices/device.ts'
import type { Sink, Source } from './source.ts'

/** What to poll and how often. */
export interface PollOptions {
  readonly name: string
  readonly intervalMs: number
  readonly poll: () => Promise<readonly SourceReading[]>
  /** The devices that it polls, where they have names. */
  readonly devices?: readonly DeviceFacts[]
  readonly clock: Clock
  readonly log: Logger
}

/** Polls whose readings wait for the disk at most; beyond that polling waits, too. */
const PENDING_MAX = 32

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
  const pending = new Set<Promise<void>>()
  const wentWell = (): void => {
    if (failing) log.info('source_recovered', { source: name })
    failing = false
  }
  const failed = (error: unknown): void => {
    if (!failing) log.warn('source_failing', { source: name, reason: messageOf(error) })
    failing = true
  }
  const once = async (sink: Sink): Promise<void> => {
    try {
      const readings = await poll()
      if (readings.length === 0) {
        wentWell()
        return
      }
      // The journal may hold them for its flush interval: the next poll does not wait for that.
      const accepted: Promise<void> = sink
        .accept(readings, 'polled')
        .then(wentWell, failed)
        .then(() => void pending.delete(accepted))
      pending.add(accepted)
      if (pending.size >= PENDING_MAX) await accepted
    } catch (error) {
      failed(error)
    }
  }
  return {
    name,
    async run(sink, signal) {
      const stopped = aborted(signal)
      sink.devices?.know(options.devices ?? [])
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
