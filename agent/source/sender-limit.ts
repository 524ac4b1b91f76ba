// How many requests each sender may make: a token bucket for each address. One that floods waits, the
// others do not notice. Memory is bounded whatever the number of senders: those beyond the bound that
// are not idle share one bucket, so that changing addresses gains nothing.

import type { Clock } from '../../base/clock.ts'

/** What a limit is made of. */
export interface SenderLimitOptions {
  /** Requests that one sender may make for each second, for ever. */
  readonly perSecond: number
  readonly clock: Pick<Clock, 'monotonic'>
}

/** A bucket holds this many seconds' worth: a sender that was quiet may catch up. */
const BURST_SECONDS = 5

/** Senders that are told apart; a house has fewer, and this many take 100 kB. */
export const SENDERS_MAX = 1024

interface Bucket {
  tokens: number
  /** When the tokens were counted, monotonic ms. */
  at: number
}

/** The buckets of all senders. */
export class SenderLimit {
  readonly #perSecond: number
  readonly #capacity: number
  readonly #clock: Pick<Clock, 'monotonic'>
  /** The one used longest ago comes first. */
  readonly #buckets = new Map<string, Bucket>()
  readonly #others: Bucket

  constructor({ perSecond, clock }: SenderLimitOptions) {
    this.#perSecond = perSecond
    this.#capacity = perSecond * BURST_SECONDS
    this.#clock = clock
    this.#others = this.#full()
  }

  /** Takes a request of this sender: 0 if it may go on, else after how many seconds the next one may. */
  take(sender: string): number {
    const bucket = this.#refilled(this.#bucketOf(sender))
    if (bucket.tokens < 1) return (1 - bucket.tokens) / this.#perSecond
    bucket.tokens -= 1
    return 0
  }

  /** A sender got a secret wrong: it pays a second's worth, so that guessing takes for ever. */
  punish(sender: string): void {
    const bucket = this.#refilled(this.#bucketOf(sender))
    bucket.tokens = Math.max(0, bucket.tokens - this.#perSecond)
  }

  #bucketOf(sender: string): Bucket {
    const known = this.#buckets.get(sender)
    if (known !== undefined) this.#buckets.delete(sender)
    else if (this.#buckets.size >= SENDERS_MAX && !this.#forgetIdle()) return this.#others
    const bucket = known ?? this.#full()
    this.#buckets.set(sender, bucket)
    return bucket
  }

  /** Forgets the sender that was quiet longest, if its bucket is full again. */
  #forgetIdle(): boolean {
    for (const [sender, bucket] of this.#buckets) {
      if (this.#refilled(bucket).tokens < this.#capacity) return false
      this.#buckets.delete(sender)
      return true
    }
    return false
  }

  #refilled(bucket: Bucket): Bucket {
    const now = this.#clock.monotonic()
    const grown = bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond
    bucket.tokens = Math.min(this.#capacity, grown)
    bucket.at = now
    return bucket
  }

  #full(): Bucket {
    return { tokens: this.#capacity, at: this.#clock.monotonic() }
  }
}
