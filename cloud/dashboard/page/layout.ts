// Which cards the page has, in groups and in order. When a series appears or a device is renamed, only
// the cards that it belongs to are built anew.

import { createCard } from './card.ts'
import type { Card, WindowOf } from './card.ts'
import { GROUPS, rankOf } from './catalog.ts'
import type { Group } from './catalog.ts'
import { element } from './dom.ts'
import { labelsFor } from './names.ts'
import type { Label, Names } from './names.ts'
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
export function createLayout(
  host: HTMLElement,
  store: Store,
  names: Names,
  window: WindowOf,
): Layout {
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
      const same = before.find((card) => card.type === type && isOf(card, series, label))
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
      const label = labelsFor(store.all(), names)
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

/** True if the card is of these series, and they are still called what it calls them. */
function isOf(card: Card, series: readonly SeriesState[], label: Label): boolean {
  return (
    card.series.length === series.length &&
    card.series.every((one, index) => one === series[index]) &&
    card.labels.every((text, index) => text === labelAt(series, index, label))
  )
}

function labelAt(series: readonly SeriesState[], index: number, label: Label): string | undefined {
  const one = series[index]
  return one === undefined ? undefined : label(one)
}
