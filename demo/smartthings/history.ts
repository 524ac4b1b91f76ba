// The history route of the simulated SmartThings API: what was reported in the last days, in pages.
// Its habits are kept: times with `+0000`, next pages that forget the bound of the first one, rows of
// one millisecond told apart by a hash, 20 rows unless asked, 300 at most.

import { isoTime } from '../../base/clock.ts'
import { denied, invalid, page } from './answers.ts'
import type { Answer } from './answers.ts'
import type { Call, CloudParts, Route } from './api.ts'
import { visible } from './devices.ts'
import type { Change } from './happenings.ts'
import type { House } from './house.ts'
import type { HistoryFact } from './truth.ts'

const LIMIT = 20
const LIMIT_MAX = 300

/** What the cloud remembers of a house. Its time is not known of the real one; the old one kept 7 days. */
export class History {
  readonly #keepMs: number
  readonly #rows: Change[] = []

  constructor(house: House, keepMs: number) {
    this.#keepMs = keepMs
    house.listen((happening) => {
      if (happening.kind === 'change') this.#add(happening.change)
    })
  }

  /** The rows that are still there at `now`, oldest first. */
  rows(now: number): readonly Change[] {
    const first = this.#rows.findIndex(({ at }) => at > now - this.#keepMs)
    if (first !== 0) this.#rows.splice(0, first === -1 ? this.#rows.length : first)
    return this.#rows
  }

  #add(change: Change): void {
    let index = this.#rows.length
    // A report by hand may be some milliseconds ahead of those that follow.
    while (index > 0 && isBefore(change, this.#rows[index - 1])) index -= 1
    this.#rows.splice(index, 0, change)
  }
}

type Place = Pick<Change, 'at' | 'hash'>

function isBefore(one: Place, other: Place | undefined): boolean {
  if (other === undefined) return false
  return one.at < other.at || (one.at === other.at && one.hash < other.hash)
}

/** The route. */
export function historyRoutes(parts: CloudParts, history: History): readonly Route[] {
  return [
    {
      ...{ method: 'GET', path: '/history/devices', area: 'history', rate: 'history' },
      answer: (call) => list(parts, history, call),
    },
  ]
}

function list(parts: CloudParts, history: History, { query, access }: Call): Answer {
  const locationIds = query.getAll('locationId')
  if (locationIds.length === 0) return invalid('locationId', 'The value must not be null.')
  const seen = new Map(visible(parts, access).map((device) => [device.deviceId, device]))
  const isSeen = (id: string): boolean =>
    access.grant === undefined || access.grant.locationId === id
  if (!locationIds.every(isSeen)) return denied(403, parts.faults().authBody)
  const limit = Math.min(Number(query.get('limit') ?? LIMIT), LIMIT_MAX)
  if (!Number.isInteger(limit) || limit < 1) return invalid('limit', 'The value is not positive.')
  const bounds = { after: boundOf(query, 'After'), before: boundOf(query, 'Before') }
  if (bounds.after === null) return invalid('pagingAfterEpoch', 'The value is not a number.')
  if (bounds.before === null) return invalid('pagingBeforeEpoch', 'The value is not a number.')
  const { after, before } = bounds
  const deviceIds = query.getAll('deviceId')
  const rows = history
    .rows(parts.clock.now())
    .filter(
      (row) =>
        seen.has(row.deviceId) &&
        locationIds.includes(row.locationId) &&
        (deviceIds.length === 0 || deviceIds.includes(row.deviceId)) &&
        (after === undefined || isAfter(row, after)) &&
        (before === undefined || isAhead(row, before)),
    )
  const oldestFirst = query.get('oldestFirst') === 'true'
  const chosen = oldestFirst ? rows.slice(0, limit) : rows.slice(-limit).reverse()
  const names = { device: (id: string) => seen.get(id)?.label ?? '', location: nameOf(parts.house) }
  const links = linksOf(parts.url(), query, limit, oldestFirst, chosen)
  return page(
    chosen.map((row) => rowOf(row, names)),
    links,
    chosen.map(factOf),
  )
}

interface Bound {
  readonly at: number
  readonly hash?: number
}

/** A bound of the query, undefined if there is none, null if it is no number. */
function boundOf(query: URLSearchParams, side: 'After' | 'Before'): Bound | undefined | null {
  const epoch = query.get(`paging${side}Epoch`)
  if (epoch === null) return undefined
  const hash = query.get(`paging${side}Hash`)
  const bound = { at: Number(epoch), ...(hash === null ? {} : { hash: Number(hash) }) }
  return Number.isFinite(bound.at) && Number.isFinite(bound.hash ?? 0) ? bound : null
}

/** Bounds are exclusive; without a hash the whole millisecond is. */
function isAfter(row: Place, { at, hash }: Bound): boolean {
  return row.at > at || (row.at === at && hash !== undefined && row.hash > hash)
}

function isAhead(row: Place, { at, hash }: Bound): boolean {
  return row.at < at || (row.at === at && hash !== undefined && row.hash < hash)
}

function linksOf(
  url: string,
  query: URLSearchParams,
  limit: number,
  oldestFirst: boolean,
  rows: readonly Change[],
) {
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined) return {}
  const href = (side: 'After' | 'Before', { at, hash }: Place) => {
    const next = new URLSearchParams()
    for (const name of ['locationId', 'deviceId']) {
      for (const value of query.getAll(name)) next.append(name, value)
    }
    next.set('limit', String(limit))
    next.set('oldestFirst', String(oldestFirst))
    next.set('pagingOffset', '0')
    next.set(`paging${side}Epoch`, String(at))
    next.set(`paging${side}Hash`, String(hash))
    return { href: `${url}/history/devices?${next.toString()}` }
  }
  const [forward, backward] = oldestFirst
    ? (['After', 'Before'] as const)
    : (['Before', 'After'] as const)
  const previous = href(backward, first)
  return rows.length < limit ? { previous } : { next: href(forward, last), previous }
}

interface Names {
  readonly device: (deviceId: string) => string
  readonly location: (locationId: string) => string
}

function nameOf({ locations }: House): Names['location'] {
  return (id) => locations.find(({ locationId }) => locationId === id)?.name ?? ''
}

function rowOf(row: Change, names: Names): unknown {
  const { deviceId, locationId, component, capability, attribute, value, unit, at, hash } = row
  const shown = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const deviceName = names.device(deviceId)
  return {
    ...{ deviceId, deviceName, locationId, locationName: names.location(locationId) },
    // To the second, as if the milliseconds were known; and not strict ISO 8601.
    time: `${isoTime(at).slice(0, 19)}.000+0000`,
    text: `${deviceName}: ${attribute} is ${shown}${unit ?? ''}`,
    ...{ component, componentLabel: component, capability, attribute, value, unit: unit ?? null },
    ...{
      data: row.data ?? {},
      translatedAttributeName: attribute,
      translatedAttributeValue: shown,
    },
    ...{ epoch: at, hash },
  }
}

function factOf(row: Change): HistoryFact {
  const { deviceId, component, capability, attribute, value, unit, at: epoch, hash } = row
  const path = { deviceId, component, capability, attribute }
  return { kind: 'history', ...path, value, ...(unit === undefined ? {} : { unit }), epoch, hash }
}
