// Answers a hub's heartbeat with the time at the cloud: a machine without a clock of its own that
// cannot reach a time server still learns what time it is. The hub judges how late the answer is.

import type { NatsConnection } from '@nats-io/transport-node'
import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { encodeMessage } from '../../wire/requests.ts'
import { hubRequest } from '../../wire/subject.ts'
import type { Row } from '../storage/storage.ts'

/** Tells each hub whose heartbeat is among the rows. */
export function tellTime(
  { connection, clock, log }: TimeOptions,
  rows: readonly Pick<Row, 'hub' | 'type' | 'boot' | 'monoMs'>[],
): void {
  for (const { hub, type, boot, monoMs } of rows) {
    if (type !== '_heartbeat') continue
    try {
      const notice = encodeMessage({ boot, monoMs, now: clock.now() })
      connection.publish(hubRequest(hub, 'time'), notice)
    } catch (error) {
      log.debug('time_not_told', { hub, reason: messageOf(error) })
    }
  }
}

/** What telling the time needs. */
export interface TimeOptions {
  readonly connection: Pick<NatsConnection, 'publish'>
  readonly clock: Clock
  readonly log: Logger
}
