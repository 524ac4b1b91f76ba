// The durable consumers of READINGS: one per type and lane, shared by all workers of the type. Who
// asked for a consumer is kept in its metadata: a worker for "others" leaves named types alone.

import { AckPolicy, DeliverPolicy } from '@nats-io/jetstream'
import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream'
import { LANES } from '../../wire/ids.ts'
import type { Lane, TypeName } from '../../wire/ids.ts'
import { READINGS_STREAM, workerConsumer } from '../../wire/stream-facts.ts'
import { parseReadingsSubject, typeFilter } from '../../wire/subject.ts'
import { HubleafError, isHubleafError } from '../../base/errors.ts'
import { isNotFound } from './streams.ts'

/** Who serves a type: a worker that names it, or one that takes the rest. */
export type Server = 'named' | 'others'

const SERVER = 'hubleaf-served-by'

/**
 * A worker that hangs or was killed holds its packs for this long, ms. One that waits for storage says
 * so well within it.
 */
export const ACK_WAIT_MS = 5000
const NS_PER_MS = 1_000_000

/** Packs of a type and lane that may be under way with all workers together. */
const ACK_PENDING_MAX = 512

/** Makes or updates the consumers of a type, and says who serves it. */
export async function ensureConsumers(
  manager: JetStreamManager,
  type: TypeName,
  server: Server,
): Promise<void> {
  for (const lane of LANES) {
    const present = await findConsumer(manager, type, lane)
    const servedBy = present?.config.metadata?.[SERVER]
    if (servedBy === server || (servedBy === 'named' && server === 'others')) continue
    const changing = { metadata: { [SERVER]: server }, max_ack_pending: ACK_PENDING_MAX }
    const name = workerConsumer(type, lane)
    if (present !== undefined) await manager.consumers.update(READINGS_STREAM, name, changing)
    else {
      await manager.consumers.add(READINGS_STREAM, {
        ...{
          durable_name: name,
          filter_subject: typeFilter(type, lane),
          ack_wait: ACK_WAIT_MS * NS_PER_MS,
        },
        ...{ ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All, max_deliver: -1 },
        ...changing,
      })
    }
  }
}

async function findConsumer(
  manager: JetStreamManager,
  type: TypeName,
  lane: Lane,
): Promise<ConsumerInfo | undefined> {
  try {
    return await manager.consumers.info(READINGS_STREAM, workerConsumer(type, lane))
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** The types that the stream holds messages of and that no named worker serves. */
export async function unnamedTypes(manager: JetStreamManager): Promise<readonly TypeName[]> {
  const filter = { subjects_filter: 'readings.>' }
  const info = await manager.streams.info(READINGS_STREAM, filter)
  const types = new Set(Object.keys(info.state.subjects ?? {}).flatMap(typeOf))
  for await (const consumer of manager.consumers.list(READINGS_STREAM)) {
    const filtered = consumer.config.filter_subject ?? ''
    const [type] = typeOf(filtered.replace('*', 'x'))
    if (type === undefined) continue
    if (consumer.config.metadata?.[SERVER] === 'named') types.delete(type)
    else types.add(type)
  }
  return [...types]
}

/** The type in a subject; a subject that is none of ours has none, and dies at its consumer. */
function typeOf(subject: string): readonly TypeName[] {
  try {
    return [parseReadingsSubject(subject).type]
  } catch (error) {
    if (isHubleafError(error, 'subject_malformed')) return []
    throw new HubleafError('internal', `cannot read the subject ${subject}`, { cause: error })
  }
}
