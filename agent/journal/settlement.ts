// What the cloud holds, as row ids, and what of it may be deleted. Pure bookkeeping on monotonic time:
// the journal asks when to write it down. Losing some of it is harmless: those rows are sent again.

import { IntervalSet } from '../../base/interval-set.ts'
import type { Interval } from '../../base/interval-set.ts'
import { SETTLED_MAX_RANGES } from './state.ts'
import type { Settled } from './thread-protocol.ts'

/**
 * Write settlements down after this long, ms, or after this many rows, whichever is first. What a
 * crash takes of them is sent again; writing them more often would wear the card.
 */
const WRITE_AFTER_MS = 30_000
const WRITE_AFTER_ROWS = 5000

/** How finely the age of settled rows is known, ms. */
const AGE_STEP_MS = 600_000

/** Settled rows, their age and what is due. Times are monotonic ms. */
export class Settlement {
  readonly #set: IntervalSet
  readonly #keepMs: number
  /** [time, all up to this id were settled by then], oldest first. */
  #ages: (readonly [at: number, through: number])[]
  #dirtySince: number | undefined
  #rowsSinceWrite = 0

  constructor(settled: Settled, keepMs: number, now: number) {
    const above = settled.ranges.map(([first, last]) => ({ first, last }))
    this.#set = new IntervalSet(above)
    if (settled.through > 0) this.#set.add({ first: 1, last: settled.through })
    this.#keepMs = keepMs
    this.#ages = [[now, settled.through]]
  }

  /** All ids up to this one are settled. */
  get through(): number {
    const lowest = this.#set.lowest
    return lowest?.first === 1 ? lowest.last : 0
  }

  /** True when something is settled that is not written down. */
  get dirty(): boolean {
    return this.#dirtySince !== undefined
  }

  settle(range: Interval, now: number): void {
    this.#set.add(range)
    this.#touch(range.last - range.first + 1, now)
  }

  /** The rows must be sent again. */
  unsettle(range: Interval, now: number): void {
    this.#set.remove(range)
    // What was settled before is not any more: its age starts anew.
    this.#ages = this.#ages.map(([at, through]) => [at, Math.min(through, range.first - 1)])
    this.#touch(WRITE_AFTER_ROWS, now)
  }

  /** What is not settled among the ids 1..head. */
  unsettled(head: number): readonly Interval[] {
    const open = new IntervalSet(head > 0 ? [{ first: 1, last: head }] : [])
    for (const range of this.#set.ranges) open.remove(range)
    return open.ranges
  }

  /** What to write with the next commit, or null if that is not due yet. */
  due(now: number, force: boolean): Settled | null {
    if (this.#dirtySince === undefined) return null
    const waited = now - this.#dirtySince >= WRITE_AFTER_MS
    if (!force && !waited && this.#rowsSinceWrite < WRITE_AFTER_ROWS) return null
    this.#dirtySince = undefined
    this.#rowsSinceWrite = 0
    const { through } = this
    const above = this.#set.ranges
      .filter((range) => range.first > through)
      .slice(0, SETTLED_MAX_RANGES)
    const newest = this.#ages.at(-1)
    if (newest === undefined || now - newest[0] >= AGE_STEP_MS) this.#ages.push([now, through])
    return { through, ranges: above.map((range) => [range.first, range.last]) }
  }

  /** What `due` gave could not be written: it is due again. */
  notWritten(now: number): void {
    this.#touch(0, now)
  }

  /** Rows up to this id have been settled for longer than they are kept; 0 if none. */
  deletable(now: number): number {
    let through = 0
    while ((this.#ages[0]?.[0] ?? Infinity) <= now - this.#keepMs) {
      through = this.#ages.shift()?.[1] ?? through
    }
    if (through > 0) this.#ages.unshift([now - this.#keepMs, through])
    return through
  }

  #touch(rows: number, now: number): void {
    this.#dirtySince ??= now
    this.#rowsSinceWrite += rows
  }
}
