// The query of /api/range to a range request. Each key must be there once and be well formed;
// what is not is refused with a sentence that names the key.

import { HubleafError } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import { parseHubId, parseTypeName } from '../../wire/ids.ts'
import {
  CHANNEL_MAX_CHARS,
  DEVICE_MAX_CHARS,
  SITE_MAX_CHARS,
  TIME_MAX_MS,
} from '../../wire/limits.ts'
import { RANGE_MAX_POINTS } from '../storage/limits.ts'
import type { RangeRequest } from '../storage/storage.ts'
import { RANGE_MAX_MS } from './limits.ts'

/** The request in a query string's keys. Throws `query_invalid`. An empty site means none. */
export function parseRangeQuery(query: unknown): RangeRequest {
  const keys = isJsonObject(query) ? query : {}
  const text = (key: string, maxChars: number): string => {
    const value = keys[key]
    if (typeof value === 'string' && value.length <= maxChars) return value
    return refuse(key, `a text of at most ${maxChars} characters`)
  }
  const integer = (key: string, from: number, to: number): number => {
    const value = text(key, 20)
    const number = /^-?\d+$/.test(value) ? Number(value) : Number.NaN
    return number >= from && number <= to ? number : refuse(key, `an integer ${from} to ${to}`)
  }
  const site = keys['site'] === undefined ? '' : text('site', SITE_MAX_CHARS)
  const from = integer('from', -TIME_MAX_MS, TIME_MAX_MS)
  const to = integer('to', from + 1, Math.min(from + RANGE_MAX_MS, TIME_MAX_MS))
  return {
    hub: parseHubId(text('hub', 32)) ?? refuse('hub', 'a hub id'),
    type: parseTypeName(text('type', 32)) ?? refuse('type', 'a sensor type'),
    site: site === '' ? null : site,
    device: text('device', DEVICE_MAX_CHARS) || refuse('device', 'a device id'),
    channel: text('channel', CHANNEL_MAX_CHARS) || refuse('channel', 'a channel'),
    from,
    to,
    points: integer('points', 2, RANGE_MAX_POINTS),
  }
}

function refuse(key: string, rule: string): never {
  throw new HubleafError('query_invalid', `"${key}" must be given, as ${rule}`)
}
