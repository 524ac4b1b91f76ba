// Which rows go next, and in which lane. Live is what was accepted less than 5 s ago and never tried;
// all else is backlog, oldest first. Pure bookkeeping over row ids; time is an argument.

import { IntervalSet } from '../../base/interval-set.ts'
import type { Interval } from '../../base/interval-set.ts'

/** A row older than this is backlog, ms. */
export const LIVE_MAX_AGE_MS = 5000

/** Commits remembered for their age; beyond this the oldest count as backlog. */
const FRESH_MAX_COMMITS = 4096

interface Fresh extends Interval {
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
  }

  /** Takes the fresh rows, at most `limit`, in order; undefined when there are none. */
  takeLive(now: number, limit: number): Interval | undefined {
    this.#age(now)
    const oldest = this.#fresh.shift()
    if (oldest === undefined) return undefined
    let last = oldest.last
    for (let next = this.#fresh[0]; next?.first === last + 1; next = this.#fresh[0]) {
      last = next.last
      this.#fresh.shift()
      if (last - oldest.first + 1 >= limit) {
        return this.#cut({ first: oldest.first, last, at: next.at }, limit)
      }
    }
    return this.#cut({ ...oldest, last }, limit)
  }

  /** Takes the oldest waiting rows, at most `limit` ids; undefined when there are none. */
  takeBack(now: number, limit: number): Interval | undefined {
    this.#age(now)
    const lowest = this.#back.lowest
    if (lowest === undefined) return undefined
    const taken = { first: lowest.first, last: Math.min(lowest.last, lowest.first + limit - 1) }
    this.#back.remove(taken)
    return taken
  }

  /** Puts back what was taken and not sent. */
  putBack(range: Interval): void {
    this.#back.add(range)
  }

  /** How many ids wait in the backlog. */
  get backlogSize(): number {
    return this.#back.size
  }

  /** True when nothing waits in either lane. */
  get empty(): boolean {
    return this.#back.lowest === undefined && this.#fresh.length === 0
  }

  #cut(range: Fresh, limit: number): Interval {
    const last = Math.min(range.last, range.first + limit - 1)
    if (last < range.last) this.#fresh.unshift({ ...range, first: last + 1 })
    return { first: range.first, last }
  }

  #age(now: number): void {
    for (let oldest = this.#fresh[0]; oldest !== undefined; oldest = this.#fresh[0]) {
      const tooOld = now - oldest.at >= LIVE_MAX_AGE_MS || this.#fresh.length > FRESH_MAX_COMMITS
      if (!tooOld) return
      this.#back.add(oldest)
      this.#fresh.shift()
    }
  }
}
