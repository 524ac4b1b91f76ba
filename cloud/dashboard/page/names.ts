// What devices are called, and the labels that series get from it. An id is shown where there is no name,
// and where two devices have the same. Pure.

import type { DeviceLabel, LivePoint } from '../shapes.ts'
import type { SeriesState } from './store.ts'

/** Devices whose names are kept: several times what a page can show. */
const NAMES_MAX = 10_000

/** What a device is called. */
export type Named = Pick<DeviceLabel, 'name' | 'room'>

/** The names that are known. */
export interface Names {
  /** Takes names in any order; of one device the newest counts. True if something changed. */
  take(labels: readonly DeviceLabel[]): boolean
  of(point: LivePoint): Named | undefined
}

/** None yet. */
export function createNames(): Names {
  const known = new Map<string, DeviceLabel>()
  const takeOne = (label: DeviceLabel): boolean => {
    const key = deviceKey(label)
    const before = known.get(key)
    if (before === undefined ? known.size >= NAMES_MAX : label.at < before.at) return false
    known.set(key, label)
    return before?.name !== label.name || before.room !== label.room
  }
  return {
    take: (labels) => labels.map(takeOne).includes(true),
    of: (point) => known.get(deviceKey(point)),
  }
}

/** Gives each series its label. */
export type Label = (series: SeriesState) => string

/** Labels as short as they can be: channel, site and hub are told only where they tell something. */
export function labelsFor(all: readonly SeriesState[], names: Names): Label {
  const hubs = new Set(all.map(({ latest }) => latest.hub)).size > 1
  const sites = new Set(all.map(({ latest }) => latest.site)).size > 1
  const devicesOf = new Map<string, Set<string>>()
  for (const { latest } of all) {
    const called = calledText(latest, names)
    devicesOf.set(called, (devicesOf.get(called) ?? new Set()).add(deviceKey(latest)))
  }
  return ({ latest }) => {
    const called = names.of(latest)
    const parts = [called?.name ?? latest.device]
    if (latest.channel !== 'main') parts.push(latest.channel)
    if (called !== undefined && tellsRoom(called)) parts.push(called.room ?? '')
    const isAmbiguous = (devicesOf.get(calledText(latest, names))?.size ?? 0) > 1
    if (isAmbiguous && called?.name !== null && called !== undefined) parts.push(latest.device)
    if (sites && latest.site !== null) parts.push(latest.site)
    if (hubs) parts.push(latest.hub)
    return parts.join(' · ')
  }
}

/** A room that the name has already, as in `Kitchen lamp`, is not told twice. */
function tellsRoom({ name, room }: Named): boolean {
  return room !== null && !(name ?? '').toLowerCase().includes(room.toLowerCase())
}

/** What a reader would know a device by, within its hub and site. */
function calledText(point: LivePoint, names: Names): string {
  const { name, room } = names.of(point) ?? { name: null, room: null }
  return JSON.stringify([point.hub, point.site, name ?? point.device, room])
}

function deviceKey({ hub, site, device }: Pick<LivePoint, 'hub' | 'site' | 'device'>): string {
  return JSON.stringify([hub, site, device])
}
