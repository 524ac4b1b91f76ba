// What the page knows: the series with their newest reading and their points in the window. Live
// points and history come in any order; see points.ts for how they become one line. Pure.

import type { LivePoint } from '../shapes.ts'
import { groupOf, isVital } from './catalog.ts'
import type { Group } from './catalog.ts'
import { firstAtOrAfter, mergePoints, NO_POINTS, POINTS_MAX } from './points.ts'
import { thinPoints, trimPoints } from './points.ts'
import type { Points } from './points.ts'

/** Series on one page: beyond this a page of charts is of no use to anybody. */
export const SERIES_MAX = 1_000

/** One line: who it is, what was last heard, and its points. */
export interface SeriesState {
  readonly key: string
  latest: LivePoint
  points: Points
}

/** The series of the page. */
export interface Store {
  /** Takes newest readings; points join the lines only if `live`. True if a series is new. */
  take(points: readonly LivePoint[], live: boolean): boolean
  /** Joins history to a series. */
  join(key: string, points: Points): void
  /** Drops what is before the window and thins what is too much. */
  trim(from: number): void
  all(): readonly SeriesState[]
  /** The earliest time that is known of any series; infinite without series. */
  earliest(): number
  /** The group of a series; depends on what else its device reports. */
  group(series: SeriesState): Group
}

/** The key of the series that a point belongs to. */
export function keyOf(point: LivePoint): string {
  return JSON.stringify([point.hub, point.site, point.type, point.device, point.channel])
}

/** An empty store. */
export function createStore(): Store {
  const byKey = new Map<string, SeriesState>()
  const machines = new Set<string>()
  const machine = (point: LivePoint): string => JSON.stringify([point.hub, point.device])

  const takeOne = (point: LivePoint, added: Map<string, LivePoint[]>): boolean => {
    const key = keyOf(point)
    const known = byKey.get(key)
    if (known === undefined && byKey.size >= SERIES_MAX) return false
    if (isVital(point.type)) machines.add(machine(point))
    if (known === undefined) byKey.set(key, { key, latest: point, points: NO_POINTS })
    else if (point.at >= known.latest.at) known.latest = point
    if (point.number !== null) {
      const list = added.get(key)
      if (list === undefined) added.set(key, [point])
      else list.push(point)
    }
    return known === undefined
  }
  const join = (key: string, points: Points): void => {
    const series = byKey.get(key)
    if (series === undefined) return
    const merged = mergePoints(series.points, points)
    series.points = merged.at.length > POINTS_MAX ? thinPoints(merged, POINTS_MAX / 2) : merged
  }
  return {
    take(points, live) {
      const added = new Map<string, LivePoint[]>()
      let isNew = false
      for (const point of points) isNew = takeOne(point, added) || isNew
      if (live) for (const [key, list] of added) join(key, columns(list))
      return isNew
    },
    join,
    trim(from) {
      for (const series of byKey.values()) series.points = trimPoints(series.points, from)
    },
    all: () => [...byKey.values()],
    earliest: () => {
      const starts = [...byKey.values()].map(({ latest, points }) => points.at[0] ?? latest.at)
      return Math.min(Infinity, ...starts)
    },
    group: ({ latest }) => groupOf(latest.type, machines.has(machine(latest))),
  }
}

/** The number that held at a time: of the last point at or before it; undefined before all. */
export function numberAt(points: Points, at: number): number | undefined {
  return points.number[firstAtOrAfter(points.at, at + 1) - 1]
}

function columns(list: readonly LivePoint[]): Points {
  return { at: list.map(({ at }) => at), number: list.map(({ number }) => number ?? 0) }
}
