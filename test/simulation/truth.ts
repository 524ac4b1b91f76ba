// The oracle's own record: what was offered to the agent, what it answered, what its transactions
// held, and which losses the world itself has caused. Nothing here comes from what the agent says to
// the cloud; that is judged against this.

import { IntervalSet } from '../../base/interval-set.ts'

/** A reading that a source has offered, known by the number that is its value. */
export interface Offered {
  readonly n: number
  readonly site: string
  readonly type: string
  readonly device: string
  readonly event: string | undefined
  /** True wall time when it was first handed over, and when it last was, epoch ms. */
  readonly trueTime: number
  lastTime: number
  /** Whether the source gave a time of its own. */
  readonly sourceTime: boolean
  readonly boot: string
  /** Virtual time of the agent's "yes"; undefined while there is none. */
  acceptedAt: number | undefined
  /** The link worked and rows were flowing when it was accepted. */
  calm: boolean
  /** The agent has said "no, I am full" and never "yes". */
  refused: boolean
  /** No answer, or an answer that says nothing about the disk: it may be kept or not. */
  unclear: boolean
  /** The cloud had it and lost it: whether the hub still has it is another question. */
  lostByCloud: boolean
  /** Why it may be missing: what the world has done to the card. */
  excuse: string | undefined
}

/** Where a row stands. */
export interface Place {
  readonly epoch: string
  readonly type: string
  readonly seq: number
}

/** What the simulator knows. */
export class Truth {
  readonly offered = new Map<number, Offered>()
  readonly #numbers = new Map<string, number>()
  readonly #places = new Map<number, Place>()
  readonly #durable = new Map<string, number>()
  readonly #lost = new Map<string, IntervalSet>()
  #next = 0

  /** The next reading's number. */
  nextNumber(): number {
    this.#next += 1
    return this.#next
  }

  /** A transaction with this row has ended well, or may have. */
  committed(place: Place, n: number | undefined): void {
    const key = `${place.epoch} ${place.type}`
    this.#durable.set(key, Math.max(this.#durable.get(key) ?? 0, place.seq))
    if (n === undefined) return
    this.#places.set(n, place)
    this.#numbers.set(`${key} ${place.seq}`, n)
  }

  /** The highest seq that a transaction has given. */
  durable(epoch: string, type: string): number {
    return this.#durable.get(`${epoch} ${type}`) ?? 0
  }

  /** The numbers of the newest readings. */
  newest(count: number): ReadonlySet<number> {
    return new Set(Array.from({ length: count }, (_, index) => this.#next - index))
  }

  placeOf(n: number): Place | undefined {
    return this.#places.get(n)
  }

  /** The reading at a place, if its transaction was seen. */
  numberAt(place: Place): number | undefined {
    return this.#numbers.get(`${place.epoch} ${place.type} ${place.seq}`)
  }

  /** The world has destroyed this reading's row, or may have. */
  excuse(n: number, why: string): void {
    const reading = this.offered.get(n)
    if (reading !== undefined) reading.excuse ??= why
    const place = this.#places.get(n)
    if (place !== undefined) this.excusePlaces(place.epoch, place.type, place.seq, place.seq)
  }

  /** The world may have destroyed rows of this range. */
  excusePlaces(epoch: string, type: string, first: number, last: number): void {
    if (last < first) return
    const key = `${epoch} ${type}`
    const lost = this.#lost.get(key) ?? new IntervalSet()
    lost.add({ first, last })
    this.#lost.set(key, lost)
  }

  isExcused(place: Place): boolean {
    return this.#lost.get(`${place.epoch} ${place.type}`)?.has(place.seq) === true
  }
}

/** The number in a reading's value: `17`, or a text that begins with it. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string') return undefined
  const n = Number.parseInt(value, 10)
  return Number.isSafeInteger(n) ? n : undefined
}
