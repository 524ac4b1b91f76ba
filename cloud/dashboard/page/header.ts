// The page's head: the state of the live link, the rows in the database, the range switch, and a
// notice when something behind the page is away.

import { byId, element, setText } from './dom.ts'
import { countText, spanText } from './format.ts'
import type { LinkState } from './link.ts'

/** The ranges that charts can show: name in the address, text, milliseconds. */
export const RANGES = [
  ['5m', '5 min live', 300_000],
  ['1h', '1 hour', 3_600_000],
  ['24h', '24 hours', 86_400_000],
  ['7d', '7 days', 604_800_000],
] as const

/** What the head shows. */
export interface HeadFacts {
  readonly link: LinkState
  readonly rows: number | null
  readonly storageAway: boolean
  readonly feedAway: boolean
  readonly now: number
}

/** Shows the facts. */
export function showHead(facts: HeadFacts): void {
  const pill = byId('link')
  pill.dataset['state'] = facts.link.kind
  setText(byId('link-text'), linkText(facts.link, facts.now))
  const rows = facts.rows
  setText(
    byId('rows'),
    rows === null ? '' : `${countText(rows)} ${rows === 1 ? 'reading' : 'readings'}`,
  )
  const notice = noticeText(facts)
  byId('notice').hidden = notice === ''
  setText(byId('notice'), notice)
}

function linkText(link: LinkState, now: number): string {
  switch (link.kind) {
    case 'connecting':
      return 'Connecting'
    case 'live':
      return 'Live'
    case 'lost':
      return `Reconnecting · ${spanText(Math.max(0, now - link.since))}`
    default:
      return link satisfies never
  }
}

function noticeText(facts: HeadFacts): string {
  if (facts.link.kind !== 'live') return ''
  if (facts.storageAway) {
    return 'The database does not answer at the moment. Nothing is lost: readings wait and arrive when it is back.'
  }
  return facts.feedAway
    ? 'The message system does not answer at the moment. Nothing is lost: readings wait on the hub and arrive when it is back.'
    : ''
}

/** Builds the range switch; `onPick` hears each choice, and the first at once. */
export function buildRanges(onPick: (windowMs: number) => void): void {
  const host = byId('ranges')
  const pick = (name: string): void => {
    const [key, , windowMs] = RANGES.find(([known]) => known === name) ?? RANGES[0]
    for (const button of host.children) {
      button.ariaPressed = String(button.getAttribute('data-range') === key)
    }
    onPick(windowMs)
  }
  for (const [key, text] of RANGES) {
    const button = element('button', '', text)
    button.type = 'button'
    button.dataset['range'] = key
    button.addEventListener('click', () => {
      location.hash = key
    })
    host.append(button)
  }
  window.addEventListener('hashchange', () => pick(location.hash.slice(1)))
  pick(location.hash.slice(1))
}
