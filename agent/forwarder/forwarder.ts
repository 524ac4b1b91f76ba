// Sends what the journal holds and settles what the cloud has. Live rows first, the backlog beside
// them within a window of bytes; a pack that failed is kept and tried again with a growing, jittered
// delay. Nothing is dropped here, and nothing is settled that the cloud's stream did not acknowledge.

import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { retryDelayMs } from '../../base/retry.ts'
import { encodePack } from '../../wire/codec.ts'
import type { HubId, Lane } from '../../wire/ids.ts'
import { messageId } from '../../wire/message-id.ts'
import { readingsSubject } from '../../wire/subject.ts'
import type { CorruptRow, IdRange, Journal, JournalRow } from '../journal/journal.ts'
import { cutPacks } from './cut.ts'
import type { Cut } from './cut.ts'
import { nextState } from './forwarder-state.ts'
import type { ForwarderEvent, ForwarderState } from './forwarder-state.ts'
import { idRanges, missingIds } from './id-ranges.ts'
import { Lanes } from './lanes.ts'
import type { Outgoing, Publisher } from './publisher.ts'
import { TypeMarks } from './type-marks.ts'
import { acknowledgedIn, initialWindow } from './window.ts'

/** What a forwarder needs. */
export interface ForwarderOptions {
  readonly hub: HubId
  readonly journal: Journal
  readonly publisher: Publisher
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** A row that its checksum does not vouch for; it is settled so that others go on. */
  readonly onCorrupt: (row: CorruptRow) => void
}

/** What a forwarder says of itself. */
export interface ForwarderStatus {
  readonly state: ForwarderState
  /** Why it waits, where it does. */
  readonly trouble: string | undefined
  readonly backlog: number
  readonly inFlight: number
  /** Since the start. */
  readonly acknowledgedReadings: number
  readonly acknowledgedPacks: number
  readonly retries: number
  /** Wall time of the last acknowledgement, epoch ms. */
  readonly lastAcknowledgedAt: number | undefined
}

/** A running forwarder. Disposal stops it and waits for what is under way. */
export interface Forwarder extends AsyncDisposable {
  status(): ForwarderStatus
  /** Lowest seq of a type that the cloud may not have, in the open epoch. */
  marks(): TypeMarks
}

/** Packs of fresh rows under way at most. */
const LIVE_MAX_PACKS = 32

/** Rows read at once: a thousand fresh ones, four thousand waiting ones for full packs. */
const LIVE_SCAN_ROWS = 1024
const BACK_SCAN_ROWS = 4096

/** Beyond this many a refused pack is packed anew: each probe of a long outage leaves one behind. */
const KEPT_MAX_PACKS = 64

/** How long stopping waits for acknowledgements, ms. */
const STOP_WAIT_MS = 3000

const RETRY = { firstMs: 250, maxMs: 30_000 } as const

interface Pack {
  readonly out: Outgoing
  readonly lane: Lane
  readonly rows: Cut
}

/** Starts forwarding at once. */
export function startForwarder(options: ForwarderOptions): Forwarder {
  const forwarder = new RunningForwarder(options)
  forwarder.start()
  return forwarder
}

class RunningForwarder implements Forwarder {
  readonly #options: ForwarderOptions
  readonly #lanes: Lanes
  readonly #marks: TypeMarks
  readonly #underWay = new Set<Promise<void>>()
  #state: ForwarderState = 'probing'
  #window = initialWindow
  #liveQueue: Pack[] = []
  #backQueue: Pack[] = []
  #livePacks = 0
  #backBytes = 0
  #attempt = 0
  #trouble: string | undefined
  #cancelDelay: (() => void) | undefined
  #counts = { readings: 0, packs: 0, retries: 0, lastAt: 0 }

  constructor(options: ForwarderOptions) {
    this.#options = options
    // Rows may have been committed before this forwarder was there; from here on it is told.
    this.#lanes = new Lanes(options.journal.unsettled())
    this.#marks = new TypeMarks(options.journal.epoch)
  }

  start(): void {
    const { journal, clock } = this.#options
    journal.onCommit((added) => {
      this.#lanes.committed(added, clock.monotonic())
      this.#pump()
    })
    this.#pump()
  }

  status(): ForwarderStatus {
    const { readings, packs, retries, lastAt } = this.#counts
    return {
      state: this.#state,
      trouble: this.#trouble,
      backlog: this.#lanes.backlogSize + countRows(this.#backQueue),
      inFlight: this.#underWay.size,
      acknowledgedReadings: readings,
      acknowledgedPacks: packs,
      retries,
      lastAcknowledgedAt: lastAt === 0 ? undefined : lastAt,
    }
  }

  marks(): TypeMarks {
    return this.#marks
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#step('stop')
    this.#cancelDelay?.()
    // What is not acknowledged by then is sent again at the next start.
    const { clock } = this.#options
    await Promise.race([Promise.allSettled(this.#underWay), clock.sleep(STOP_WAIT_MS)])
  }

  /** Sends as much as state and windows allow. Cheap when there is nothing to do. */
  #pump(): void {
    if (this.#state === 'probing') {
      if (this.#underWay.size > 0) return
      const pack = this.#nextLive() ?? this.#nextBack()
      if (pack !== undefined) this.#send(pack)
      return
    }
    if (this.#state !== 'flowing') return
    while (this.#livePacks < LIVE_MAX_PACKS) {
      const pack = this.#nextLive()
      if (pack === undefined) break
      this.#send(pack)
    }
    while (this.#backBytes < this.#window.bytes) {
      const pack = this.#nextBack()
      if (pack === undefined) break
      this.#send(pack)
    }
  }

  #nextLive(): Pack | undefined {
    if (this.#liveQueue.length === 0) {
      const range = this.#lanes.takeLive(this.#options.clock.monotonic(), LIVE_SCAN_ROWS)
      if (range !== undefined) this.#liveQueue = this.#packsOf(range, 'live', LIVE_SCAN_ROWS)
    }
    return this.#liveQueue.shift()
  }

  #nextBack(): Pack | undefined {
    while (this.#backQueue.length === 0 && this.#state !== 'waiting') {
      const range = this.#lanes.takeBack(this.#options.clock.monotonic(), BACK_SCAN_ROWS)
      if (range === undefined) return undefined
      this.#backQueue = this.#packsOf(range, 'back', BACK_SCAN_ROWS)
    }
    return this.#backQueue.shift()
  }

  /** The packs of a range that was taken. What cannot be read or packed now is given back. */
  #packsOf(range: IdRange, lane: Lane, limit: number): Pack[] {
    try {
      return this.#readPacks(range, lane, limit)
    } catch (error) {
      this.#lanes.putBack(range)
      this.#wait(messageOf(error))
      return []
    }
  }

  #readPacks(range: IdRange, lane: Lane, limit: number): Pack[] {
    const { journal } = this.#options
    const found = journal.read(range, limit)
    const rows = found.flatMap((row) => (this.#isSound(row) ? [row] : []))
    for (const row of rows) this.#marks.seen(row.epoch, row.type, row.reading.seq)
    for (const gone of missingIds(range, found)) journal.settle(gone)
    return cutPacks(rows).map((cut) => this.#encode(cut, lane))
  }

  #isSound(row: JournalRow | CorruptRow): row is JournalRow {
    if (!('corrupt' in row)) return true
    this.#options.onCorrupt(row)
    this.#options.journal.settle({ first: row.id, last: row.id })
    return false
  }

  #encode(rows: Cut, lane: Lane): Pack {
    const { hub, journal } = this.#options
    const [{ epoch, type, reading }] = rows
    const last = rows.at(-1)?.reading.seq ?? reading.seq
    const mark = [
      journal.durableSeq(epoch, type),
      this.#marks.oldestUnsettled(epoch, type),
    ] as const
    const readings = rows.map((row) => row.reading)
    const { bytes, checksum } = encodePack({ epoch, type, readings, marks: { [type]: mark } })
    const identity = { type, first: reading.seq, last, checksum }
    const subject = readingsSubject({ hub, lane, type })
    const out = { subject, bytes, messageId: messageId(journal.secretOf(epoch), identity) }
    return { out, lane, rows }
  }

  #send(pack: Pack): void {
    const size = pack.out.bytes.length
    if (pack.lane === 'live') this.#livePacks += 1
    else this.#backBytes += size
    const sentAt = this.#options.clock.monotonic()
    const way = this.#options.publisher
      .publish(pack.out)
      .then(
        () => this.#acknowledged(pack, sentAt),
        (error: unknown) => this.#refused(pack, error),
      )
      .finally(() => {
        if (pack.lane === 'live') this.#livePacks -= 1
        else this.#backBytes -= size
        this.#underWay.delete(way)
        this.#pump()
      })
    this.#underWay.add(way)
  }

  #acknowledged(pack: Pack, sentAt: number): void {
    const { journal, clock, log } = this.#options
    const [first] = pack.rows
    const { epoch, type, reading } = first
    for (const range of idRanges(pack.rows)) journal.settle(range)
    const last = pack.rows.at(-1)?.reading.seq ?? reading.seq
    this.#marks.acknowledged(epoch, type, reading.seq, last)
    if (pack.lane === 'back') {
      const took = clock.monotonic() - sentAt
      this.#window = acknowledgedIn(this.#window, took, pack.out.bytes.length)
    }
    this.#counts.readings += pack.rows.length
    this.#counts.packs += 1
    this.#counts.lastAt = clock.now()
    this.#attempt = 0
    if (this.#trouble !== undefined) {
      log.info('forwarding_resumed', { backlog: this.#lanes.backlogSize })
      this.#trouble = undefined
    }
    this.#step('acknowledged')
  }

  #refused(pack: Pack, error: unknown): void {
    this.#counts.retries += 1
    if (this.#backQueue.length < KEPT_MAX_PACKS) {
      // Tried once means backlog; the bytes stay as they were, so the broker still knows the pack.
      const subject = pack.out.subject.replace('.live.', '.back.')
      this.#backQueue.push({ ...pack, lane: 'back', out: { ...pack.out, subject } })
    } else for (const range of idRanges(pack.rows)) this.#lanes.putBack(range)
    this.#wait(messageOf(error))
  }

  /** Nothing is sent until a delay is over. */
  #wait(reason: string): void {
    const { clock, random, log } = this.#options
    if (this.#trouble === undefined) log.warn('forwarding_stalled', { reason })
    this.#trouble = reason
    if (this.#state === 'waiting' || this.#state === 'stopped') return
    this.#step('refused')
    this.#attempt += 1
    this.#cancelDelay?.()
    this.#cancelDelay = clock.after(retryDelayMs(RETRY, this.#attempt, random), () => {
      this.#step('delay_over')
      this.#pump()
    })
  }

  #step(event: ForwarderEvent): void {
    this.#state = nextState(this.#state, event)
  }
}

function countRows(packs: readonly Pack[]): number {
  return packs.reduce((sum, pack) => sum + pack.rows.length, 0)
}
