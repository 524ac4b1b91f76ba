// Storage on NATS: answers the requests of `protocol.ts` from a database, and publishes what was
// stored as live points after each commit. A request that it cannot read is refused with a code; a
// write is answered only when its rows are committed.

import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Clock } from '../../base/clock.ts'
import { HubleafError, messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { committedMessages } from './committed.ts'
import type { StorageEngine } from './engine.ts'
import { STOP_MAX_MS } from './limits.ts'
import * as protocol from './protocol.ts'
import { createWriteQueue } from './write-queue.ts'
import type { Commit, WriteQueue } from './write-queue.ts'

/** What the service needs. The engine stays its owner's. */
export interface ServiceOptions {
  readonly connection: NatsConnection
  readonly engine: StorageEngine
  readonly clock: Clock
  readonly log: Logger
  /** Told of each commit, for metrics. */
  readonly onCommit?: (commit: Commit) => void
}

/** Counters since the start. */
export interface ServiceStatus {
  readonly stored: number
  readonly repeated: number
  readonly conflicts: number
  /** Requests answered with an error. */
  readonly refused: number
  /** Write requests that wait for the disk. */
  readonly waiting: number
  /** Why nothing can be stored at the moment, if that is so. */
  readonly trouble: string | undefined
}

/** A running service. Disposal answers what has arrived, then takes no more. */
export interface StorageService extends AsyncDisposable {
  status(): ServiceStatus
}

/** Serves until disposed; resolves when the server knows its subscriptions. */
export async function serveStorage(options: ServiceOptions): Promise<StorageService> {
  const service = new Service(options)
  await options.connection.flush()
  return service
}

type Answer = (message: Msg) => Promise<readonly string[]>

class Service implements StorageService {
  readonly #options: ServiceOptions
  readonly #queue: WriteQueue
  readonly #subscriptions: readonly Subscription[]
  readonly #answering = new Set<Promise<void>>()
  readonly #counts = { stored: 0, repeated: 0, conflicts: 0, refused: 0 }
  #trouble: string | undefined
  #ended: Promise<void> | undefined

  constructor(options: ServiceOptions) {
    this.#options = options
    const { engine, clock } = options
    this.#queue = createWriteQueue({
      ...{ engine, clock },
      onCommit: (commit) => this.#committed(commit),
      onFailure: (error) => this.#failed(error),
    })
    const { write, latest, devices, range, count } = protocol.SUBJECTS
    this.#subscriptions = [
      this.#subscribe(write, async ({ data }) => this.#write(data)),
      this.#subscribe(latest, async ({ data }) => {
        protocol.parseNothing(data)
        // The empty message says that this was the last part.
        return [...protocol.latestTexts(await engine.latest()), '']
      }),
      this.#subscribe(devices, async ({ data }) => {
        protocol.parseNothing(data)
        return [...protocol.devicesTexts(await engine.devices()), '']
      }),
      this.#subscribe(range, async ({ data }) => {
        return [protocol.pointsText(await engine.range(protocol.parseRange(data)))]
      }),
      this.#subscribe(count, async ({ data }) => {
        protocol.parseNothing(data)
        return [protocol.okText({ rows: await engine.count() })]
      }),
    ]
  }

  status(): ServiceStatus {
    return { ...this.#counts, waiting: this.#queue.waiting(), trouble: this.#trouble }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end()
    await this.#ended
  }

  async #end(): Promise<void> {
    const { connection } = this.#options
    const drain = async (): Promise<void> => {
      await Promise.all(this.#subscriptions.map(async (subscription) => subscription.drain()))
    }
    await this.#whileConnected(drain)
    await this.#queue[Symbol.asyncDispose]()
    await Promise.all(this.#answering)
    await this.#whileConnected(async () => connection.flush())
  }

  /** What needs the server is tried for a bounded time: it may be gone already, and not come back. */
  async #whileConnected(work: () => Promise<void>): Promise<void> {
    const { connection, clock, log } = this.#options
    if (connection.isClosed()) return
    const done = new AbortController()
    const deadline = clock.sleep(STOP_MAX_MS, done.signal)
    try {
      await Promise.race([work(), deadline])
    } catch (error) {
      log.warn('ended_without_server', { reason: messageOf(error) })
    } finally {
      done.abort()
    }
  }

  #subscribe(subject: string, answer: Answer): Subscription {
    return this.#options.connection.subscribe(subject, {
      queue: protocol.QUEUE_GROUP,
      callback: (error, message) => {
        if (error !== null) {
          this.#options.log.error('subscription_failed', { subject, reason: messageOf(error) })
          return
        }
        const answering = this.#answer(message, answer)
        this.#answering.add(answering)
        answering.then(
          () => this.#answering.delete(answering),
          (cause: unknown) => {
            this.#answering.delete(answering)
            this.#options.log.warn('answer_not_sent', { subject, reason: messageOf(cause) })
          },
        )
      },
    })
  }

  async #answer(message: Msg, answer: Answer): Promise<void> {
    let texts: readonly string[]
    try {
      texts = await answer(message)
    } catch (cause) {
      const known = cause instanceof HubleafError
      const error = known ? cause : new HubleafError('internal', messageOf(cause), { cause })
      if (error.kind === 'bug') {
        this.#options.log.error('request_failed', { reason: error.message })
      }
      this.#counts.refused += 1
      texts = [protocol.errorText(error)]
    }
    for (const text of texts) message.respond(text)
  }

  async #write(data: Uint8Array): Promise<readonly string[]> {
    const table = protocol.parseWrite(data)
    const { stored, repeated, conflicts } = await this.#queue.write(table, data.length)
    return [protocol.okText({ stored, repeated, conflicts })]
  }

  #committed(commit: Commit): void {
    const { connection, log, onCommit } = this.#options
    if (this.#trouble !== undefined) log.info('storage_recovered')
    this.#trouble = undefined
    for (const { stored, repeated, conflicts } of commit.outcomes) {
      this.#counts.stored += stored
      this.#counts.repeated += repeated
      this.#counts.conflicts += conflicts.length
      const [first] = conflicts
      if (first !== undefined) log.error('row_conflict', { rows: conflicts.length, first })
    }
    onCommit?.(commit)
    if (connection.isClosed()) return
    for (const { subject, text } of committedMessages(commit.tables, commit.outcomes)) {
      connection.publish(subject, text)
    }
  }

  #failed({ code, message }: HubleafError): void {
    if (this.#trouble === undefined) {
      this.#options.log.error('storage_write_failed', { code, reason: message })
    }
    this.#trouble = message
  }
}
