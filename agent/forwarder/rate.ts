// The pace that the cloud asked for, as token buckets, one per lane. A pack may leave when there is a
// token for one reading; the rest of it is a debt that later tokens pay. Pure; time is an argument.

import type { Lane } from '../../wire/ids.ts'
import { LANES } from '../../wire/ids.ts'
import type { RateRequest } from '../../wire/requests.ts'

/** Tokens of one lane. */
interface Bucket {
  readonly perSecond: number
  /** One for each reading that may leave; below zero is debt. */
  readonly tokens: number
  /** When `tokens` was right, monotonic ms. */
  readonly at: number
}

/** What holds now; a lane without a bucket has no limit. */
export interface Pace {
  readonly buckets: { readonly [L in Lane]?: Bucket }
  /** When it ends by itself, monotonic ms. */
  readonly until: number
}

/** No limit. */
export const unlimited: Pace = { buckets: {}, until: Infinity }

/** The pace after a request. A debt stays: asking again must not let another pack go at once. */
export function paceOf(before: Pace, request: RateRequest, now: number): Pace {
  const bucketOf = (lane: Lane): Bucket | undefined => {
    const perSecond = request[lane]
    if (perSecond === null) return undefined
    const old = current(before, now).buckets[lane]
    const first = Math.min(1, perSecond)
    const tokens = old === undefined ? first : Math.min(first, filled(old, now).tokens)
    return { perSecond, tokens, at: now }
  }
  const [live, back] = [bucketOf('live'), bucketOf('back')]
  if (live === undefined && back === undefined) return unlimited
  const buckets = {
    ...(live === undefined ? {} : { live }),
    ...(back === undefined ? {} : { back }),
  }
  return { buckets, until: now + request.forMs }
}

/** The pace at `now`: `unlimited` once it is over. */
export function current(pace: Pace, now: number): Pace {
  return now >= pace.until ? unlimited : pace
}

/** True when a pack may leave in this lane. */
export function mayLeave(pace: Pace, lane: Lane, now: number): boolean {
  const bucket = current(pace, now).buckets[lane]
  return bucket === undefined || filled(bucket, now).tokens >= 1
}

/** The pace after a pack of so many readings has left. */
export function left(pace: Pace, lane: Lane, readings: number, now: number): Pace {
  const bucket = pace.buckets[lane]
  if (bucket === undefined) return pace
  const { perSecond, tokens, at } = filled(bucket, now)
  return {
    ...pace,
    buckets: { ...pace.buckets, [lane]: { perSecond, tokens: tokens - readings, at } },
  }
}

/** After how long a lane that must wait may go on, ms; undefined when none must. */
export function waitMs(pace: Pace, now: number): number | undefined {
  const { buckets, until } = current(pace, now)
  const waits = LANES.flatMap((lane) => {
    const bucket = buckets[lane]
    if (bucket === undefined) return []
    const { perSecond, tokens } = filled(bucket, now)
    return tokens >= 1 ? [] : [Math.min(until - now, ((1 - tokens) / perSecond) * 1000)]
  })
  return waits.length === 0 ? undefined : Math.ceil(Math.min(...waits))
}

/** At most one second's worth is saved up. */
function filled(bucket: Bucket, now: number): Bucket {
  const { perSecond, tokens, at } = bucket
  const most = Math.max(1, perSecond)
  const gained = (Math.max(0, now - at) / 1000) * perSecond
  return { perSecond, tokens: Math.min(most, tokens + gained), at: Math.max(at, now) }
}
