// Which streams exist and how: created where they are missing, checked where they are there. A stream
// that differs in what protects readings is refused with the difference, never changed in silence.

import { DiscardPolicy, JetStreamApiError, RetentionPolicy, StorageType } from '@nats-io/jetstream'
import type { JetStreamManager, StreamConfig } from '@nats-io/jetstream'
import { HubleafError } from '../../base/errors.ts'
import {
  DEAD_STREAM,
  DEAD_SUBJECTS,
  DUPLICATE_WINDOW_MS,
  READINGS_STREAM,
  READINGS_SUBJECTS,
} from '../../wire/stream-facts.ts'

/** What an installation may choose. */
export interface StreamOptions {
  /** 1 on a single server, 3 in a cluster. */
  readonly replicas: number
  /** READINGS holds at most this many bytes. */
  readonly maxBytes: number
}

/** Packs of one hub, lane and type that may wait: so that no hub fills the stream for others. */
const PACKS_PER_SUBJECT_MAX = 200_000

/** Dead letters together may take this much, bytes; the newest are kept. */
const DEAD_MAX_BYTES = 268_435_456

const NS_PER_MS = 1_000_000

/** "Stream not found" and "consumer not found" of the JetStream API. */
const NOT_FOUND = 404

type Wanted = Partial<StreamConfig> & { readonly name: string; readonly subjects: string[] }

/** Makes both streams or checks them. Throws `stream_drift` with what differs. */
export async function ensureStreams(
  manager: JetStreamManager,
  options: StreamOptions,
): Promise<void> {
  await ensure(manager, {
    ...{ name: READINGS_STREAM, subjects: [...READINGS_SUBJECTS] },
    ...{ storage: StorageType.File, retention: RetentionPolicy.Limits, max_age: 0 },
    ...{ discard: DiscardPolicy.New, discard_new_per_subject: true },
    ...{ max_msgs_per_subject: PACKS_PER_SUBJECT_MAX, max_bytes: options.maxBytes },
    ...{ num_replicas: options.replicas, duplicate_window: DUPLICATE_WINDOW_MS * NS_PER_MS },
  })
  await ensure(manager, {
    ...{ name: DEAD_STREAM, subjects: [...DEAD_SUBJECTS], storage: StorageType.File },
    ...{ retention: RetentionPolicy.Limits, max_bytes: DEAD_MAX_BYTES },
    ...{ discard: DiscardPolicy.Old, num_replicas: options.replicas },
  })
}

async function ensure(manager: JetStreamManager, wanted: Wanted): Promise<void> {
  const present = await find(manager, wanted.name)
  if (present === undefined) {
    await manager.streams.add(wanted)
    return
  }
  const differing = Object.entries(wanted).filter(
    ([key, value]) => JSON.stringify(valueAt(present, key)) !== JSON.stringify(value),
  )
  if (differing.length === 0) return
  const list = differing.map(
    ([key, value]) =>
      `${key} is ${JSON.stringify(valueAt(present, key))}, not ${JSON.stringify(value)}`,
  )
  const message = `the stream ${wanted.name} is not as it must be: ${list.join('; ')}`
  const hint = 'correct it with the nats tool, or give this cloud servers of its own'
  throw new HubleafError('stream_drift', message, { hint })
}

function valueAt(config: StreamConfig, key: string): unknown {
  return Object.entries(config).find(([name]) => name === key)?.[1]
}

async function find(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** True if the JetStream API says that the stream or consumer does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.status === NOT_FOUND
}
