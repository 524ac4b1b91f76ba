// `window.hubleaf`: what the page shows, as data, read only. Browser tests compare it with the
// database; people may use it in the console.

import type { Card } from './card.ts'
import type { LinkState } from './link.ts'
import { colourOf } from './palette.ts'

/** One line of a chart as it is shown. */
export interface ExposedSeries {
  readonly hub: string
  readonly type: string
  readonly site: string | null
  readonly device: string
  readonly channel: string
  readonly colour: string
  /** Epoch ms, ascending, each at most once. */
  readonly at: readonly number[]
  /** The database's numbers, also where the chart shows a rate. */
  readonly number: readonly number[]
}

/** One chart as it is shown. */
export interface ExposedChart {
  readonly type: string
  readonly group: string
  readonly series: readonly ExposedSeries[]
}

/** What `window.hubleaf` has; each read is a fresh copy. */
export interface Exposed {
  readonly now: number
  readonly link: LinkState['kind']
  readonly rows: number | null
  readonly windowMs: number
  /** True once the history of all series has come since the link opened. */
  readonly loaded: boolean
  readonly charts: readonly ExposedChart[]
}

/** Puts `window.hubleaf` there; each property asks `source` when it is read. */
export function expose(source: { readonly [K in keyof Exposed]: () => Exposed[K] }): void {
  const value: Exposed = {
    get now() {
      return source.now()
    },
    get link() {
      return source.link()
    },
    get rows() {
      return source.rows()
    },
    get windowMs() {
      return source.windowMs()
    },
    get loaded() {
      return source.loaded()
    },
    get charts() {
      return source.charts()
    },
  }
  Object.defineProperty(window, 'hubleaf', { value: Object.freeze(value) })
}

/** The cards as data. */
export function chartsOf(cards: readonly Card[]): ExposedChart[] {
  return cards.map(({ type, group, series }) => ({
    ...{ type, group },
    series: series.map(({ latest, points }, index) => ({
      ...{ hub: latest.hub, type: latest.type, site: latest.site },
      ...{ device: latest.device, channel: latest.channel, colour: colourOf(index) },
      ...{ at: [...points.at], number: [...points.number] },
    })),
  }))
}
