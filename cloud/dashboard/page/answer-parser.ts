// What the server says, to the page's types. Anything of another shape is undefined, so that an
// older page and a newer server part with a sentence instead of a broken screen.

import type { DeviceLabel, LatestAnswer, LivePoint, LiveStatus, RangeAnswer } from '../shapes.ts'

type Fields = { readonly [key: string]: unknown }

/** The JSON in `text`, or undefined. */
export function parseText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

/** Live points, or undefined. */
export function parsePoints(value: unknown): readonly LivePoint[] | undefined {
  if (!Array.isArray(value)) return undefined
  const points = value.map(parsePoint)
  const known = points.filter((point) => point !== undefined)
  return known.length === points.length ? known : undefined
}

/** The answer of /api/latest, or undefined. */
export function parseLatest(value: unknown): LatestAnswer | undefined {
  if (!isFields(value)) return undefined
  const series = parsePoints(value['series'])
  const now = value['now']
  const agentUrl = value['agentUrl']
  if (series === undefined || typeof now !== 'number') return undefined
  return {
    now,
    series,
    devices: parseLabels(value['devices']) ?? [],
    rows: numberOrNull(value['rows']),
    agentUrl: typeof agentUrl === 'string' ? agentUrl : null,
  }
}

/** What devices are called, or undefined. */
export function parseLabels(value: unknown): readonly DeviceLabel[] | undefined {
  if (!Array.isArray(value)) return undefined
  const labels = value.map(parseLabel)
  const known = labels.filter((label) => label !== undefined)
  return known.length === labels.length ? known : undefined
}

/** The answer of /api/range, or undefined. */
export function parseRange(value: unknown): RangeAnswer | undefined {
  if (!isFields(value)) return undefined
  const at = numbers(value['at'])
  const number = numbers(value['number'])
  if (at === undefined || number?.length !== at.length) return undefined
  return { at, number }
}

/** A status event, or undefined. */
export function parseStatus(value: unknown): LiveStatus | undefined {
  if (!isFields(value) || typeof value['now'] !== 'number') return undefined
  return {
    now: value['now'],
    rows: numberOrNull(value['rows']),
    storage: value['storage'] === 'away' ? 'away' : 'ok',
    feed: value['feed'] === 'away' ? 'away' : 'ok',
  }
}

function parsePoint(value: unknown): LivePoint | undefined {
  if (!isFields(value)) return undefined
  const { hub, type, site, device, channel, at, unit, flags } = value
  if (typeof hub !== 'string' || typeof type !== 'string') return undefined
  if (typeof device !== 'string' || typeof channel !== 'string') return undefined
  if (typeof at !== 'number' || !Array.isArray(flags)) return undefined
  return {
    ...{ hub, type, device, channel, at },
    site: textOrNull(site),
    unit: textOrNull(unit),
    value: value['value'],
    number: numberOrNull(value['number']),
    flags: flags.filter((flag) => typeof flag === 'string'),
  }
}

function parseLabel(value: unknown): DeviceLabel | undefined {
  if (!isFields(value)) return undefined
  const { hub, site, device, name, room, at } = value
  if (typeof hub !== 'string' || typeof device !== 'string' || typeof at !== 'number') {
    return undefined
  }
  return { hub, device, at, site: textOrNull(site), name: textOrNull(name), room: textOrNull(room) }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

function numbers(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined
  const found = value.filter((item) => typeof item === 'number')
  return found.length === value.length ? found : undefined
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
