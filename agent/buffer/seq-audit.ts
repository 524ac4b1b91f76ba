// Whether the sequence of each type in each epoch is without holes that nobody explains. A hole is
// explained by a drop record, or by rows that the cloud has and that are no longer kept. Rows come in
// order of id; memory grows with the number of holes, not of rows. Pure.

import type { Interval } from '../../base/interval-set.ts'
import { IntervalSet } from '../../base/interval-set.ts'
import type { RecordOf } from '../../wire/records.ts'

/** Seqs of one epoch and type that are not there. */
export interface Hole extends Interval {
  /** The epoch's number in the file. */
  readonly epoch: number
  readonly type: string
  /** True where the epoch's beginning is missing. */
  readonly atStart: boolean
}

interface Gap extends Interval {
  /** Ids that are settled and absent, between the rows on both sides. */
  readonly gone: number
}

interface Track {
  readonly epoch: number
  readonly type: string
  lastSeq: number
  /** Settled and absent ids before its last row. */
  goneAt: number
  gaps: Gap[]
}

/** Follows the sequences through a journal. */
export class SeqAudit {
  readonly #settled: readonly Interval[]
  readonly #tracks = new Map<string, Track>()
  readonly #drops = new Map<string, IntervalSet>()
  /** Of the settled ranges, how many lie wholly before the last row, and how many ids are in them. */
  #passed = 0
  #passedIds = 0
  #presentSettled = 0

  /** `settled`: the ids that the cloud has, sorted and disjoint. */
  constructor(settled: readonly Interval[]) {
    this.#settled = settled
  }

  /** The next row. False if its seq was there before. */
  meet(row: { readonly id: number; readonly epoch: number; readonly type: string }, seq: number) {
    const settledBefore = this.#settledUpTo(row.id - 1)
    const gone = settledBefore - this.#presentSettled
    if (this.#settledUpTo(row.id) > settledBefore) this.#presentSettled += 1
    const track = this.#track(row.epoch, row.type)
    const expected = track.lastSeq + 1
    if (seq < expected) return fill(track, seq)
    if (seq > expected) {
      track.gaps.push({ first: expected, last: seq - 1, gone: gone - track.goneAt })
    }
    track.lastSeq = seq
    track.goneAt = gone
    return true
  }

  /** A drop record that is in the journal. */
  dropped({ epoch, type, first, last }: RecordOf<'_drop'>): void {
    const key = `${epoch} ${type}`
    const set = this.#drops.get(key) ?? new IntervalSet()
    this.#drops.set(key, set)
    set.add({ first, last })
  }

  /** An epoch is known to have ended with this seq, or to have come so far. */
  reached(epoch: number, type: string, seq: number): void {
    const track = this.#track(epoch, type)
    if (seq <= track.lastSeq) return
    const gone = this.#settledUpTo(Number.MAX_SAFE_INTEGER) - this.#presentSettled
    track.gaps.push({ first: track.lastSeq + 1, last: seq, gone: gone - track.goneAt })
    track.lastSeq = seq
  }

  /** The holes that nothing explains; `epochId` gives an epoch's id by its number. */
  holes(epochId: (number: number) => string | undefined): readonly Hole[] {
    return [...this.#tracks.values()].flatMap(({ epoch, type, gaps }) => {
      const drops = this.#drops.get(`${epochId(epoch) ?? ''} ${type}`)
      return gaps.flatMap(({ first, last, gone }): readonly Hole[] => {
        const open = new IntervalSet([{ first, last }])
        for (const range of drops?.ranges ?? []) open.remove(range)
        if (open.size <= gone) return []
        return open.ranges.map((range) => ({ epoch, type, ...range, atStart: range.first === 1 }))
      })
    })
  }

  /** How many ids up to this one are settled; asked with ids that only grow. */
  #settledUpTo(id: number): number {
    let range = this.#settled[this.#passed]
    while (range !== undefined && range.last <= id) {
      this.#passedIds += range.last - range.first + 1
      this.#passed += 1
      range = this.#settled[this.#passed]
    }
    if (range === undefined || range.first > id) return this.#passedIds
    return this.#passedIds + id - range.first + 1
  }

  #track(epoch: number, type: string): Track {
    const key = `${epoch} ${type}`
    const known = this.#tracks.get(key)
    if (known !== undefined) return known
    const track: Track = { epoch, type, lastSeq: 0, goneAt: 0, gaps: [] }
    this.#tracks.set(key, track)
    return track
  }
}

/** A row that comes late, as rows of a damaged file do, closes its part of a gap. */
function fill(track: Track, seq: number): boolean {
  const index = track.gaps.findIndex(({ first, last }) => first <= seq && seq <= last)
  const gap = track.gaps[index]
  if (gap === undefined) return false
  const { first, last, gone } = gap
  const parts = [
    { first, last: seq - 1, gone },
    { first: seq + 1, last, gone },
  ]
  track.gaps.splice(index, 1, ...parts.filter((part) => part.first <= part.last))
  return true
}
