// Takes what messages say to the journal: one commit at a time with all that has come meanwhile, in the
// order of arrival. While the journal takes nothing, what is held is tried again and nothing is
// acknowledged; what nobody waits for (QoS 0) is dropped and counted once too much is held.

import type { Clock } from '../../../base/clock.ts'
import { isHubleafError, messageOf } from '../../../base/errors.ts'
import type { ErrorCode } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { retryDelayMs } from '../../../base/retry.ts'
import type { SourceReading } from '../../../wire/reading.ts'
import type { Sink } from '../source.ts'
import type { Verdict } from './deliveries.ts'

/** The readings of one message. */
export interface Job {
  readonly readings: readonly SourceReading[]
  /** Bytes of the payload, for the bound on what is held. */
  readonly bytes: number
  /** Somebody waits for an acknowledgement. */
  readonly isAwaited: boolean
  /** Its sender can be told that there is no room (MQTT 5). */
  readonly canRefuse: boolean
  /** Called once: the readings are synced, or were refused for good with the code. */
  settle(verdict: Verdict, code: ErrorCode | undefined): void
}

/** What an intake needs. */
export interface IntakeOptions {
  readonly name: string
  readonly sink: Sink
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Readings of one commit; the journal syncs no faster with more. */
const BATCH_MAX_READINGS = 4096

/** What is held at most, in messages and bytes of their payloads. */
const HELD_MAX_MESSAGES = 20_000
const HELD_MAX_BYTES = 33_554_432

const AGAIN = { firstMs: 250, maxMs: 5000 } as const

/** What passes, or is made room for, without this process starting again. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  ...(['journal_blocked', 'journal_busy', 'journal_full'] as const),
  ...(['journal_write_failed', 'journal_disk_full'] as const),
])

/** The way of one broker's messages into the journal. */
export class Intake {
  readonly #options: IntakeOptions
  #jobs: Job[] = []
  #bytes = 0
  #wake: (() => void) | undefined
  #roomWaiters: (() => void)[] = []
  /** Why the journal takes nothing at present. */
  #trouble: { readonly code: ErrorCode; readonly reason: string } | undefined
  #attempt = 0

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Why the journal takes nothing at present, if that is so. */
  trouble(): { readonly code: ErrorCode; readonly reason: string } | undefined {
    return this.#trouble
  }

  /** True while more is held than should be: whoever can wait, waits for `room()`. */
  isFull(): boolean {
    return this.#jobs.length >= HELD_MAX_MESSAGES || this.#bytes >= HELD_MAX_BYTES
  }

  /** Resolves when there is room again. */
  async room(): Promise<void> {
    while (this.isFull()) {
      await new Promise<void>((resolve) => {
        this.#roomWaiters.push(resolve)
      })
    }
  }

  /** Holds a message; false if it is one that nobody waits for and too much is held. */
  offer(job: Job): boolean {
    if (!job.isAwaited && this.isFull()) return false
    this.#jobs.push(job)
    this.#bytes += job.bytes
    this.#wake?.()
    return true
  }

  /** Works until the signal aborts and what is under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
    while (!signal.aborted) {
      const batch = this.#nextBatch()
      if (batch.length > 0) await this.#commit(batch, signal)
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        this.#wake = undefined
      }
    }
  }

  /** In trouble one message is enough to find out whether it has passed. */
  #nextBatch(): readonly Job[] {
    if (this.#trouble !== undefined) return this.#jobs.slice(0, 1)
    let readings = 0
    let end = 0
    for (const job of this.#jobs) {
      readings += job.readings.length
      if (end > 0 && readings > BATCH_MAX_READINGS) break
      end += 1
    }
    return this.#jobs.slice(0, end)
  }

  async #commit(batch: readonly Job[], signal: AbortSignal): Promise<void> {
    const readings = batch.flatMap((job) => job.readings)
    try {
      if (readings.length > 0) await this.#options.sink.accept(readings, 'waited')
    } catch (error) {
      await this.#failed(batch, error, signal)
      return
    }
    this.#recovered()
    this.#settle(batch, 'kept', undefined)
  }

  async #failed(batch: readonly Job[], error: unknown, signal: AbortSignal): Promise<void> {
    const code = isHubleafError(error) ? error.code : 'internal'
    const hasChanged = this.#trouble?.code !== code
    this.#trouble = { code, reason: messageOf(error) }
    if (hasChanged) {
      const { name, log } = this.#options
      log.warn('source_failing', { source: name, code, reason: messageOf(error) })
    }
    if (code === 'journal_full') {
      const refused = leading(batch, (job) => job.canRefuse || !job.isAwaited)
      this.#settle(refused, 'no_room', code)
      if (refused.length > 0) return
    }
    // A journal that has ended starts again with the agent; until then nothing is acknowledged.
    const isFault = !PASSING.has(code) && code !== 'journal_closed' && code !== 'journal_corrupt'
    if (isFault && batch.length === 1) {
      this.#settle(batch, 'kept', code)
      return
    }
    if (isFault) return
    this.#attempt += 1
    const { clock, random } = this.#options
    await clock.sleep(retryDelayMs(AGAIN, this.#attempt, random), signal)
  }

  #recovered(): void {
    if (this.#trouble === undefined) return
    this.#trouble = undefined
    this.#attempt = 0
    this.#options.log.info('source_recovered', { source: this.#options.name })
  }

  #settle(batch: readonly Job[], verdict: Verdict, code: ErrorCode | undefined): void {
    this.#jobs = this.#jobs.slice(batch.length)
    for (const job of batch) {
      this.#bytes -= job.bytes
      job.settle(verdict, code)
    }
    if (this.isFull()) return
    const waiters = this.#roomWaiters
    this.#roomWaiters = []
    for (const waiter of waiters) waiter()
  }
}

function leading(batch: readonly Job[], holds: (job: Job) => boolean): readonly Job[] {
  const end = batch.findIndex((job) => !holds(job))
  return end === -1 ? batch : batch.slice(0, end)
}
