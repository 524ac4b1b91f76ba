// The live feed in production: what storage publishes on `committed.<type>` after each commit, by
// core NATS, which repeats nothing. After a lost connection the listeners are told that they may
// have missed something; a message that is none of ours is logged once and left out.

import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { committedSubject } from '../storage/committed.ts'
import { COMMITTED_MAX_BYTES } from './limits.ts'
import { parseCommitted } from './live-feed.ts'
import type { LiveFeed, LiveListener } from './live-feed.ts'

/** A feed on a connection, which stays its owner's. Disposal ends the subscription. */
export function natsFeed(connection: NatsConnection, log: Logger): LiveFeed & AsyncDisposable {
  const listeners = new Set<LiveListener>()
  let connected = true
  let complained = false

  const take = (error: Error | null, message: Msg): void => {
    if (error !== null) {
      log.warn('live_feed_refused', { reason: error.message })
      return
    }
    const points =
      message.data.length > COMMITTED_MAX_BYTES ? undefined : parseCommitted(message.string())
    if (points !== undefined) {
      for (const listener of listeners) listener.onPoints(points)
    } else if (!complained) {
      complained = true
      log.warn('live_message_malformed', { subject: message.subject, bytes: message.data.length })
    }
  }
  const watch = async (): Promise<void> => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect') connected = false
      if (type !== 'reconnect') continue
      connected = true
      for (const listener of listeners) listener.onMissed()
    }
  }
  const subscription = connection.subscribe(committedSubject('*'), { callback: take })
  watch().catch((error: unknown) => {
    log.error('live_feed_unwatched', { reason: messageOf(error) })
  })
  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    connected: () => connected && !connection.isClosed(),
    async [Symbol.asyncDispose]() {
      if (!subscription.isClosed()) subscription.unsubscribe()
      listeners.clear()
    },
  }
}
