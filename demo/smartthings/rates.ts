// Rate limits of the simulated SmartThings API: windows that begin with their first call, and a budget
// for a day (UTC). The figures are those of the limits page; the budget of the paid plan is not
// published, so there is none unless one is set.

import type { Clock } from '../../base/clock.ts'
import { rateHeaders, tooMany } from './answers.ts'
import type { Answer } from './answers.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** So many calls in so long a time. */
export interface Rate {
  readonly limit: number
  readonly windowMs: number
}

/** What has a limit of its own. */
export type RateName =
  | ('device' | 'devices' | 'locations' | 'rooms' | 'history')
  | ('subscriptionCreate' | 'subscriptionOther' | 'capabilities' | 'installedApps')

/** The limits; those of `devices` and `history` are not published and stay open unless they are set. */
export const RATES: { readonly [name in RateName]: Rate | undefined } = {
  /** Status, commands and events of one device. */
  device: { limit: 12, windowMs: MINUTE_MS },
  devices: undefined,
  locations: { limit: 100, windowMs: MINUTE_MS },
  rooms: { limit: 50, windowMs: HOUR_MS },
  history: undefined,
  subscriptionCreate: { limit: 40, windowMs: 15 * MINUTE_MS },
  subscriptionOther: { limit: 15, windowMs: 15 * MINUTE_MS },
  capabilities: { limit: 15, windowMs: MINUTE_MS },
  installedApps: { limit: 60, windowMs: MINUTE_MS },
}

/** Counts calls. */
export class RateLimiter {
  readonly #clock: Clock
  readonly #rates: { readonly [name in RateName]: Rate | undefined }
  readonly #windows = new Map<string, { readonly endsAt: number; calls: number }>()
  /** Calls that a day may have; undefined for any number. */
  dailyCalls: number | undefined

  constructor(
    clock: Clock,
    rates: { readonly [name in RateName]?: Rate | undefined },
    dailyCalls: number | undefined,
  ) {
    this.#clock = clock
    this.#rates = { ...RATES, ...rates }
    this.dailyCalls = dailyCalls
  }

  /** Counts a call of `caller` on `subject`; the headers for its answer, or the 429 in its place. */
  count(
    name: RateName | undefined,
    caller: string,
    subject: string,
  ): { readonly headers: Answer['headers']; readonly refusal?: Answer } {
    const now = this.#clock.now()
    const midnight = (Math.floor(now / DAY_MS) + 1) * DAY_MS
    const day = this.#take(`day ${caller}`, this.dailyCalls, midnight)
    if (day?.refusal !== undefined) return day
    const rate = name === undefined ? undefined : this.#rates[name]
    if (name === undefined || rate === undefined) return day ?? { headers: {} }
    return (
      this.#take(`${name} ${caller} ${subject}`, rate.limit, now + rate.windowMs) ?? { headers: {} }
    )
  }

  #take(key: string, limit: number | undefined, endsAt: number) {
    if (limit === undefined) return undefined
    const now = this.#clock.now()
    let window = this.#windows.get(key)
    if (window === undefined || now >= window.endsAt) {
      window = { endsAt, calls: 0 }
      this.#windows.set(key, window)
    }
    window.calls += 1
    const left = window.endsAt - now
    if (window.calls > limit) {
      return { headers: {}, refusal: tooMany(window.calls, limit, left) }
    }
    return { headers: rateHeaders(limit, limit - window.calls, left) }
  }
}
