// The page: puts store, history, live link, head and cards together. All drawing happens on a
// timer, four times a second at most and never in a hidden tab, however fast points come.

import type { LiveStatus } from '../shapes.ts'
import { createPageClock } from './clock.ts'
import { byId } from './dom.ts'
import { chartsOf, expose } from './expose.ts'
import { buildRanges, showHead } from './header.ts'
import { createHistory } from './history.ts'
import { showHelp } from './help.ts'
import { createLayout } from './layout.ts'
import { keepLink } from './link.ts'
import { createNames, labelsFor } from './names.ts'
import { fillStates } from './states-table.ts'
import { createStore } from './store.ts'

const LIVE_WINDOW_MS = 300_000
const LIVE_WINDOW_MIN_MS = 60_000
const DRAW_EVERY_MS = 250
const AGES_EVERY_MS = 1_000
// A storage service that dies after a commit tells nobody of it: looking again closes such holes.
const RELOAD_EVERY_MS = 120_000

const clock = createPageClock()
const store = createStore()
const names = createNames()
let windowMs: number = LIVE_WINDOW_MS
let status: Pick<LiveStatus, 'rows' | 'storage' | 'feed'> = {
  rows: null,
  storage: 'ok',
  feed: 'ok',
}
let agentUrl: string | null = null
let known = false
let newSeries = false
let filled = false

const layout = createLayout(byId('cards'), store, names, () => {
  const to = clock.now()
  return { from: windowStart(to), to }
})

const history = createHistory({
  clock,
  windowMs: () => windowMs,
  onLatest(answer) {
    clock.heard(answer.now)
    agentUrl = answer.agentUrl
    known = true
    status = { ...status, rows: answer.rows ?? status.rows }
    store.take(answer.series, false)
    names.take(answer.devices)
    layout.arrange()
    tick()
    return layout.cards().flatMap((card) => card.series)
  },
  onRange: (series, answer) => store.join(series.key, answer),
})

buildRanges((picked) => {
  windowMs = picked
  history.load()
})

const link = keepLink('/api/live', clock, {
  // What was committed while no link was open is in the database only.
  onOpen: () => history.load(),
  onPoints(points) {
    newSeries = store.take(points, true) || newSeries
  },
  onDevices(labels) {
    newSeries = names.take(labels) || newSeries
  },
  onStatus(heard) {
    clock.heard(heard.now)
    status = { ...heard, rows: heard.rows ?? status.rows }
  },
  onChange: () => tick(),
})

/** In a new house the live window is as short as its history, so that the first minutes fill it. */
function windowStart(now: number): number {
  if (windowMs > LIVE_WINDOW_MS || !filled) return now - windowMs
  return Math.max(now - windowMs, Math.min(store.earliest(), now - LIVE_WINDOW_MIN_MS))
}

function draw(): void {
  if (document.hidden) return
  const now = clock.now()
  store.trim(now - windowMs)
  filled ||= history.loaded()
  if (newSeries) {
    newSeries = false
    layout.arrange()
    tick()
  }
  for (const card of layout.cards()) card.draw(now)
}

function tick(): void {
  if (document.hidden) return
  const now = clock.now()
  const { rows, storage, feed } = status
  const away = { storageAway: storage === 'away', feedAway: feed === 'away' }
  showHead({ link: link(), rows, now, ...away })
  for (const card of layout.cards()) card.tick(now)
  const all = store.all()
  fillStates(byId('states'), all, labelsFor(all, names), now)
  showHelp(known && all.length === 0, agentUrl)
}

clock.every(RELOAD_EVERY_MS, () => {
  if (!document.hidden) history.load()
})
clock.every(DRAW_EVERY_MS, draw)
clock.every(AGES_EVERY_MS, tick)
document.addEventListener('visibilitychange', () => {
  draw()
  tick()
})
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const card of layout.cards()) card.restyle()
})

expose({
  now: () => clock.now(),
  link: () => link().kind,
  rows: () => status.rows,
  windowMs: () => windowMs,
  loaded: () => history.loaded(),
  charts: () => chartsOf(layout.cards()),
})
