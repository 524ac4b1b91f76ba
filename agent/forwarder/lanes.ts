// Which rows go next, and in which lane. Live is what was accepted less than 5 s ago and never tried,
// and of that the newest few thousand; all else is backlog, oldest first. Pure bookkeeping over row
// ids; time is an argument.

import { IntervalSet } from '../../base/interval-set.ts'
import type { Interval } from '../../base/interval-set.ts'

/** A row older than this is backlog, ms. */
export const LIVE_MAX_AGE_MS = 5000

/** Commits remembered for their age; beyond this the oldest count as backlog. */
const FRESH_MAX_COMMITS = 4096

/**
 * Of fresh rows only the newest so many are live. The lane is sent in order: behind a flood of the last
 * seconds of an outage, on a slow link, every new reading would itself grow too old to be live.
 */
export const LIVE_MAX_ROWS = 4096

/** Rows and when the first of them was committed, monotonic ms. */
export interface Fresh extends Interval {
  readonly at: number
}

/** What waits to be sent. */
export class Lanes {
  readonly #back: IntervalSet
  #fresh: Fresh[] = []

  /** What waits when the forwarder starts is backlog. */
  constructor(backlog: readonly Interval[]) {
    this.#back = new IntervalSet(backlog)
  }

  /** Rows that were just committed. `now` is monotonic ms. */
  committed(added: Interval, now: number): void {
    const newest = this.#fresh.at(-1)
    if (newest?.at === now && newest.last + 1 === added.first) this.#fresh.pop()
    const first = newest?.at === now && newest.last + 1 === added.first ? newest.first : added.first
    this.#fresh.push({ first, last: added.last, at: now })
    this.#age(now)
    this.#overflow(added.last - LIVE_MAX_ROWS)
  }

  /** Takes the fresh rows, at most `limit`, in order; undefined when there are none. */
  takeLive(now: number, limit: number): Fresh | undefined {
    this.#age(now)
    const oldest = this.#fresh.shift()
    if (oldest === undefined) return undefined
    let last = oldest.last
    for (let next = this.#fresh[0]; next?.first === last + 1; next = this.#fresh[0]) {
      last = next.last
      this.#fresh.shift()
      if (last - oldest.first + 1 >= limit) {
        return this.#cut({ ...oldest, last }, limit, next.at)
      }
    }
    return this.#cut({ ...oldest, last }, limit, oldest.at)
  }

  /** The oldest waiting row; undefined when there is none. */
  oldestBack(now: number): number | undefined {
    this.#age(now)
    return this.#back.lowest?.first
  }

  /** Takes the oldest waiting rows: ranges in order that span at most `limit` ids. */
  takeBack(now: number, limit: number): readonly Interval[] {
    this.#age(now)
    const lowest = this.#back.lowest
    if (lowest === undefined) return []
    return this.#back.take({ first: lowest.first, last: lowest.first + limit - 1 })
  }

  /** Adds rows to the backlog: taken and not sent, withdrawn and kept, brought back, asked for. */
  putBack(ranges: readonly Interval[]): void {
    this.#back.addAll(ranges)
  }

  /** Takes the oldest rows of both lanes, backlog first, at most `limit` ids: they may be shed. */
  withdraw(limit: number): readonly Interval[] {
    const taken = new IntervalSet(this.#back.takeLowest(limit))
    for (let oldest = this.#fresh[0]; oldest !== undefined; oldest = this.#fresh[0]) {
      if (taken.size >= limit) break
      this.#fresh.shift()
      taken.add(this.#cut(oldest, limit - taken.size, oldest.at))
    }
    return taken.ranges
  }

  /** Takes those of the given rows that wait in either lane. */
  withdrawFrom(ranges: readonly Interval[]): readonly Interval[] {
    const fresh: Fresh[] = []
    const taken = new IntervalSet()
    for (const waiting of this.#fresh) {
      const kept = new IntervalSet([waiting])
      for (const range of ranges) taken.addAll(kept.take(range))
      for (const { first, last } of kept.ranges) fresh.push({ first, last, at: waiting.at })
    }
    this.#fresh = fresh
    for (const range of ranges) taken.addAll(this.#back.take(range))
    return taken.ranges
  }

  /** How many ids wait in the backlog. */
  get backlogSize(): number {
    return this.#back.size
  }

  /** True when nothing waits in either lane. */
  get empty(): boolean {
    return this.#back.lowest === undefined && this.#fresh.length === 0
  }

  /** `restAt` is when what goes beyond `limit` was committed. */
  #cut(range: Fresh, limit: number, restAt: number): Fresh {
    const last = Math.min(range.last, range.first + limit - 1)
    if (last < range.last) this.#fresh.unshift({ first: last + 1, last: range.last, at: restAt })
    return { ...range, last }
  }

  #age(now: number): void {
    for (let oldest = this.#fresh[0]; oldest !== undefined; oldest = this.#fresh[0]) {
      const tooOld = now - oldest.at >= LIVE_MAX_AGE_MS || this.#fresh.length > FRESH_MAX_COMMITS
      if (!tooOld) return
      this.#back.add(oldest)
      this.#fresh.shift()
    }
  }

  /** Rows up to this one do not fit into the live lane. */
  #overflow(through: number): void {
    for (let oldest = this.#fresh[0]; oldest !== undefined; oldest = this.#fresh[0]) {
      if (oldest.first > through) return
      this.#fresh.shift()
      this.#back.add({ first: oldest.first, last: Math.min(oldest.last, through) })
      if (oldest.last > through) this.#fresh.unshift({ ...oldest, first: through + 1 })
    }
  }
}
