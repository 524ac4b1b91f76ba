// One card: a chart of all series of a type, and below it their names, current values and ages.
// While the pointer is on any chart, the values are those of that moment.

import { isCounter, isDrawnAsRate, titleOf, unitText } from './catalog.ts'
import type { Group } from './catalog.ts'
import { createChart } from './chart.ts'
import type { Chart, ChartKind } from './chart.ts'
import { element, flagBadges, setText } from './dom.ts'
import { drawLane, drawLine, drawRate, isOnOff, laneFloor, rateOf } from './draw.ts'
import type { Drawn } from './draw.ts'
import { ageText, momentText, quantityText, valueText } from './format.ts'
import { colourOf } from './palette.ts'
import { numberAt } from './store.ts'
import type { SeriesState } from './store.ts'

/** Lines in one chart; more than this nobody can tell apart. */
export const CARD_MAX_SERIES = 24

/** A stretch of time, epoch ms. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** The window that charts show, which slides. */
export type WindowOf = () => Span

/** What a card is made of. */
export interface CardParts {
  readonly type: string
  readonly group: Group
  readonly series: readonly SeriesState[]
  readonly label: (series: SeriesState) => string
  readonly window: WindowOf
}

/** A card on the page. */
export interface Card {
  readonly root: HTMLElement
  readonly type: string
  readonly group: Group
  readonly series: readonly SeriesState[]
  /** What the series that are drawn are called. */
  readonly labels: readonly string[]
  /** Puts the chart in; the card must be on the page, for a chart has the width of its place. */
  mount(): void
  /** Draws the lines anew if a series changed or the window slid by a pixel. */
  draw(now: number): void
  /** Brings values and ages up to date. */
  tick(now: number): void
  restyle(): void
  destroy(): void
}

/** Makes a card. */
export function createCard(parts: CardParts): Card {
  const { type, group, window } = parts
  const shown = parts.series.slice(0, CARD_MAX_SERIES)
  const kind = shown.every(({ latest }) => isOnOff(latest)) ? 'lanes' : 'line'
  const unit = commonUnit(shown)
  const labels = shown.map(parts.label)
  const frame = buildFrame(parts, labels)
  const drawnPoints = shown.map(({ points }) => points)
  let chart: Chart | undefined
  let hoverAt: number | undefined
  let drawnAt = -Infinity

  const tick = (now: number): void => {
    for (const [index, series] of shown.entries()) {
      const row = frame.rows[index]
      if (row !== undefined) updateRow(row, series, { kind, now, hoverAt })
    }
    setText(frame.newest, headText(shown, window(), hoverAt))
  }
  const onHover = (at: number | undefined): void => {
    if (at === hoverAt) return
    hoverAt = at
    tick(window().to)
  }
  return {
    ...{ root: frame.root, type, group, series: parts.series, labels, tick },
    mount() {
      chart ??= createChart({
        ...{ host: frame.plot, kind, labels, unit, window, onHover },
        grows: isCounter(type),
      })
    },
    draw(now) {
      const span = window()
      const slid = now - drawnAt >= Math.max(250, (span.to - span.from) / 1000)
      const changed = shown.some(({ points }, index) => points !== drawnPoints[index])
      if (chart === undefined || (!slid && !changed)) return
      drawnAt = now
      for (const [index, series] of shown.entries()) drawnPoints[index] = series.points
      chart.draw(linesOf(shown, kind, span))
    },
    restyle: () => chart?.restyle(),
    destroy() {
      chart?.destroy()
      frame.root.remove()
    },
  }
}

/** The age of the newest reading, or the moment under the pointer. */
function headText(shown: readonly SeriesState[], { from, to }: Span, hoverAt?: number): string {
  if (hoverAt !== undefined) return momentText(hoverAt, to - from)
  return ageText(to - Math.max(...shown.map(({ latest }) => latest.at)))
}

/** What the chart draws for each series in a window. */
function linesOf(shown: readonly SeriesState[], kind: ChartKind, span: Span): Drawn[] {
  return shown.map((series, index) => {
    if (kind === 'lanes') return drawLane(series, laneFloor(index, shown.length), span)
    const draw = isDrawnAsRate(series.latest.type) ? drawRate : drawLine
    return draw(series.points, span.to - span.from)
  })
}

interface Row {
  readonly value: HTMLElement
  readonly age: HTMLElement
  readonly flags: HTMLElement
}

function buildFrame(parts: CardParts, labels: readonly string[]) {
  const root = element('article', 'card')
  root.dataset['type'] = parts.type
  root.dataset['group'] = parts.group
  const head = element('header', 'card-head')
  const newest = element('span', 'newest')
  head.append(element('h3', '', titleOf(parts.type)), newest)
  const plot = element('div', 'plot')
  plot.role = 'img'
  plot.ariaLabel = `Chart of ${titleOf(parts.type)}`
  const list = element('ul', 'legend')
  const rows = labels.map((label, index) => {
    const item = element('li')
    const swatch = element('span', 'swatch')
    swatch.style.backgroundColor = colourOf(index)
    const name = element('span', 'label', label)
    name.title = label
    const row = {
      value: element('span', 'value'),
      age: element('span', 'age'),
      flags: element('span', 'flags'),
    }
    item.append(swatch, name, row.flags, row.value, row.age)
    list.append(item)
    return row
  })
  root.append(head, plot, list)
  const more = parts.series.length - labels.length
  if (more > 0) root.append(element('p', 'more', `and ${more} more that are not drawn`))
  return { root, newest, plot, rows }
}

interface RowFacts {
  readonly kind: ChartKind
  readonly now: number
  readonly hoverAt: number | undefined
}

function updateRow(row: Row, series: SeriesState, facts: RowFacts): void {
  const { latest } = series
  setText(row.value, rowText(series, facts))
  setText(row.age, ageText(facts.now - latest.at))
  const flags = latest.flags.join(' ')
  if (row.flags.dataset['flags'] === flags) return
  row.flags.dataset['flags'] = flags
  row.flags.replaceChildren(...flagBadges(latest.flags))
}

function rowText(series: SeriesState, { kind, hoverAt }: RowFacts): string {
  const { latest } = series
  const unit = unitOf(series)
  if (isDrawnAsRate(latest.type)) {
    const rate = rateOf(series.points)
    const number = hoverAt === undefined ? rate.number.at(-1) : numberAt(rate, hoverAt)
    return number === undefined ? '–' : quantityText(number, unit)
  }
  if (hoverAt === undefined) {
    if (latest.number === null || kind === 'lanes') return valueText(latest.value)
    return quantityText(latest.number, unit)
  }
  const number = numberAt(series.points, hoverAt)
  if (number === undefined) return '–'
  // The words of other moments are not kept; what is known is whether it was the same state.
  if (kind === 'lanes') return number === latest.number ? valueText(latest.value) : onOff(number)
  return quantityText(number, unit)
}

const onOff = (number: number): string => (number === 1 ? 'yes' : 'no')

/** The unit of the axis: none where the lines have several, for a wrong one would be a lie. */
function commonUnit(series: readonly SeriesState[]): string {
  const units = new Set(series.map(unitOf))
  const [first = ''] = units
  return units.size === 1 ? first : ''
}

function unitOf({ latest }: SeriesState): string {
  const unit = unitText(latest.unit)
  return isDrawnAsRate(latest.type) && unit !== '' ? `${unit}/s` : unit
}
