// Which cards the page has, in groups and in order. When a series appears, only the card that it
// belongs to is built anew.

import { createCard } from './card.ts'
import type { Card, WindowOf } from './card.ts'
import { GROUPS, rankOf } from './catalog.ts'
import type { Group } from './catalog.ts'
import { element } from './dom.ts'
import type { SeriesState, Store } from './store.ts'

/** Cards on one page. */
const CARDS_MAX = 100

/** The page's cards. */
export interface Layout {
  /** Makes the cards that the store's series ask for. */
  arrange(): void
  /** All cards, in the page's order. */
  cards(): readonly Card[]
}

interface Section {
  readonly group: Group
  readonly root: HTMLElement
  readonly grid: HTMLElement
}

/** An empty layout inside `host`. */
export function createLayout(host: HTMLElement, store: Store, window: WindowOf): Layout {
  const sections = GROUPS.map(([group, heading]): Section => {
    const root = element('section', 'group')
    const grid = element('div', 'grid')
    root.hidden = true
    root.append(element('h2', '', heading), grid)
    host.append(root)
    return { group, root, grid }
  })
  let cards: readonly Card[] = []

  const arrangeSection = ({ group, root, grid }: Section, label: Label, room: number): Card[] => {
    const wanted = seriesByType(store, group).slice(0, room)
    const before = cards.filter((card) => card.group === group)
    const after = wanted.map(([type, series]) => {
      const same = before.find((card) => card.type === type && equal(card.series, series))
      return same ?? createCard({ type, group, series, label, window })
    })
    for (const card of before) if (!after.includes(card)) card.destroy()
    root.hidden = after.length === 0
    for (const [index, card] of after.entries()) {
      const there = grid.children[index]
      if (there !== card.root) grid.insertBefore(card.root, there ?? null)
    }
    for (const card of after) card.mount()
    return after
  }
  return {
    arrange() {
      const label = labelsFor(store.all())
      const arranged: Card[] = []
      for (const section of sections) {
        // A card beyond the bound is never made: nobody would know of it to take it away again.
        arranged.push(...arrangeSection(section, label, CARDS_MAX - arranged.length))
      }
      cards = arranged
    },
    cards: () => cards,
  }
}

type Label = (series: SeriesState) => string

/** Names as short as they can be: channel, site and hub are told only where they tell something. */
export function labelsFor(all: readonly SeriesState[]): Label {
  const hubs = new Set(all.map(({ latest }) => latest.hub)).size > 1
  const sites = new Set(all.map(({ latest }) => latest.site)).size > 1
  return ({ latest }) => {
    const parts = [latest.device]
    if (latest.channel !== 'main') parts.push(latest.channel)
    if (sites && latest.site !== null) parts.push(latest.site)
    if (hubs) parts.push(latest.hub)
    return parts.join(' · ')
  }
}

/** A series without a number is no line; the table of states has it. */
function seriesByType(store: Store, group: Group): (readonly [string, readonly SeriesState[]])[] {
  const byType = new Map<string, SeriesState[]>()
  for (const series of store.all()) {
    const drawable = series.latest.number !== null || series.points.at.length > 0
    if (!drawable || store.group(series) !== group) continue
    const list = byType.get(series.latest.type)
    if (list === undefined) byType.set(series.latest.type, [series])
    else list.push(series)
  }
  return [...byType].sort(
    ([left], [right]) => rankOf(group, left) - rankOf(group, right) || left.localeCompare(right),
  )
}

function equal(left: readonly SeriesState[], right: readonly SeriesState[]): boolean {
  return left.length === right.length && left.every((series, index) => series === right[index])
}
