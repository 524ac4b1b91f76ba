// What the page asks the server for. A request that fails is undefined: the page goes on with what
// it has, and asks again when the link is back.

import type { LatestAnswer, RangeAnswer } from '../shapes.ts'
import { parseLatest, parseRange } from './answer-parser.ts'
import type { SeriesState } from './store.ts'

/** The newest reading of each series, or undefined. */
export async function fetchLatest(signal: AbortSignal): Promise<LatestAnswer | undefined> {
  return parseLatest(await fetchJson('/api/latest', signal))
}

/** A series' points in [from, to), thinned to about `points`, or undefined. */
export async function fetchRange(
  series: SeriesState,
  range: { readonly from: number; readonly to: number; readonly points: number },
  signal: AbortSignal,
): Promise<RangeAnswer | undefined> {
  const { hub, type, site, device, channel } = series.latest
  const query = new URLSearchParams({
    ...{ hub, type, site: site ?? '', device, channel },
    from: String(Math.floor(range.from)),
    to: String(Math.ceil(range.to)),
    points: String(range.points),
  })
  return parseRange(await fetchJson(`/api/range?${query.toString()}`, signal))
}

async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  try {
    const response = await fetch(url, { signal })
    if (!response.ok) return undefined
    const value: unknown = await response.json()
    return value
  } catch {
    return undefined
  }
}
