// Keeps the event stream open where this login may use it. What comes is handed on as reports; when it
// ends, breaks or is called stale, that is told at once and it is opened again, ever later at first
// failure. An app without the right is asked again once a day.

import type { Clock } from '../../../base/clock.ts'
import { isHubleafError, messageOf } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { retryDelayMs } from '../../../base/retry.ts'
import type { SmartThingsApi, StreamEvent } from './api.ts'
import type { AttributeReport } from './mapping.ts'
import { readEvent } from './reports.ts'

/** What the stream tells. */
export interface StreamListener {
  /** False: there is no room for it, and the stream must be taken as broken. */
  readonly report: (report: AttributeReport) => boolean
  /** It is open: a snapshot must follow. */
  readonly opened: () => void
  /** All that happened until now was delivered, as far as anybody can know. */
  readonly alive: () => void
  /** It is not open any more. */
  readonly closed: (reason: string) => void
  readonly refused: (reason: string) => void
  readonly devicesChanged: () => void
  /** An event that is no report, by its type. */
  readonly other: (eventType: string) => void
}

/** What it needs. */
export interface StreamOptions {
  readonly api: SmartThingsApi
  readonly locationIds: () => Promise<readonly string[]>
  readonly listener: StreamListener
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const EVENT_TYPES = ['DEVICE_EVENT', 'DEVICE_HEALTH_EVENT', 'DEVICE_LIFECYCLE_EVENT']

/** A subscription costs two calls: a stream that cannot be opened must not eat the budget. */
const AGAIN = { firstMs: 2000, maxMs: 900_000 } as const

/** Rights change seldom. */
const REFUSED_MS = 86_400_000

/** So long open and well, the next failure is the first one again. */
const SETTLED_MS = 120_000

/** The stream. */
export class StreamKeeper {
  readonly #options: StreamOptions
  #current: AbortController | undefined

  constructor(options: StreamOptions) {
    this.#options = options
  }

  /** Closes the stream because it seems to be dead; it is opened again. */
  reopen(reason: string): void {
    this.#current?.abort(reason)
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, log, listener } = this.#options
    const isEnded = (): boolean => signal.aborted
    let attempt = 0
    while (!isEnded()) {
      const started = clock.monotonic()
      try {
        const reason = await this.#once(signal)
        listener.closed(reason)
      } catch (error) {
        if (isEnded()) return
        if (isHubleafError(error, 'smartthings_events_refused')) {
          log.info('smartthings_stream_refused', { reason: messageOf(error) })
          listener.refused(messageOf(error))
          await clock.sleep(REFUSED_MS, signal)
          continue
        }
        listener.closed(messageOf(error))
      }
      attempt = clock.monotonic() - started > SETTLED_MS ? 1 : attempt + 1
      await clock.sleep(retryDelayMs(AGAIN, attempt, random), signal)
    }
  }

  /** One life of a stream; resolves to why it ended. */
  async #once(signal: AbortSignal): Promise<string> {
    const { api, locationIds, listener } = this.#options
    const current = new AbortController()
    this.#current = current
    const either = AbortSignal.any([signal, current.signal])
    const filter = { locationIds: await locationIds(), eventTypes: EVENT_TYPES }
    await using stream = await api.events.open(filter, either)
    listener.opened()
    const stale = stopped(current.signal)
    const reading = this.#read(stream, current.signal)
    return await Promise.race([reading, stale])
  }

  async #read(stream: AsyncIterable<StreamEvent>, stale: AbortSignal): Promise<string> {
    for await (const event of stream) {
      if (stale.aborted) break
      if (event.kind === 'control' && event.text === 'goodbye') return 'the cloud said goodbye'
      if (!this.#handle(event)) return 'the journal takes nothing in, and no more may wait'
      this.#options.listener.alive()
    }
    return stale.aborted ? String(stale.reason) : 'the cloud ended it'
  }

  #handle(event: StreamEvent): boolean {
    const { listener } = this.#options
    if (event.kind === 'malformed') listener.other('malformed')
    if (event.kind !== 'event') return true
    const read = readEvent(event.body)
    if (read.kind === 'report') return listener.report(read.report)
    if (read.kind === 'devices_changed') listener.devicesChanged()
    else listener.other(read.eventType)
    return true
  }
}

async function stopped(signal: AbortSignal): Promise<string> {
  if (!signal.aborted) {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }
  return String(signal.reason)
}
