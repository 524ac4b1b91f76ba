// A simulated house that was polled once a second for as long as it takes: rows with times as a real
// backlog has them, not with the moment at which the benchmark happened to write them.

import { systemClock } from '../../../base/clock.ts'
import type { Clock } from '../../../base/clock.ts'
import { randomInt, seededRandom } from '../../../base/random.ts'
import type { Random } from '../../../base/random.ts'
import { readHouse } from '../../../agent/source/simulated.ts'
import type { SourceReading } from '../../../wire/reading.ts'

const POLL_MS = 1000

/** Timers fire up to this many ms late. */
const LATE_MS = 3

/** The house and its clock: wall and monotonic time stand still between two polls. */
export class House {
  readonly #random: Random
  readonly #startedAt: number
  readonly #monoAtStart = 86_400_123
  #due: number
  #now: number
  #monoMs: number

  /** The first poll is at `startedAt`, epoch ms. */
  constructor(seed: number, startedAt: number) {
    this.#random = seededRandom(seed)
    this.#startedAt = startedAt
    this.#due = startedAt
    this.#now = startedAt
    this.#monoMs = this.#monoAtStart
  }

  /** The clock that stamps what was polled last; waiting takes real time. */
  get clock(): Clock {
    return { ...systemClock, now: () => this.#now, sinceBoot: () => this.#monoMs }
  }

  /** One reading of each sensor, a second after the last. */
  poll(): readonly SourceReading[] {
    const observedAt = this.#due + randomInt(this.#random, LATE_MS)
    this.#due += POLL_MS
    this.#now = observedAt + (this.#random.float() < 0.1 ? 1 : 0)
    // Two clocks that tick in whole milliseconds differ by one now and then.
    this.#monoMs = this.#monoAtStart + this.#now - this.#startedAt + randomInt(this.#random, 2)
    return readHouse(observedAt, this.#random)
  }
}
