// A set of integers held as sorted, disjoint, closed ranges. Its cost grows with the number of gaps,
// not of members: what is settled, pending or missing is nearly always a few long ranges.

/** A closed range of integers, first <= last. */
export interface Interval {
  readonly first: number
  readonly last: number
}

/** One pass over all ranges costs about as much as adding this part of them one by one. */
const ONE_PASS_SHARE = 1 / 256

/** A mutable set of integers. */
export class IntervalSet {
  #ranges: Interval[]
  #size = 0

  /** A set of the given ranges, in any order. */
  constructor(ranges: readonly Interval[] = []) {
    this.#ranges = []
    this.addAll(ranges)
  }

  /** The ranges, sorted and disjoint. */
  get ranges(): readonly Interval[] {
    return this.#ranges
  }

  /** The lowest range, or undefined when the set is empty. */
  get lowest(): Interval | undefined {
    return this.#ranges[0]
  }

  /** How many integers are in the set. */
  get size(): number {
    return this.#size
  }

  has(member: number): boolean {
    const range = this.#ranges[this.#place(member)]
    return range !== undefined && range.first <= member
  }

  add(added: Interval): void {
    let { first, last } = added
    let known = 0
    // Neighbours join: 1..3 and 4..6 are one range.
    const from = this.#place(first - 1)
    let to = from
    for (let range = this.#ranges[to]; range && range.first <= last + 1; range = this.#ranges[to]) {
      first = Math.min(first, range.first)
      last = Math.max(last, range.last)
      known += countOf(range)
      to += 1
    }
    this.#ranges.splice(from, to - from, { first, last })
    this.#size += last - first + 1 - known
  }

  /** Adds ranges in any order; many at once cost one pass, not one move of the list for each. */
  addAll(added: readonly Interval[]): void {
    if (added.length <= this.#ranges.length * ONE_PASS_SHARE) {
      for (const range of added) this.add(range)
      return
    }
    const all = [...this.#ranges, ...added].sort((a, b) => a.first - b.first)
    this.#ranges = []
    for (const range of all) {
      const open = this.#ranges.at(-1)
      if (open === undefined || range.first > open.last + 1) this.#ranges.push(range)
      else if (range.last > open.last) {
        this.#ranges[this.#ranges.length - 1] = { first: open.first, last: range.last }
      }
    }
    this.#size = this.#ranges.reduce((sum, range) => sum + countOf(range), 0)
  }

  remove(removed: Interval): void {
    this.take(removed)
  }

  /** Removes what lies within `removed`, and says what that was. */
  take(removed: Interval): readonly Interval[] {
    const from = this.#place(removed.first)
    const kept: Interval[] = []
    const taken: Interval[] = []
    let to = from
    for (
      let range = this.#ranges[to];
      range && range.first <= removed.last;
      range = this.#ranges[to]
    ) {
      const first = Math.max(range.first, removed.first)
      const last = Math.min(range.last, removed.last)
      if (range.first < first) kept.push({ first: range.first, last: first - 1 })
      if (range.last > last) kept.push({ first: last + 1, last: range.last })
      taken.push({ first, last })
      this.#size -= last - first + 1
      to += 1
    }
    if (to > from) this.#ranges.splice(from, to - from, ...kept)
    return taken
  }

  /** Removes the lowest integers, at most `count`, and says which they were. */
  takeLowest(count: number): readonly Interval[] {
    let left = count
    let last = 0
    for (const range of this.#ranges) {
      if (left <= 0) break
      last = Math.min(range.last, range.first + left - 1)
      left -= last - range.first + 1
    }
    const lowest = this.lowest?.first
    return lowest === undefined || count <= 0 ? [] : this.take({ first: lowest, last })
  }

  /** Index of the first range whose last is at least `member`. */
  #place(member: number): number {
    let low = 0
    let high = this.#ranges.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const range = this.#ranges[middle]
      if (range !== undefined && range.last < member) low = middle + 1
      else high = middle
    }
    return low
  }
}

function countOf(range: Interval): number {
  return range.last - range.first + 1
}
