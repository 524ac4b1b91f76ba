// Opens the streams for a process that starts: waits for a JetStream that is not there yet, however
// long, and refuses at once what waiting cannot mend.

import { jetstreamManager } from '@nats-io/jetstream'
import type { JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Clock } from '../../base/clock.ts'
import { isHubleafError, messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { ensureStreams } from './streams.ts'
import type { StreamOptions } from './streams.ts'

const RETRY_MS = 250

/** The manager, with both streams in place; undefined if the signal aborts first. Throws `stream_drift`. */
export async function openStreams(
  connection: NatsConnection,
  options: StreamOptions,
  clock: Clock,
  log: Logger,
  signal: AbortSignal,
): Promise<JetStreamManager | undefined> {
  let told = false
  while (!signal.aborted) {
    try {
      const manager = await jetstreamManager(connection)
      await ensureStreams(manager, options)
      return manager
    } catch (error) {
      if (isHubleafError(error, 'stream_drift')) throw error
      if (!told) log.warn('waiting_for_streams', { reason: messageOf(error) })
      told = true
      await clock.sleep(RETRY_MS, signal)
    }
  }
  return undefined
}
