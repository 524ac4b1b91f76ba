// Faults that the simulated SmartThings cloud can be told to have, each as a state that stays until it
// is taken back. There are no streams and no webhooks here, so none of theirs.

import { z } from 'zod'
import type { Clock } from '../../base/clock.ts'
import { denied, gatewayTimeout, tooMany } from './answers.ts'
import type { Answer } from './answers.ts'

/** The parts of the API that can fail by themselves. */
export const AREAS = [
  ...(['token', 'devices', 'status', 'health', 'locations', 'history'] as const),
  ...(['subscriptions', 'capabilities', 'apps'] as const),
] as const

/** A part of the API. */
export type Area = (typeof AREAS)[number]

const areas = z.array(z.enum([...AREAS, 'all'])).readonly()
const minuteOfDay = z.int().min(0).max(1440)

/** The shape of faults; every part may be left out in a change. */
export const faultsSchema = z.strictObject({
  /** True: connections are refused, as when the house has no internet. */
  outage: z.boolean(),
  /** 504 with HTML. */
  gatewayTimeout: areas,
  /** 504 for everything in these minutes of each day (UTC), as was seen at night. */
  nightly504: z.strictObject({ from: minuteOfDay, to: minuteOfDay }).nullable(),
  /** 429 for every call. */
  storm: areas,
  /** 401, as with a token that somebody has taken back. */
  unauthorized: areas,
  /** 403, as for what the token may not see. */
  forbidden: areas,
  /** The body of 401 and 403. */
  authBody: z.enum(['empty', 'html', 'json']),
  /** The call is done, and its answer never comes: the connection breaks. */
  loseAnswers: areas,
  /** So long after the call is the answer, ms of the cloud's clock. */
  delayMs: z.number().min(0),
})

/** All faults. */
export type Faults = z.infer<typeof faultsSchema>

/** No fault. */
export const NO_FAULTS: Faults = {
  ...{ outage: false, gatewayTimeout: [], nightly504: null, storm: [], unauthorized: [] },
  ...{ forbidden: [], authBody: 'empty', loseAnswers: [], delayMs: 0 },
}

const MINUTE_MS = 60_000
const STORM = { attempt: 13, limit: 12, retryMs: 40_585 }

/** True if `list` names the area. */
export function names(list: Faults['storm'], area: Area): boolean {
  return list.includes('all') || list.includes(area)
}

/** The answer that a fault puts in the place of the real one, if there is one. */
export function faultAnswer(faults: Faults, area: Area, clock: Clock): Answer | undefined {
  if (names(faults.gatewayTimeout, area) || isNight(faults, clock)) return gatewayTimeout()
  if (names(faults.storm, area)) return tooMany(STORM.attempt, STORM.limit, STORM.retryMs)
  if (names(faults.unauthorized, area)) return denied(401, faults.authBody)
  if (names(faults.forbidden, area)) return denied(403, faults.authBody)
  return undefined
}

function isNight({ nightly504 }: Faults, clock: Clock): boolean {
  if (nightly504 === null) return false
  const minute = Math.floor(clock.now() / MINUTE_MS) % 1440
  const { from, to } = nightly504
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to
}
