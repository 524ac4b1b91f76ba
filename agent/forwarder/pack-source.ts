// The packs that may go next: reads rows, cuts and encodes them. A pack keeps its bytes while it is
// tried again, so that the broker knows it; a row that nobody can use is set aside and holds up nothing.
// What cannot be read now is given back, and the reader's error is thrown.

import type { Logger } from '../../base/log.ts'
import { isHubleafError, messageOf } from '../../base/errors.ts'
import { encodePack } from '../../wire/codec.ts'
import type { Frame } from '../../wire/codec.ts'
import type { HubId, Lane } from '../../wire/ids.ts'
import { messageId } from '../../wire/message-id.ts'
import type { DropReason } from '../../wire/records.ts'
import { readingsSubject } from '../../wire/subject.ts'
import type { CorruptRow, IdRange, Journal, JournalRow } from '../journal/journal.ts'
import type { Aside } from './aside.ts'
import { cutPacks, halves } from './cut.ts'
import type { Cut } from './cut.ts'
import { countIds, idRanges, missingIds, rowsWithin } from './id-ranges.ts'
import { LIVE_MAX_AGE_MS } from './lanes.ts'
import type { Lanes } from './lanes.ts'
import type { Outgoing } from './publisher.ts'
import type { Resent } from './resent.ts'
import type { TypeMarks } from './type-marks.ts'

/** Rows read at once: a thousand fresh ones, four thousand waiting ones for full packs. */
const LIVE_SCAN_ROWS = 1024
const BACK_SCAN_ROWS = 4096

/** Rows that nobody asked for may be read for each that is wanted; one more read costs as much. */
const DENSE_SHARE = 4

/** Beyond this many a refused pack is packed anew: each probe of a long outage leaves one behind. */
const KEPT_MAX_PACKS = 64

/** A pack that is ready to go. */
export interface Pack {
  readonly out: Outgoing
  readonly lane: Lane
  readonly rows: Cut
}

/** What the source needs. */
export interface PackSourceOptions {
  readonly hub: HubId
  readonly journal: Journal
  readonly lanes: Lanes
  readonly marks: TypeMarks
  readonly resent: Resent
  readonly aside: Aside
  readonly log: Logger
  readonly onCorrupt: (row: CorruptRow) => void
}

/** Rows on their way to be a pack, or a pack that was refused. */
interface Parcel {
  readonly rows: Cut
  readonly out?: Outgoing
  /** When the oldest of fresh rows was committed, monotonic ms. */
  readonly at: number
}

/** The packs of both lanes. */
export class PackSource {
  readonly #options: PackSourceOptions
  #live: Parcel[] = []
  #back: Parcel[] = []
  #missing = 0

  constructor(options: PackSourceOptions) {
    this.#options = options
  }

  /** Rows that were taken out of the backlog and wait in packs. */
  get queuedBack(): number {
    return this.#back.reduce((sum, parcel) => sum + parcel.rows.length, 0)
  }

  /** Rows that should have been there and were not, since the start. */
  get missing(): number {
    return this.#missing
  }

  /** The next pack of fresh rows. Throws what the journal threw. */
  nextLive(now: number): Pack | undefined {
    for (;;) {
      if (this.#live.length === 0) {
        const range = this.#options.lanes.takeLive(now, LIVE_SCAN_ROWS)
        if (range === undefined) return undefined
        this.#live = this.#read([range], range.at)
      }
      this.#age(now)
      const parcel = this.#live.shift()
      const pack = parcel === undefined ? undefined : this.#packOf(parcel, 'live')
      if (pack !== undefined) return pack
    }
  }

  /** The next pack of the backlog, if rows can be set aside. Throws what the journal threw. */
  nextBack(now: number): Pack | undefined {
    this.#age(now)
    const { lanes, aside } = this.#options
    for (;;) {
      const next = this.#back[0]?.rows[0].id ?? Infinity
      // Older rows than those in hand may have come back: the lane keeps its order.
      if ((lanes.oldestBack(now) ?? Infinity) < next) {
        // What could not be set aside was given back, and would be taken at once again.
        if (!aside.full) {
          this.#back.push(...this.#read(lanes.takeBack(now, BACK_SCAN_ROWS), now))
          this.#back.sort((one, other) => one.rows[0].id - other.rows[0].id)
          if (this.#back.length === 0) continue
        } else if (next === Infinity) return undefined
      }
      const parcel = this.#back.shift()
      if (parcel === undefined) return undefined
      const pack = this.#packOf(parcel, 'back')
      if (pack !== undefined) return pack
    }
  }

  /** A pack did not get through: tried once means backlog. */
  refused(pack: Pack): void {
    if (this.#back.length >= KEPT_MAX_PACKS) this.#giveBack(pack.rows)
    else {
      // The bytes stay as they were, so the broker still knows the pack.
      const { subject } = pack.out
      const out = { ...pack.out, subject: subject.replace('.live.', '.back.') }
      this.#keep({ rows: pack.rows, out, at: 0 })
    }
  }

  /** Nobody will ever take this pack: its halves go next in its lane, a lone row goes aside. */
  poisoned(lane: Lane, rows: Cut, at: number, reason: DropReason): void {
    const parts = halves(rows)
    if (parts === undefined) {
      if (!this.#options.aside.add(rows[0], reason)) this.#giveBack(rows)
      return
    }
    const queue = lane === 'live' ? this.#live : this.#back
    queue.unshift(...parts.map((part) => ({ rows: part, at })))
  }

  /** Fresh rows that had to wait too long are backlog. */
  #age(now: number): void {
    while (now - (this.#live[0]?.at ?? now) >= LIVE_MAX_AGE_MS) {
      const [parcel] = this.#live.splice(0, 1)
      if (parcel !== undefined) this.#keep(parcel)
    }
  }

  /** Puts a parcel where its rows belong in the backlog. */
  #keep(parcel: Parcel): void {
    const place = this.#back.findIndex(({ rows }) => rows[0].id > parcel.rows[0].id)
    this.#back.splice(place < 0 ? this.#back.length : place, 0, parcel)
  }

  #packOf({ rows, out, at }: Parcel, lane: Lane): Pack | undefined {
    if (out !== undefined) return { rows, out, lane }
    try {
      const made = this.#encode(rows, lane)
      if (!('unencodable' in made)) return { rows, out: made, lane }
      this.poisoned(lane, rows, at, made.unencodable)
      return undefined
    } catch (error) {
      this.#giveBack(rows)
      throw error
    }
  }

  #encode(rows: Cut, lane: Lane): Outgoing | { readonly unencodable: DropReason } {
    const { hub, journal, marks, resent } = this.#options
    const [{ epoch, type, reading }] = rows
    const readings = rows.map((row) => row.reading)
    const last = rows.at(-1)?.reading.seq ?? reading.seq
    // These rows were read from the disk, whatever the epoch's book has heard of them.
    const durable = Math.max(last, journal.durableSeq(epoch, type))
    const mark = [durable, marks.oldestUnsettled(epoch, type)] as const
    const secret = journal.secretOf(epoch)
    let framed: Frame
    try {
      framed = encodePack({ epoch, type, readings, marks: { [type]: mark } })
    } catch (error) {
      const many = rows.length > 1
      if (!many) this.#options.log.error('reading_not_encoded', { type, reason: messageOf(error) })
      return { unencodable: isHubleafError(error, 'pack_too_large') ? 'too_large' : 'invalid' }
    }
    const again = resent.nonceFor(rows)
    const identity = { type, first: reading.seq, last, checksum: framed.checksum }
    const named = again === undefined ? identity : { ...identity, resend: again }
    const subject = readingsSubject({ hub, lane, type })
    return { subject, bytes: framed.bytes, messageId: messageId(secret, named) }
  }

  #read(ranges: readonly IdRange[], at: number): Parcel[] {
    const { journal, marks, lanes } = this.#options
    let found: readonly (JournalRow | CorruptRow)[]
    try {
      found = readRanges(journal, ranges)
    } catch (error) {
      lanes.putBack(ranges)
      throw error
    }
    const rows: JournalRow[] = []
    for (const row of found) if (this.#isSound(row)) rows.push(row)
    const gone = missingIds(ranges, found)
    // Rows that are not found may come back by a salvage: nothing is said about them.
    if (gone.length > 0) marks.doubt()
    this.#settleMissing(gone)
    const cuts = cutPacks(rows)
    for (const [{ epoch, type, reading }] of cuts) marks.seen(epoch, type, reading.seq)
    return cuts.map((cut) => ({ rows: cut, at }))
  }

  #isSound(row: JournalRow | CorruptRow): row is JournalRow {
    if (!('corrupt' in row)) return true
    this.#options.onCorrupt(row)
    if (!this.#options.aside.add(row, 'corrupt')) this.#giveBack([row])
    return false
  }

  /** Rows are shed only after they were withdrawn from the lanes: these are gone by damage. */
  #settleMissing(gone: readonly IdRange[]): void {
    const { journal, resent, log } = this.#options
    const [first] = gone
    if (first === undefined) return
    journal.missing(gone)
    resent.done(gone)
    const count = countIds(gone)
    this.#missing += count
    log.error('journal_rows_missing', { count, first: first.first, last: gone.at(-1)?.last })
  }

  #giveBack(rows: readonly { readonly id: number }[]): void {
    this.#options.lanes.putBack(idRanges(rows))
  }
}

/** Ranges close to each other are read in one go, and what lies between them is passed over. */
function readRanges(
  journal: Journal,
  ranges: readonly IdRange[],
): readonly (JournalRow | CorruptRow)[] {
  const hull = { first: ranges[0]?.first ?? 1, last: ranges.at(-1)?.last ?? 0 }
  const width = hull.last - hull.first + 1
  if (width <= DENSE_SHARE * countIds(ranges)) return rowsWithin(journal.read(hull, width), ranges)
  return ranges.flatMap((range) => journal.read(range, countIds([range])))
}
