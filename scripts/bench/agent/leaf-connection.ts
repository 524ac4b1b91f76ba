// A connection to the leaf as the agent has one, and a publisher that keeps the books of what it was
// given: packs, bytes, and the most bytes that were under way at once.

import * as z from 'zod'
import { silentLogger } from '../../../base/log.ts'
import { connectNats } from '../../../base/nats.ts'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Outgoing, Publisher } from '../../../agent/forwarder/publisher.ts'

/** How a program of this benchmark gets into the leaf. */
export const leafSchema = z.strictObject({
  hub: z.string(),
  url: z.string(),
  user: z.string(),
  password: z.string(),
})

/** The way into a leaf. */
export type LeafAccess = z.output<typeof leafSchema>

/** Connects as the agent does. */
export async function connectLeaf(leaf: LeafAccess): Promise<NatsConnection> {
  const { hub, url, user, password } = leaf
  const named = { url, name: 'bench', inboxPrefix: `_INBOX.${hub}`, log: silentLogger }
  return connectNats({ ...named, login: { user, password } })
}

/** What was published so far. */
export interface PublishBooks {
  packs: number
  bytes: number
  refused: number
  underWay: number
  peakUnderWay: number
}

/** The publisher with its books. */
export function bookedPublisher(publisher: Publisher): {
  readonly publisher: Publisher
  readonly books: PublishBooks
} {
  const books = { packs: 0, bytes: 0, refused: 0, underWay: 0, peakUnderWay: 0 }
  const publish = async (pack: Outgoing): Promise<void> => {
    books.underWay += pack.bytes.length
    books.peakUnderWay = Math.max(books.peakUnderWay, books.underWay)
    try {
      await publisher.publish(pack)
      books.packs += 1
      books.bytes += pack.bytes.length
    } catch (error) {
      books.refused += 1
      throw error
    } finally {
      books.underWay -= pack.bytes.length
    }
  }
  return { publisher: { ...publisher, publish }, books }
}
