// The database behind the simulated cloud: rows by (hub, epoch, type, seq), compared by content when
// a key comes again. Records among them are read as the ledger reads them: chains of epochs, drops,
// corrections of clocks, and the marks that packs and heartbeats carry.

import { readingHash } from '../../cloud/storage/row-hash.ts'
import { IntervalSet } from '../../base/interval-set.ts'
import { isReservedType } from '../../wire/ids.ts'
import type { Mark, Pack, Reading } from '../../wire/reading.ts'
import { parseRecord } from '../../wire/records.ts'
import type { RecordOf } from '../../wire/records.ts'
import { parseReadingsSubject } from '../../wire/subject.ts'
import type { Lane } from '../../wire/ids.ts'
import { numberOf } from './truth.ts'

/** A row of the database. */
export interface StoredRow {
  readonly epoch: string
  readonly type: string
  readonly reading: Reading
  readonly hash: number
  /** Virtual time of its first arrival, and in which lane. */
  readonly at: number
  readonly lane: Lane
}

/** What is known of one epoch's sequence of one type. */
export interface Sequence {
  readonly epoch: string
  readonly type: string
  readonly rows: Map<number, StoredRow>
  /** The seqs of `rows`. */
  readonly stored: IntervalSet
  /** Seqs that drop records name. */
  readonly dropped: IntervalSet
  /** The highest seq that anything has claimed. */
  claimed: number
}

/** Told about each pack and each first arrival. */
export interface DatabaseEvents {
  /** `values` tells whether the values differ, or only times and the like. */
  conflict(row: StoredRow, values: boolean): void
  mark(epoch: string, type: string, mark: Mark): void
  stored(row: StoredRow): void
}

/** The rows of one hub. */
export class SimDatabase {
  readonly sequences = new Map<string, Sequence>()
  readonly drops: RecordOf<'_drop'>[] = []
  readonly clocks: RecordOf<'_clock'>[] = []
  readonly chain: { readonly epoch: string; readonly record: RecordOf<'_epoch'> }[] = []
  /** Rows that came again. */
  repeats = 0
  readonly #events: DatabaseEvents

  constructor(events: DatabaseEvents) {
    this.#events = events
  }

  /** Keeps the rows of a pack. */
  store(subject: string, pack: Pack, now: number): void {
    const { lane, type } = parseReadingsSubject(subject)
    if (type === '_heartbeat') this.#heartbeat(pack)
    else {
      for (const reading of pack.readings) this.#row(pack, reading, now, lane)
      for (const [name, mark] of Object.entries(pack.marks)) this.#mark(pack.epoch, name, mark)
    }
  }

  /** Rows are lost here, as by restoring an older database; gives the numbers in them. */
  lose(range: { epoch: string; type: string; first: number; last: number }): readonly number[] {
    const { rows, stored } = this.of(range.epoch, range.type)
    stored.remove(range)
    const numbers: number[] = []
    for (let { first: seq } = range; seq <= range.last; seq += 1) {
      const n = numberOf(rows.get(seq)?.reading.value)
      if (n !== undefined) numbers.push(n)
      rows.delete(seq)
    }
    return numbers
  }

  /** The sequence of a type in an epoch. */
  of(epoch: string, type: string): Sequence {
    const key = `${epoch} ${type}`
    const known = this.sequences.get(key)
    if (known !== undefined) return known
    const sets = { stored: new IntervalSet(), dropped: new IntervalSet() }
    const made: Sequence = { epoch, type, rows: new Map(), ...sets, claimed: 0 }
    this.sequences.set(key, made)
    return made
  }

  #row(pack: Pack, reading: Reading, at: number, lane: Lane): void {
    const { epoch, type } = pack
    const sequence = this.of(epoch, type)
    const hash = readingHash(reading)
    const known = sequence.rows.get(reading.seq)
    if (known !== undefined) {
      this.repeats += 1
      if (known.hash !== hash) {
        const [one, other] = [known.reading.value, reading.value].map((value) =>
          JSON.stringify(value),
        )
        this.#events.conflict(known, one !== other)
      }
      return
    }
    const row: StoredRow = { epoch, type, reading, hash, at, lane }
    sequence.rows.set(reading.seq, row)
    sequence.stored.add({ first: reading.seq, last: reading.seq })
    sequence.claimed = Math.max(sequence.claimed, reading.seq)
    if (isReservedType(type)) this.#record(row)
    this.#events.stored(row)
  }

  #record({ epoch, type, reading }: StoredRow): void {
    if (type === '_drop') {
      const drop = parseRecord('_drop', reading.value)
      this.drops.push(drop)
      this.of(drop.epoch, drop.type).dropped.add({ first: drop.first, last: drop.last })
    } else if (type === '_clock') this.clocks.push(parseRecord('_clock', reading.value))
    else if (type === '_epoch') {
      const record = parseRecord('_epoch', reading.value)
      this.chain.push({ epoch, record })
      for (const [name, last] of Object.entries(record.previous?.last ?? {})) {
        const before = this.of(record.previous?.epoch ?? '', name)
        before.claimed = Math.max(before.claimed, last)
      }
    }
  }

  #heartbeat(pack: Pack): void {
    const [reading] = pack.readings
    if (reading === undefined) return
    const { marks } = parseRecord('_heartbeat', reading.value)
    for (const [epoch, held] of Object.entries(marks)) {
      for (const [name, mark] of Object.entries(held)) this.#mark(epoch, name, mark)
    }
  }

  #mark(epoch: string, type: string, mark: Mark): void {
    const sequence = this.of(epoch, type)
    sequence.claimed = Math.max(sequence.claimed, mark[0])
    this.#events.mark(epoch, type, mark)
  }
}
