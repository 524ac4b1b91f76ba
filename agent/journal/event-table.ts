// The recent event ids in memory: 20 bytes each in typed arrays, because a million strings would take
// more memory than all the rest of the agent. Entries are in order of admission; the oldest leave
// first. 96 bits of a hash stand for an id: among a million, a false repeat has a chance of 1e-23.

/** Words of 32 bits per entry. */
const WORDS = 3

/** A bounded set of hashes with the order of their arrival. */
export class EventTable {
  readonly #capacity: number
  #slots: Int32Array
  #words: Uint32Array
  #ages: Float64Array
  #room: number
  /** Numbers of the oldest entry and of the next one; entry n stands at n % room. */
  #first = 0
  #next = 0

  /** Holds `capacity` entries at most; memory grows with what is in it, from `expected` on. */
  constructor(capacity: number, expected = 0) {
    this.#capacity = capacity
    this.#room = Math.min(Math.max(1024, expected), capacity)
    this.#slots = emptySlots(this.#room)
    this.#words = new Uint32Array(this.#room * WORDS)
    this.#ages = new Float64Array(this.#room)
  }

  get size(): number {
    return this.#next - this.#first
  }

  /** Age stamp of the oldest entry; Infinity when there is none. */
  get oldestAge(): number {
    return this.size === 0 ? Infinity : (this.#ages[this.#first % this.#room] ?? Infinity)
  }

  has(hash: Uint32Array): boolean {
    return (this.#slots[this.#slotOf(hash)] ?? -1) >= 0
  }

  /** Adds a hash that is not in the set. The oldest leaves when the set is full. */
  add(hash: Uint32Array, age: number): void {
    if (this.size === this.#capacity) this.removeOldest()
    if (this.size === this.#room) this.#grow()
    const place = this.#next % this.#room
    this.#words.set(hash, place * WORDS)
    this.#ages[place] = age
    this.#slots[this.#slotOf(hash)] = place
    this.#next += 1
  }

  removeOldest(): void {
    if (this.size === 0) return
    this.#unlink(this.#first % this.#room)
    this.#first += 1
  }

  /** Takes back the newest entry. */
  removeNewest(): void {
    if (this.size === 0) return
    this.#next -= 1
    this.#unlink(this.#next % this.#room)
  }

  #hashAt(place: number): Uint32Array {
    return this.#words.subarray(place * WORDS, place * WORDS + WORDS)
  }

  /** The slot that holds the hash, or the empty one where it would go. */
  #slotOf(hash: Uint32Array): number {
    const mask = this.#slots.length - 1
    let slot = (hash[0] ?? 0) & mask
    for (let place = this.#slots[slot] ?? -1; place >= 0; place = this.#slots[slot] ?? -1) {
      if (equal(this.#hashAt(place), hash)) return slot
      slot = (slot + 1) & mask
    }
    return slot
  }

  /** Empties a slot and moves back what had been pushed past it (linear probing, Knuth 6.4 R). */
  #unlink(place: number): void {
    const mask = this.#slots.length - 1
    let hole = this.#slotOf(this.#hashAt(place))
    let slot = (hole + 1) & mask
    for (let other = this.#slots[slot] ?? -1; other >= 0; other = this.#slots[slot] ?? -1) {
      const home = (this.#words[other * WORDS] ?? 0) & mask
      if (((slot - home) & mask) >= ((slot - hole) & mask)) {
        this.#slots[hole] = other
        hole = slot
      }
      slot = (slot + 1) & mask
    }
    this.#slots[hole] = -1
  }

  #grow(): void {
    const { size } = this
    const room = Math.min(this.#capacity, this.#room * 2)
    const words = new Uint32Array(room * WORDS)
    const ages = new Float64Array(room)
    for (let index = 0; index < size; index += 1) {
      const place = (this.#first + index) % this.#room
      words.set(this.#hashAt(place), index * WORDS)
      ages[index] = this.#ages[place] ?? 0
    }
    this.#room = room
    this.#words = words
    this.#ages = ages
    this.#slots = emptySlots(room)
    this.#first = 0
    this.#next = size
    for (let place = 0; place < size; place += 1) {
      this.#slots[this.#slotOf(this.#hashAt(place))] = place
    }
  }
}

/** Twice the entries or more, a power of two. */
function emptySlots(room: number): Int32Array {
  return new Int32Array(2 ** Math.ceil(Math.log2(room * 2))).fill(-1)
}

function equal(one: Uint32Array, other: Uint32Array): boolean {
  return one[0] === other[0] && one[1] === other[1] && one[2] === other[2]
}
