// Removes from READINGS what its workers have acknowledged: storage has committed it. A subject without
// workers keeps everything, and what any other consumer acknowledges (a person's look into the stream
// does so by reading) removes nothing.

import type { JetStreamManager } from '@nats-io/jetstream'
import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { parseLane, parseTypeName } from '../../wire/ids.ts'
import { READINGS_STREAM, workerConsumer } from '../../wire/stream-facts.ts'
import { typeFilter } from '../../wire/subject.ts'

/** How often, ms. */
const PURGE_EVERY_MS = 30_000

/** Purges once: each type and lane up to its workers' acknowledgement floor. Gives what was removed. */
export async function purgeAcknowledged(manager: JetStreamManager): Promise<number> {
  let purged = 0
  for await (const { config, ack_floor: floor } of manager.consumers.list(READINGS_STREAM)) {
    const filter = config.filter_subject
    if (filter === undefined || floor.stream_seq === 0) continue
    if (!isOfWorkers(config.durable_name, filter)) continue
    const request = { filter, seq: floor.stream_seq + 1 }
    purged += (await manager.streams.purge(READINGS_STREAM, request)).purged
  }
  return purged
}

/** True for the name and filter of a consumer that workers share. */
function isOfWorkers(name: string | undefined, filter: string): boolean {
  const [, , laneText = '', typeText = ''] = filter.split('.')
  const lane = parseLane(laneText)
  const type = parseTypeName(typeText)
  if (lane === undefined || type === undefined) return false
  return name === workerConsumer(type, lane) && filter === typeFilter(type, lane)
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
