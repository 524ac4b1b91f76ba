// A worker: takes packs of its types, live before backlog, and acknowledges a pack only when storage
// has committed its rows. While storage is away it holds the packs it has, takes no more, and nobody
// is needed. What can never be stored goes to the dead letters, awaited, before it is let go.

import { headers } from '@nats-io/transport-node'
import { jetstream } from '@nats-io/jetstream'
import type { ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Clock } from '../../base/clock.ts'
import { HubleafError, isHubleafError, messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { retryDelayMs } from '../../base/retry.ts'
import { LANES } from '../../wire/ids.ts'
import type { Lane, TypeName } from '../../wire/ids.ts'
import { DEAD_HEADERS, READINGS_STREAM, workerConsumer } from '../../wire/stream-facts.ts'
import type { Row, Storage } from '../storage/storage.ts'
import { ACK_WAIT_MS } from '../stream/consumers.ts'
import { decodeMessage } from './decode.ts'
import { tellTime } from './tell-time.ts'

/** What a worker needs. */
export interface WorkerOptions {
  readonly connection: NatsConnection
  readonly storage: Pick<Storage, 'write'>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Counters since the start. */
export interface WorkerStatus {
  readonly types: readonly TypeName[]
  readonly stored: number
  readonly repeated: number
  readonly conflicts: number
  readonly dead: number
  /** Packs taken from the stream and not let go yet. */
  readonly held: number
  /** Why nothing is stored at the moment, if that is so. */
  readonly trouble: string | undefined
}

/** A running worker. Disposal finishes the batch under way. */
export interface Worker extends AsyncDisposable {
  /** Serves one more type; its consumers must exist. A type that is served already is left alone. */
  serve(type: TypeName): Promise<void>
  status(): WorkerStatus
  /** Aborts with `stream_lost` when what it reads from is gone: only a new start makes that anew. */
  readonly broken: AbortSignal
}

/** Packs per lane that a worker asks for ahead. */
const PREFETCH_PACKS = 64

/** Rows per write to storage: large enough to share a sync, small enough for the request's size. */
const BATCH_MAX_ROWS = 2048

const RETRY = { firstMs: 100, maxMs: 5000 } as const

/** A pack that is held is not delivered to another worker while this one says that it works on it. */
const WORKING_EVERY_MS = ACK_WAIT_MS / 4

/** What the client calls the end of what it reads from. */
const GONE: ReadonlySet<string> = new Set([
  'consumer_deleted',
  'consumer_not_found',
  'stream_not_found',
])

interface Held {
  readonly message: JsMsg
  readonly rows: readonly Row[]
}

/** Starts a worker that serves no type yet. */
export function startWorker(options: WorkerOptions): Worker {
  return new RunningWorker(options)
}

class RunningWorker implements Worker {
  readonly #options: WorkerOptions
  readonly #js: JetStreamClient
  readonly #served = new Map<TypeName, readonly ConsumerMessages[]>()
  readonly #waiting: Record<Lane, JsMsg[]> = { live: [], back: [] }
  readonly #held = new Set<JsMsg>()
  readonly #stop = new AbortController()
  readonly #broken = new AbortController()
  readonly #working: Promise<void>
  #running: Promise<void> | undefined
  #counts = { stored: 0, repeated: 0, conflicts: 0, dead: 0 }
  #trouble: string | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#js = jetstream(options.connection)
    this.#working = this.#sayWorking()
  }

  async serve(type: TypeName): Promise<void> {
    if (this.#served.has(type)) return
    const flows: ConsumerMessages[] = []
    this.#served.set(type, flows)
    try {
      for (const lane of LANES) flows.push(await this.#consume(type, lane))
    } catch (error) {
      // Whoever tries again must not find a type that is served by half or not at all.
      this.#served.delete(type)
      await Promise.all(flows.map(async (flow) => flow.close()))
      throw error
    }
    this.#options.log.info('serving_type', { type })
  }

  async #consume(type: TypeName, lane: Lane): Promise<ConsumerMessages> {
    const consumer = await this.#js.consumers.get(READINGS_STREAM, workerConsumer(type, lane))
    const callback = (message: JsMsg): void => {
      this.#waiting[lane].push(message)
      this.#held.add(message)
      this.#pump()
    }
    const flow = await consumer.consume({ max_messages: PREFETCH_PACKS, callback })
    this.#watch(flow, workerConsumer(type, lane)).catch((error: unknown) => {
      this.#options.log.error('consumer_status_lost', { reason: messageOf(error) })
    })
    return flow
  }

  async #watch(flow: ConsumerMessages, name: string): Promise<void> {
    for await (const { type } of flow.status()) {
      if (!GONE.has(type) || this.#stop.signal.aborted) continue
      const message = `the consumer ${name} or its stream is gone`
      this.#broken.abort(new HubleafError('stream_lost', message))
    }
  }

  get broken(): AbortSignal {
    return this.#broken.signal
  }

  status(): WorkerStatus {
    const types = [...this.#served.keys()]
    return { ...this.#counts, types, held: this.#held.size, trouble: this.#trouble }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    const flows = [...this.#served.values()].flat()
    await Promise.all(flows.map(async (flow) => flow.close()))
    await this.#running
    await this.#working
  }

  async #sayWorking(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await this.#options.clock.sleep(WORKING_EVERY_MS, signal)
      for (const message of this.#held) message.working()
    }
  }

  #pump(): void {
    if (this.#running !== undefined || this.#stop.signal.aborted) return
    this.#running = this.#drain()
  }

  async #drain(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const messages = this.#takeBatch()
      if (messages.length === 0) break
      try {
        await this.#store(messages)
      } catch (error) {
        // Not acknowledged, so delivered again; the row key makes that harmless.
        this.#options.log.error('batch_failed', { reason: messageOf(error) })
        for (const message of messages) this.#held.delete(message)
      }
    }
    // In the same turn as the last look, or a message in between would find us running.
    this.#running = undefined
  }

  /** Live packs first; the backlog fills what is left of the batch. */
  #takeBatch(): readonly JsMsg[] {
    const { live, back } = this.#waiting
    const packs = Math.max(1, Math.floor(BATCH_MAX_ROWS / 64))
    const taken = live.splice(0, packs)
    return [...taken, ...back.splice(0, packs - taken.length)]
  }

  async #store(messages: readonly JsMsg[]): Promise<void> {
    const held: Held[] = []
    for (const message of messages) {
      const decoded = decodeMessage(message.subject, message.data)
      if (decoded.ok) {
        held.push({ message, rows: decoded.rows })
        tellTime(this.#options, decoded.rows)
      } else await this.#bury(message, decoded.code, decoded.reason)
    }
    for (const batch of batches(held)) await this.#writeOrSplit(batch)
  }

  /** A write that storage will never take is tried pack by pack; the culprit is a dead letter. */
  async #writeOrSplit(batch: readonly Held[]): Promise<void> {
    try {
      await this.#write(batch)
    } catch (error) {
      if (!isHubleafError(error)) throw error
      const [only, ...others] = batch
      if (only !== undefined && others.length === 0) {
        await this.#bury(only.message, error.code, error.message)
      } else for (const item of batch) await this.#writeOrSplit([item])
    }
  }

  async #write(batch: readonly Held[]): Promise<void> {
    const rows = batch.flatMap((item) => item.rows)
    const outcome = await this.#writeUntilDone(rows)
    if (outcome === undefined) return
    this.#counts.stored += outcome.stored
    this.#counts.repeated += outcome.repeated
    this.#counts.conflicts += outcome.conflicts.length
    const inConflict = new Set(outcome.conflicts.map(keyOf))
    for (const { message, rows: own } of batch) {
      const conflict =
        inConflict.size > 0 ? own.find((row) => inConflict.has(keyOf(row))) : undefined
      if (conflict === undefined) {
        this.#held.delete(message)
        message.ack()
      } else
        await this.#bury(
          message,
          'key_conflict',
          `another content is stored for ${keyOf(conflict)}`,
        )
    }
  }

  /** Retries while the trouble can pass; undefined when the worker stops first. */
  async #writeUntilDone(rows: readonly Row[]) {
    const { storage, clock, random, log } = this.#options
    for (let attempt = 1; !this.#stop.signal.aborted; attempt += 1) {
      try {
        const outcome = await storage.write(rows)
        if (this.#trouble !== undefined) log.info('storage_back')
        this.#trouble = undefined
        return outcome
      } catch (error) {
        if (isHubleafError(error) && error.kind !== 'passing') throw error
        const reason = messageOf(error)
        if (this.#trouble === undefined) log.warn('storage_away', { reason })
        this.#trouble = reason
      }
      await clock.sleep(retryDelayMs(RETRY, attempt, random), this.#stop.signal)
    }
    return undefined
  }

  /** Publishes the original bytes with the reason, waits for the stream, then lets the message go. */
  async #bury(message: JsMsg, code: string, reason: string): Promise<void> {
    const head = headers()
    head.set(DEAD_HEADERS.code, code)
    head.set(DEAD_HEADERS.reason, reason)
    head.set(DEAD_HEADERS.sequence, String(message.seq))
    const subject = message.subject.replace(/^readings\./, 'dead.')
    // A stream that was made anew counts from 1 again: the time tells its messages from the old ones.
    const msgID = `dead-${message.seq}-${message.info.timestampNanos}`
    await this.#js.publish(subject, message.data, { headers: head, msgID })
    this.#held.delete(message)
    message.term(code)
    this.#counts.dead += 1
    this.#options.log.error('dead_letter', { subject: message.subject, code, reason })
  }
}

function* batches(held: readonly Held[]): Generator<readonly Held[]> {
  let batch: Held[] = []
  let rows = 0
  for (const item of held) {
    if (batch.length > 0 && rows + item.rows.length > BATCH_MAX_ROWS) {
      yield batch
      batch = []
      rows = 0
    }
    batch.push(item)
    rows += item.rows.length
  }
  if (batch.length > 0) yield batch
}

function keyOf(row: Pick<Row, 'hub' | 'epoch' | 'type' | 'seq'>): string {
  return `${row.hub} ${row.epoch} ${row.type} ${row.seq}`
}
