// A week of the SmartThings source on a virtual clock: a budget, bad nights, refusals, a login that ends,
// an outage, streams that break or freeze, restarts and a crash. Judged by what the house did.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { mapReport } from '../../agent/source/smartthings/mapping.ts'
import { smartThingsSource } from '../../agent/source/smartthings/smartthings-source.ts'
import type { SmartThingsSource } from '../../agent/source/smartthings/smartthings-source.ts'
import type { Sink } from '../../agent/source/source.ts'
import { silentLogger } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import type { SourceReading } from '../../wire/reading.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { seedOr } from '../fixtures/seed.ts'
import { SmartThingsPort } from '../fixtures/smartthings-port.ts'
import type { Change } from '../fixtures/smartthings-port.ts'
import { turn } from '../fixtures/turn.ts'
import { VirtualClock } from '../fixtures/virtual-clock.ts'

const START_MS = Date.UTC(2026, 10, 20)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Rows by id, as a journal keeps them; it refuses now and then. */
class Rows implements Sink {
  readonly rows: SourceReading[] = []
  readonly #ids = new Set<string>()
  #asked = 0

  async accept(readings: readonly SourceReading[]) {
    this.#asked += 1
    await Promise.resolve()
    if (this.#asked % 97 === 0) throw new Error('the journal is busy')
    return readings.map((reading) => {
      const { eventId, type } = reading
      if (eventId !== undefined && this.#ids.has(eventId)) return { kind: 'repeated' } as const
      if (eventId !== undefined) this.#ids.add(eventId)
      this.rows.push(reading)
      return { kind: 'stored', type, seq: this.rows.length } as const
    })
  }
}

/** Which change a reading tells of. */
function placeOf({ device, type, channel, observedAt }: SourceReading): string {
  return `${device} ${type} ${channel} ${observedAt}`
}

function placesOf({ deviceId: device, ...change }: Change): readonly string[] {
  const mapped = mapReport({ ...change, device, component: 'main' })
  return mapped.ok ? mapped.readings.map(placeOf) : []
}

function startWeek(t: Test, sse: boolean) {
  const seed = seedOr(20_264)
  t.comment(`seed ${seed}`)
  const clock = new VirtualClock(START_MS)
  const random = seededRandom(seed)
  const port = new SmartThingsPort({ clock, random, devices: 8, sse, dailyCalls: 1000 })
  const sink = new Rows()
  const cursorFile = join(temporaryFolder(t), 'cursor.json')
  /** Runs the source until the wall clock says so, with all that happens on the way. */
  const runUntil = async (untilMs: number): Promise<SmartThingsSource> => {
    const stop = new AbortController()
    const source = smartThingsSource({
      ...{ api: port.api(), cursorFile, clock, random, log: silentLogger },
      ...{ pollMinMs: 30_000, pollMaxMs: 900_000, reconcileMs: HOUR_MS },
      ...{ staleAfterMs: DAY_MS, stream: sse, history: true },
    })
    const running = source.run(sink, stop.signal)
    // The cursor is read from a real disk, for which this clock does not wait.
    while (source.status().facts.nextSnapshotMs === null) await turn()
    await clock.runUntil(untilMs)
    stop.abort()
    const ended = running.then(() => 'ended')
    while ((await Promise.race([ended, turn()])) !== 'ended') continue
    return source
  }
  return { port, sink, clock, cursorFile, runUntil }
}

type Week = ReturnType<typeof startWeek>

/** What happens in the week, by hour. */
function plan({ clock, port }: Week, sse: boolean): void {
  const { weather } = port
  const at = (hour: number, action: () => void): void => {
    clock.after(hour * HOUR_MS - clock.monotonic(), action)
  }
  const between = (from: number, to: number, change: (on: boolean) => void): void => {
    at(from, () => change(true))
    at(to, () => change(false))
  }
  between(20.1, 29.4, (on) => {
    weather.outage = on
    if (on) port.breakStreams()
  })
  between(44, 46, (on) => {
    weather.refusing = on ? 0.5 : 0
  })
  between(70, 71.5, (on) => {
    weather.needsLogin = on
    if (on) port.breakStreams()
  })
  if (!sse) return
  for (const hour of [10.3, 57, 90.2, 91, 91.01, 130]) at(hour, () => port.breakStreams())
  for (const [from, to] of [
    [12.2, 12.9],
    [60, 65],
    [100.5, 110],
  ] as const) {
    between(from, to, (on) => {
      weather.frozen = on
    })
  }
}

/** Compares what was told with what was kept. */
function judge(t: Test, { port, sink }: Week, mustKeep: readonly Change[]): void {
  const kept = new Map<string, number>()
  for (const row of sink.rows) {
    if (row.type === 'availability') continue
    kept.set(placeOf(row), (kept.get(placeOf(row)) ?? 0) + 1)
  }
  const wanted = new Set([...port.told, ...mustKeep].flatMap(placesOf))
  const lost = [...wanted].filter((place) => !kept.has(place))
  // An event that was told to the whole second keeps its own id, and a crash can double it.
  const doubled = [...kept].filter(([place, count]) => count > 1 && !place.endsWith('000'))
  const invented = [...kept.keys()].filter((place) => !wanted.has(place))
  t.comment(`${port.changes.length} changes, ${port.told.size} told, ${kept.size} kept`)
  t.strictSame(lost.slice(0, 5), [], `${lost.length} lost`)
  t.strictSame(doubled.slice(0, 5), [], `${doubled.length} doubled`)
  t.strictSame(invented.slice(0, 5), [], `${invented.length} invented`)
  t.ok(kept.size > 1000)
}

/** The budget holds, and lasts until the end of each day. */
function judgeBudget(t: Test, { port }: Week): void {
  for (const [day, { count, lastMs }] of port.calls) {
    t.ok(count <= 1000, `${count} calls`)
    if (day === START_MS / DAY_MS + 7) continue
    t.ok(
      lastMs > (day + 1) * DAY_MS - 2 * HOUR_MS,
      `the last one ${(day + 1) * DAY_MS - lastMs} ms before midnight`,
    )
  }
}

t.test('P2.12 a week of polling: each change that was told is kept once', async (t) => {
  const week = startWeek(t, false)
  plan(week, false)
  const source = await week.runUntil(START_MS + 7 * DAY_MS)
  const inOutage = week.port.changes.filter(
    ({ at }) => at > START_MS + 20.2 * HOUR_MS && at < START_MS + 29.4 * HOUR_MS,
  )
  t.ok(inOutage.length > 500)
  judge(t, week, inOutage)
  judgeBudget(t, week)
  t.match(source.status().facts, { state: 'ok', gaps: [], stream: { state: 'off' } })
})

t.test('P2.12 a week of streaming: each change in the house is kept once', async (t) => {
  const week = startWeek(t, true)
  plan(week, true)
  const { clock, cursorFile, port } = week
  await week.runUntil(START_MS + 30 * HOUR_MS)
  // A stop of four hours.
  await clock.runUntil(START_MS + 34 * HOUR_MS)
  await week.runUntil(START_MS + 80 * HOUR_MS)
  // A crash: the cursor is the one of an hour ago.
  copyFileSync(cursorFile, `${cursorFile}.old`)
  await week.runUntil(START_MS + 81 * HOUR_MS)
  copyFileSync(`${cursorFile}.old`, cursorFile)
  const source = await week.runUntil(START_MS + 7 * DAY_MS)
  const { state, stream, gaps, counts } = source.status().facts
  t.strictSame([state, gaps], ['ok', []])
  t.comment(JSON.stringify({ counts, stream }))
  t.ok((counts['stream_stale'] ?? 0) >= 1, 'a frozen stream was found')
  const lastLook = START_MS + 7 * DAY_MS - 2 * HOUR_MS
  judge(
    t,
    week,
    port.changes.filter(({ at }) => at > START_MS && at < lastLook),
  )
  judgeBudget(t, week)
})
