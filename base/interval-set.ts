// A set of integers held as sorted, disjoint, closed ranges. Its cost grows with the number of gaps,
// not of members: what is settled, pending or missing is nearly always a few long ranges.

/** A closed range of integers, first <= last. */
export interface Interval {
  readonly first: number
  readonly last: number
}

/** A mutable set of integers. */
export class IntervalSet {
  #ranges: Interval[]

  /** A set of the given ranges, in any order. */
  constructor(ranges: readonly Interval[] = []) {
    this.#ranges = []
    for (const range of ranges) this.add(range)
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
    return this.#ranges.reduce((sum, range) => sum + range.last - range.first + 1, 0)
  }

  has(member: number): boolean {
    const range = this.#ranges[this.#place(member)]
    return range !== undefined && range.first <= member
  }

  add(added: Interval): void {
    let { first, last } = added
    // Neighbours join: 1..3 and 4..6 are one range.
    const from = this.#place(first - 1)
    let to = from
    for (let range = this.#ranges[to]; range && range.first <= last + 1; range = this.#ranges[to]) {
      first = Math.min(first, range.first)
      last = Math.max(last, range.last)
      to += 1
    }
    this.#ranges.splice(from, to - from, { first, last })
  }

  remove(removed: Interval): void {
    const from = this.#place(removed.first)
    const kept: Interval[] = []
    let to = from
    for (
      let range = this.#ranges[to];
      range && range.first <= removed.last;
      range = this.#ranges[to]
    ) {
      if (range.first < removed.first) kept.push({ first: range.first, last: removed.first - 1 })
      if (range.last > removed.last) kept.push({ first: removed.last + 1, last: range.last })
      to += 1
    }
    this.#ranges.splice(from, to - from, ...kept)
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
