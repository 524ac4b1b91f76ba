// Removes from READINGS what its consumer has acknowledged: storage has committed it. A subject without
// a consumer keeps everything.

import type { JetStreamManager } from '@nats-io/jetstream'
import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { READINGS_STREAM } from '../../wire/stream-facts.ts'

/** How often, ms. */
const PURGE_EVERY_MS = 30_000

/** Purges once: each consumer's subjects up to its acknowledgement floor. Gives what was removed. */
export async function purgeAcknowledged(manager: JetStreamManager): Promise<number> {
  let purged = 0
  for await (const { config, ack_floor: floor } of manager.consumers.list(READINGS_STREAM)) {
    const filter = config.filter_subject
    if (filter === undefined || floor.stream_seq === 0) continue
    const request = { filter, seq: floor.stream_seq + 1 }
    purged += (await manager.streams.purge(READINGS_STREAM, request)).purged
  }
  return purged
}

/** Purges at a steady interval until the signal aborts. */
export async function keepPurging(
  manager: JetStreamManager,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(PURGE_EVERY_MS, signal)
    if (signal.aborted) return
    try {
      const purged = await purgeAcknowledged(manager)
      log.debug('stream_purged', { messages: purged })
    } catch (error) {
      log.warn('stream_purge_failed', { reason: messageOf(error) })
    }
  }
}
