// The port to the cloud's stream, and its implementation over the local leaf. An acknowledgement
// counts only if it names the expected stream: on a misconfigured leaf another could answer.

import { jetstream, JetStreamApiError } from '@nats-io/jetstream'
import { InvalidArgumentError } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { READINGS_STREAM } from '../../wire/stream-facts.ts'
import { poisonReason, publishPoisoned } from './poison.ts'

/** A pack on its way. */
export interface Outgoing {
  readonly subject: string
  readonly bytes: Uint8Array
  readonly messageId: string
}

/** Where packs go. */
export interface Publisher {
  /**
   * Resolves when the cloud's stream has the pack synced. Throws `publish_refused` (passing) with
   * the server's words; a timeout or a missing link is the same to the caller. Throws
   * `publish_poisoned` when this very message can never be stored.
   */
  publish(pack: Outgoing): Promise<void>
}

/** How long an acknowledgement may take, ms: a cluster that elects a leader needs 4 to 9 s. */
const PUBLISH_TIMEOUT_MS = 10_000

/** A publisher over a connection to the leaf. */
export function leafPublisher(connection: NatsConnection): Publisher {
  const js = jetstream(connection, { timeout: PUBLISH_TIMEOUT_MS })
  return {
    async publish({ subject, bytes, messageId }) {
      const expect = { streamName: READINGS_STREAM }
      let acknowledged: string
      try {
        const answer = await js.publish(subject, bytes, { msgID: messageId, expect })
        acknowledged = answer.stream
      } catch (cause) {
        throw refusalOf(cause)
      }
      if (acknowledged !== READINGS_STREAM) {
        const message = `the stream ${acknowledged} answered in place of ${READINGS_STREAM}`
        throw new HubleafError('publish_refused', message)
      }
    },
  }
}

function refusalOf(cause: unknown): HubleafError {
  if (cause instanceof JetStreamApiError) {
    const reason = poisonReason(cause.code)
    const serverCode = cause.code
    if (reason !== undefined) return publishPoisoned(describe(cause), { reason, serverCode })
  }
  // Of what a publish is given only the pack can be wrong: over the connection's payload limit.
  if (hasCause(cause, InvalidArgumentError)) {
    return publishPoisoned(messageOf(cause), { reason: 'too_large', serverCode: undefined })
  }
  return new HubleafError('publish_refused', describe(cause), { cause })
}

function hasCause(error: unknown, kind: typeof InvalidArgumentError): boolean {
  if (error instanceof kind) return true
  return error instanceof Error && error.cause !== undefined && hasCause(error.cause, kind)
}

function describe(cause: unknown): string {
  if (cause instanceof JetStreamApiError) return `${cause.message} (server code ${cause.code})`
  // The client's name for "nobody answered" misleads: the stream may be well and the link down.
  const noResponders = cause instanceof Error && cause.name === 'JetStreamNotEnabled'
  return noResponders ? 'the cloud cannot be reached' : messageOf(cause)
}
