// The table of what no chart can show: newest values that are words, and every reading in which
// something was found remarkable.

import { titleOf, unitText } from './catalog.ts'
import { element, flagBadges } from './dom.ts'
import { ageText, quantityText, valueText } from './format.ts'
import type { SeriesState } from './store.ts'

/** Rows of the table; the rest is told as a number. */
const ROWS_MAX = 100

/** Fills the table; hides its section when there is nothing to tell. */
export function fillStates(
  section: HTMLElement,
  all: readonly SeriesState[],
  label: (series: SeriesState) => string,
  now: number,
): void {
  const told = all.filter(({ latest }) => latest.number === null || latest.flags.length > 0)
  const body = section.querySelector('tbody')
  section.hidden = told.length === 0
  if (body === null || told.length === 0) return
  told.sort((left, right) => right.latest.flags.length - left.latest.flags.length)
  const rows = told.slice(0, ROWS_MAX).map((series) => rowOf(series, label(series), now))
  if (told.length > ROWS_MAX) rows.push(moreRow(told.length - ROWS_MAX))
  body.replaceChildren(...rows)
}

function rowOf({ latest }: SeriesState, name: string, now: number): HTMLTableRowElement {
  const row = element('tr')
  const value =
    latest.number === null || typeof latest.value !== 'number'
      ? valueText(latest.value)
      : quantityText(latest.number, unitText(latest.unit))
  const device = element('th', '', name)
  device.scope = 'row'
  const state = element('td', 'state', value)
  state.append(...flagBadges(latest.flags))
  row.append(device, element('td', '', titleOf(latest.type)), state)
  row.append(element('td', 'age', ageText(now - latest.at)))
  return row
}

function moreRow(count: number): HTMLTableRowElement {
  const row = element('tr')
  const cell = element('td', '', `and ${count} more`)
  cell.colSpan = 4
  row.append(cell)
  return row
}
