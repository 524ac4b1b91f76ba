// From a series' points to what a chart draws: gaps where readings are missing, growth per second
// for byte counters, and one lane per series for things that are on or off. Pure.

import type { LivePoint } from '../shapes.ts'
import type { Points } from './points.ts'

/** Columns for the chart; null breaks the line. */
export interface Drawn {
  readonly at: number[]
  readonly y: (number | null)[]
}

/** Height of a lane that is on, of the 1 that each lane has. */
export const LANE_HIGH = 0.62

/** Where the lane at `index` of `count` has its floor; the first lane is the top one. */
export function laneFloor(index: number, count: number): number {
  return count - 1 - index + 0.19
}

/** True for words and booleans that stand for 0 or 1. */
export function isOnOff(point: LivePoint): boolean {
  return typeof point.value !== 'number' && (point.number === 0 || point.number === 1)
}

/** A measured line; missing stretches become breaks. */
export function drawLine(points: Points, windowMs: number): Drawn {
  const limit = gapLimit(points.at, windowMs)
  const drawn: Drawn = { at: [], y: [] }
  for (const [index, at] of points.at.entries()) {
    const before = points.at[index - 1]
    if (before !== undefined && at - before > limit) push(drawn, (before + at) / 2, null)
    push(drawn, at, points.number[index] ?? null)
  }
  return drawn
}

/** Growth per second between neighbours; a counter that fell was reset, which is a break. */
export function drawRate(points: Points, windowMs: number): Drawn {
  return drawLine(rateOf(points), windowMs)
}

/** The growth per second at each point but the first; falls are left out. */
export function rateOf(points: Points): Points {
  const at: number[] = []
  const number: number[] = []
  for (const [index, time] of points.at.entries()) {
    const before = points.at[index - 1]
    if (before === undefined) continue
    const growth = (points.number[index] ?? 0) - (points.number[index - 1] ?? 0)
    if (growth < 0) continue
    at.push(time)
    number.push((growth * 1000) / (time - before))
  }
  return { at, number }
}

/**
 * A lane: the state holds until the next reading, the newest until `to`. Where the window has no
 * reading at all the newest one holds throughout, if it is older.
 */
export function drawLane(
  series: { readonly latest: LivePoint; readonly points: Points },
  floor: number,
  window: { readonly from: number; readonly to: number },
): Drawn {
  const { latest, points } = series
  const drawn: Drawn = { at: [], y: [] }
  const level = (number: number): number => floor + number * LANE_HIGH
  if (points.at.length === 0 && latest.number !== null && latest.at <= window.from) {
    push(drawn, window.from, level(latest.number))
  }
  for (const [index, at] of points.at.entries()) push(drawn, at, level(points.number[index] ?? 0))
  const last = drawn.y.at(-1)
  const lastAt = drawn.at.at(-1)
  if (last !== undefined && lastAt !== undefined && lastAt < window.to) push(drawn, window.to, last)
  return drawn
}

/** The longest distance of neighbours that still is one line; infinite while too few are known. */
function gapLimit(times: readonly number[], windowMs: number): number {
  if (times.length < 9) return Infinity
  const step = Math.max(1, Math.floor(times.length / 100))
  const distances: number[] = []
  for (let index = step; index < times.length; index += step) {
    distances.push((times[index] ?? 0) - (times[index - 1] ?? 0))
  }
  distances.sort((left, right) => left - right)
  return Math.max(10 * (distances[distances.length >> 1] ?? 0), windowMs / 40)
}

function push(drawn: Drawn, at: number, y: number | null): void {
  drawn.at.push(at)
  drawn.y.push(y)
}
