// The storage port over NATS, for workers and dashboards. A write too large for one message is cut
// into several, in order; each is committed by itself, and writing all again is always safe. When
// nobody answers, or nobody in time, that is `storage_unavailable`.

import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { HubleafError, messageOf } from '../../base/errors.ts'
import {
  DEVICES_MAX_NAMES,
  LATEST_MAX_SERIES,
  MESSAGE_MAX_BYTES,
  REQUEST_TIMEOUT_MS,
  WRITE_MAX_ROWS,
} from './limits.ts'
import * as protocol from './protocol.ts'
import { tableOf } from './row-table.ts'
import type {
  DeviceName,
  Latest,
  Point,
  RangeRequest,
  Row,
  RowKey,
  Storage,
  WriteOutcome,
} from './storage.ts'

/** How the client asks. */
export interface StorageClientOptions {
  /** How long one answer may take, ms; REQUEST_TIMEOUT_MS without it. */
  readonly timeoutMs?: number
}

/** A client on a connection, which stays its owner's: disposing the client closes nothing. */
export function storageClient(
  connection: NatsConnection,
  options: StorageClientOptions = {},
): Storage {
  return new Client(connection, options.timeoutMs ?? REQUEST_TIMEOUT_MS)
}

interface Part<T> {
  readonly part: number
  readonly parts: number
  readonly items: readonly T[]
}

class Client implements Storage {
  readonly #connection: NatsConnection
  readonly #timeoutMs: number

  constructor(connection: NatsConnection, timeoutMs: number) {
    this.#connection = connection
    this.#timeoutMs = timeoutMs
  }

  async write(rows: readonly Row[]): Promise<WriteOutcome> {
    let stored = 0
    let repeated = 0
    const conflicts: RowKey[] = []
    for (const text of writeTexts(rows)) {
      const outcome = protocol.parseOutcome(await this.#request(protocol.SUBJECTS.write, text))
      stored += outcome.stored
      repeated += outcome.repeated
      conflicts.push(...outcome.conflicts)
    }
    return { stored, repeated, conflicts }
  }

  async latest(): Promise<readonly Latest[]> {
    return this.#allParts(protocol.SUBJECTS.latest, LATEST_MAX_SERIES, (data) => {
      const { latest, ...place } = protocol.parseLatestPart(data)
      return { ...place, items: latest }
    })
  }

  async devices(): Promise<readonly DeviceName[]> {
    return this.#allParts(protocol.SUBJECTS.devices, DEVICES_MAX_NAMES, (data) => {
      const { devices, ...place } = protocol.parseDevicesPart(data)
      return { ...place, items: devices }
    })
  }

  async range(request: RangeRequest): Promise<readonly Point[]> {
    const { hub, type, site, device, channel, from, to, points } = request
    const text = JSON.stringify({ hub, type, site, device, channel, from, to, points })
    return protocol.parsePoints(await this.#request(protocol.SUBJECTS.range, text))
  }

  async count(): Promise<number> {
    return protocol.parseCount(await this.#request(protocol.SUBJECTS.count, '{}'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing to release: the connection is its owner's.
  }

  async #allParts<T>(
    subject: string,
    most: number,
    parse: (data: Uint8Array) => Part<T>,
  ): Promise<readonly T[]> {
    const all: T[] = []
    let parts = 1
    let arrived = 0
    for await (const data of this.#requestParts(subject)) {
      const part = parse(data)
      // Parts come from one sender on one connection, so in order; one that is missing shows.
      if (part.part !== arrived) break
      all.push(...part.items)
      parts = part.parts
      arrived += 1
    }
    if (arrived === parts && all.length <= most) return all
    const message = `storage did not answer in time: ${arrived} of ${parts} parts have come`
    throw new HubleafError('storage_unavailable', message)
  }

  async #request(subject: string, text: string): Promise<Uint8Array> {
    try {
      const answer = await this.#connection.request(subject, text, { timeout: this.#timeoutMs })
      return answer.data
    } catch (cause) {
      throw away(cause)
    }
  }

  async *#requestParts(subject: string): AsyncGenerator<Uint8Array> {
    const wanted = { strategy: 'sentinel', maxWait: this.#timeoutMs } as const
    let answers: AsyncIterable<Msg>
    try {
      answers = await this.#connection.requestMany(subject, '{}', wanted)
      for await (const answer of answers) {
        if (answer.data.length === 0) return
        yield answer.data
      }
    } catch (cause) {
      throw away(cause)
    }
  }
}

/** The requests for some rows, each small enough for the service and the broker. */
function* writeTexts(rows: readonly Row[]): Generator<string> {
  if (rows.length === 0) return
  if (rows.length <= WRITE_MAX_ROWS) {
    const text = protocol.writeText(tableOf(rows))
    if (rows.length === 1 || Buffer.byteLength(text) <= MESSAGE_MAX_BYTES) {
      yield text
      return
    }
  }
  const half = Math.ceil(rows.length / 2)
  yield* writeTexts(rows.slice(0, half))
  yield* writeTexts(rows.slice(half))
}

function away(cause: unknown): HubleafError {
  if (cause instanceof HubleafError) return cause
  const message = `storage does not answer: ${messageOf(cause)}`
  return new HubleafError('storage_unavailable', message, { cause })
}
