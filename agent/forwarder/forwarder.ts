// Sends what the journal holds and settles what the cloud has. Live rows first, the backlog beside
// them within a window of bytes; a pack that failed is kept and tried again with a growing, jittered
// delay. Nothing is dropped here, and nothing is settled that the cloud's stream did not acknowledge.

import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { HubId, Lane } from '../../wire/ids.ts'
import type { RateRequest } from '../../wire/requests.ts'
import type { CorruptRow, IdRange, Journal } from '../journal/journal.ts'
import { Aside } from './aside.ts'
import { Backoff } from './backoff.ts'
import { etaMs, firstLook, lookedAgain, SAMPLE_MIN_MS } from './eta.ts'
import { nextState } from './forwarder-state.ts'
import type { ForwarderEvent, ForwarderState } from './forwarder-state.ts'
import type { Forwarder, ForwarderStatus } from './forwarder-status.ts'
import { idRanges } from './id-ranges.ts'
import { Lanes, LIVE_MAX_AGE_MS } from './lanes.ts'
import { PackSource } from './pack-source.ts'
import type { Pack } from './pack-source.ts'
import { poisonOf } from './poison.ts'
import type { Publisher } from './publisher.ts'
import { current, left, mayLeave, paceOf, unlimited, waitMs } from './rate.ts'
import { Resent } from './resent.ts'
import { TypeMarks } from './type-marks.ts'
import { acknowledgedIn, afterTrouble, initialWindow } from './window.ts'

/** What a forwarder needs. */
export interface ForwarderOptions {
  readonly hub: HubId
  readonly journal: Journal
  readonly publisher: Publisher
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Nothing is sent unless it resolves: until then the times of what waits may still change. */
  readonly gate: Promise<void>
  /** A row that its checksum does not vouch for, for the log: it is being set aside. */
  readonly onCorrupt: (row: CorruptRow) => void
}

/** Packs under way at most, fresh and backlog: more of these would keep this thread from live ones. */
const LIVE_MAX_PACKS = 32
const BACK_MAX_PACKS = 24

/** How long stopping waits for acknowledgements, ms. */
const STOP_WAIT_MS = 3000

/** Starts forwarding as soon as the gate is open. */
export function startForwarder(options: ForwarderOptions): Forwarder {
  const forwarder = new RunningForwarder(options)
  forwarder.start()
  return forwarder
}

class RunningForwarder implements Forwarder {
  readonly #options: ForwarderOptions
  readonly #lanes: Lanes
  readonly #marks: TypeMarks
  readonly #resent: Resent
  readonly #aside: Aside
  readonly #source: PackSource
  readonly #backoff: Backoff
  readonly #underWay = new Set<Promise<void>>()
  #state: ForwarderState = 'held'
  #window = initialWindow
  #pace = unlimited
  #drain: ReturnType<typeof firstLook>
  #livePacks = 0
  #back = { packs: 0, bytes: 0, rows: 0 }
  #trouble: string | undefined
  #cancelPace: (() => void) | undefined
  #counts = { readings: 0, packs: 0, retries: 0, lastAt: 0 }

  constructor(options: ForwarderOptions) {
    const { journal, clock } = options
    this.#options = options
    // Rows may have been committed before this forwarder was there; from here on it is told.
    this.#lanes = new Lanes(journal.unsettled())
    this.#marks = new TypeMarks(journal)
    this.#resent = new Resent(options.random)
    const [lanes, marks, resent] = [this.#lanes, this.#marks, this.#resent]
    this.#aside = new Aside({ ...options, marks, onRoom: () => this.#pump() })
    this.#source = new PackSource({ ...options, lanes, marks, resent, aside: this.#aside })
    this.#backoff = new Backoff(options, () => {
      this.#step('delay_over')
      this.#pump()
    })
    this.#drain = firstLook(lanes.backlogSize, clock.monotonic())
  }

  start(): void {
    const { journal, clock, gate, log } = this.#options
    journal.onCommit((added, origin) => {
      if (origin === 'salvaged') this.#lanes.putBack([added])
      else this.#lanes.committed(added, clock.monotonic())
      this.#pump()
    })
    journal.shedFrom({
      withdraw: (limit) => this.#lanes.withdraw(limit),
      withdrawFrom: (ranges) => this.#lanes.withdrawFrom(ranges),
      restore: (ranges) => this.#putBack(ranges),
    })
    gate.then(
      () => {
        this.#step('opened')
        this.#pump()
      },
      (error: unknown) => log.warn('forwarding_not_begun', { reason: messageOf(error) }),
    )
  }

  status(): ForwarderStatus {
    const { readings, packs, retries, lastAt } = this.#counts
    const now = this.#options.clock.monotonic()
    const backlog = this.#look(now)
    const { buckets, until } = current(this.#pace, now)
    const { live, back } = buckets
    const limits = { live: live?.perSecond ?? null, back: back?.perSecond ?? null }
    const limited = live !== undefined || back !== undefined
    return {
      state: this.#state,
      trouble: this.#trouble,
      backlog,
      backlogRatePerSecond: this.#drain.perSecond,
      etaMs: etaMs(this.#drain, backlog),
      inFlight: this.#underWay.size,
      acknowledgedReadings: readings,
      acknowledgedPacks: packs,
      retries,
      lastAcknowledgedAt: lastAt === 0 ? undefined : lastAt,
      rate: limited ? { ...limits, endsInMs: Math.round(until - now) } : undefined,
      resending: this.#resent.size,
      setAside: this.#aside.counts,
      settingAside: this.#aside.waiting,
      missing: this.#source.missing,
    }
  }

  marks(): TypeMarks {
    return this.#marks
  }

  limit(request: RateRequest): void {
    const { clock, log } = this.#options
    this.#pace = paceOf(this.#pace, request, clock.monotonic())
    log.info('rate_set', { ...request })
    this.#pump()
  }

  resend(asked: readonly IdRange[], settled: readonly IdRange[]): void {
    this.#resent.asked(asked)
    this.#putBack(settled)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#step('stop')
    this.#backoff.stop()
    this.#cancelPace?.()
    // What is not acknowledged by then is sent again at the next start. It may have arrived, so the
    // journal must not shed it: it goes on asking these lanes.
    const { clock } = this.#options
    const late = new AbortController()
    const underWay = Promise.allSettled([...this.#underWay, this.#aside[Symbol.asyncDispose]()])
    const ended = underWay.finally(() => late.abort())
    await Promise.race([ended, clock.sleep(STOP_WAIT_MS, late.signal)])
  }

  /** Sends as much as state, windows and pace allow. Cheap when there is nothing to do. */
  #pump(): void {
    if (this.#state !== 'probing' && this.#state !== 'flowing') return
    try {
      if (this.#state === 'flowing') {
        while (this.#livePacks < LIVE_MAX_PACKS && this.#sendNext('live'));
        while (this.#hasBackRoom && this.#sendNext('back'));
      } else if (this.#underWay.size === 0) {
        if (!this.#sendNext('live')) this.#sendNext('back')
      }
    } catch (error) {
      this.#wait(messageOf(error))
    }
    this.#awaitPace()
  }

  get #hasBackRoom(): boolean {
    return this.#back.packs < BACK_MAX_PACKS && this.#back.bytes < this.#window.bytes
  }

  /** False when nothing of this lane can leave now. Throws when the journal cannot be read. */
  #sendNext(lane: Lane): boolean {
    const now = this.#options.clock.monotonic()
    if (!mayLeave(this.#pace, lane, now)) return false
    const pack = lane === 'live' ? this.#source.nextLive(now) : this.#source.nextBack(now)
    if (pack === undefined) return false
    this.#send(pack, now)
    return true
  }

  /** Pumps again when the pace lets the next pack leave. */
  #awaitPace(): void {
    if (this.#pace === unlimited) return
    this.#cancelPace?.()
    const { clock } = this.#options
    const now = clock.monotonic()
    this.#pace = current(this.#pace, now)
    const wait = waitMs(this.#pace, now)
    // By then what was fresh may go with the backlog, whose pace is another.
    const bounded = wait === undefined ? undefined : Math.min(wait, LIVE_MAX_AGE_MS)
    this.#cancelPace = bounded === undefined ? undefined : clock.after(bounded, () => this.#pump())
  }

  #send(pack: Pack, now: number): void {
    this.#pace = left(this.#pace, pack.lane, pack.rows.length, now)
    this.#count(pack, 1)
    const way = this.#options.publisher
      .publish(pack.out)
      .then(
        () => this.#acknowledged(pack, now),
        (error: unknown) => this.#refused(pack, error),
      )
      .finally(() => {
        this.#count(pack, -1)
        this.#underWay.delete(way)
        this.#pump()
      })
    this.#underWay.add(way)
  }

  #count(pack: Pack, sign: 1 | -1): void {
    if (pack.lane === 'live') this.#livePacks += sign
    else {
      this.#back.packs += sign
      this.#back.bytes += sign * pack.out.bytes.length
      this.#back.rows += sign * pack.rows.length
    }
  }

  #acknowledged(pack: Pack, sentAt: number): void {
    const { journal, clock, log } = this.#options
    const [{ epoch, type, reading }] = pack.rows
    const now = clock.monotonic()
    const ranges = idRanges(pack.rows)
    for (const range of ranges) journal.settle(range)
    this.#resent.done(ranges)
    const last = pack.rows.at(-1)?.reading.seq ?? reading.seq
    this.#marks.acknowledged(epoch, type, reading.seq, last)
    if (pack.lane === 'back') {
      this.#window = acknowledgedIn(this.#window, now - sentAt, pack.out.bytes.length)
    }
    this.#counts.readings += pack.rows.length
    this.#counts.packs += 1
    this.#counts.lastAt = clock.now()
    this.#backoff.succeeded()
    if (now - this.#drain.at >= SAMPLE_MIN_MS) this.#look(now)
    if (this.#trouble !== undefined) log.info('forwarding_resumed', { backlog: this.#look(now) })
    this.#trouble = undefined
    this.#step('acknowledged')
  }

  #refused(pack: Pack, error: unknown): void {
    const { clock, log } = this.#options
    const poison = poisonOf(error)
    if (poison !== undefined) {
      log.debug('pack_poisoned', { ...poison, readings: pack.rows.length })
      this.#source.poisoned(pack.lane, pack.rows, clock.monotonic(), poison.reason)
      return
    }
    this.#counts.retries += 1
    this.#source.refused(pack)
    this.#wait(messageOf(error))
  }

  /** Nothing is sent until a delay is over. */
  #wait(reason: string): void {
    if (this.#trouble === undefined) this.#options.log.warn('forwarding_stalled', { reason })
    this.#trouble = reason
    if (this.#state === 'waiting' || this.#state === 'stopped') return
    this.#step('refused')
    this.#window = afterTrouble(this.#window)
    this.#backoff.failed()
  }

  #putBack(ranges: readonly IdRange[]): void {
    this.#lanes.putBack(ranges)
    this.#pump()
  }

  /** How many rows the backlog lane still has to bring over; noted for its pace. */
  #look(now: number): number {
    const backlog = this.#lanes.backlogSize + this.#source.queuedBack + this.#back.rows
    this.#drain = lookedAgain(this.#drain, backlog, now)
    return backlog
  }

  #step(event: ForwarderEvent): void {
    this.#state = nextState(this.#state, event)
  }
}
