// The product as a new user meets it: one command, a live chart in a real browser, readings pushed by
// hand. What the page shows is compared with the database, and the screenshot is there to be looked at.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { freePorts } from '../../base/free-port.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { launchBrowser, openPage, skipWithoutChromium } from '../fixtures/browser.ts'
import { waitPixels } from '../fixtures/canvas.ts'
import { waitShown } from '../fixtures/dashboard.ts'
import { startDemoProcess } from '../fixtures/demo.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { numberIn, textIn } from '../../base/sqlite.ts'
import { judge } from '../fixtures/load.ts'

const folder = temporaryFolder(t)
const [dashboard = 0, push = 0] = await freePorts(2)
const demo = await startDemoProcess(folder, [dashboard, push])
t.teardown(() => demo.stop())
const file = join(folder, 'storage/readings.sqlite')

function query(sql: string, ...values: (string | number)[]) {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return database.prepare(sql).all(...values)
  } finally {
    database.close()
  }
}

async function post(body: string, type = 'application/json') {
  const init = { method: 'POST', headers: { 'content-type': type }, body }
  const answer = await fetch(`${demo.pushUrl}/v1/readings`, init)
  const json = parseJson(await answer.text())
  return { status: answer.status, json: isJsonObject(json) ? json : {} }
}

t.test(
  'P4.6 P3.10 a live chart in a real browser shows what the database has',
  skipWithoutChromium(),
  async (t) => {
    const browser = await launchBrowser(t)
    const view = { theme: 'light', width: 1200, height: 1000 } as const
    const { page, errors } = await openPage(browser, demo.dashboardUrl, view)
    const enough = await waitShown(
      page,
      ({ loaded, charts }) =>
        loaded &&
        charts.some(
          ({ type, series }) =>
            type === 'temperature' &&
            series.length >= 4 &&
            series.every(({ at }) => at.length >= 5),
        ),
      20_000,
    )
    const chart = enough.charts.find(({ type }) => type === 'temperature')
    for (const { device, channel, colour, at, number } of chart?.series ?? []) {
      const pixels = await waitPixels(page.locator('[data-type="temperature"] canvas'), colour, 50)
      t.ok(pixels >= 50, `the line of ${device} covers ${pixels} pixels`)
      const newest = at.at(-1) ?? 0
      t.ok(
        enough.now - newest < 3000,
        `the newest point of ${device} is ${enough.now - newest} ms old`,
      )
      const rows = query(
        `SELECT observed_at, number FROM readings WHERE type = 'temperature' AND device = ?
       AND channel = ? AND observed_at BETWEEN ? AND ? ORDER BY observed_at`,
        ...[device, channel, at[0] ?? 0, newest],
      )
      const stored = rows.map((row) => [numberIn(row, 'observed_at'), numberIn(row, 'number')])
      t.strictSame(
        at.map((time, index) => [time, number[index]]),
        stored,
        `${device} is as stored`,
      )
    }
    const labels = page.locator('[data-type="temperature"] .legend .label')
    const called = labels.filter({ hasText: 'Weather station · Garden' })
    await called.waitFor({ timeout: 10_000 })
    t.equal(await called.count(), 1, 'devices are shown by name and room')
    const shot = join(process.env['HUBLEAF_SCREENSHOTS'] ?? folder, 'demo.png')
    await page.screenshot({ path: shot, fullPage: true })
    t.comment(`screenshot: ${shot}`)
    t.strictSame(errors, [])
  },
)

t.test('P2.10 a thousand readings in one request and one at a time are stored once', async (t) => {
  const reading = (value: number) => ({ type: 'power', device: 'counted', value, unit: 'W' })
  const many = Array.from({ length: 1000 }, (_, index) => reading(index + 1))
  const together = await post(JSON.stringify(many))
  t.match(together, { status: 200, json: { accepted: 1000, rejected: 0 } })
  for (let value = 1001; value <= 2000; value += 1) {
    const { status } = await post(JSON.stringify(reading(value)))
    if (status !== 200) t.fail(`reading ${value} was answered ${status}`)
  }
  const verdict = await eventually(
    () => judge(file, 'counted', 2000),
    ({ missing }) => missing.length === 0,
    10_000,
  )
  t.strictSame(verdict, { missing: [], twice: [], unknown: [] })
})

t.test(
  'P3.6 bad bodies get a 4xx with a code and a sentence, and nothing of them is stored',
  async (t) => {
    const good = '{"type":"power","device":"bad","value":1}'
    const cases: readonly (readonly [body: string, status: number, code: string])[] = [
      ['{"type":', 400, 'not_json'],
      ['{"type":"power","device":"bad","value":NaN}', 400, 'not_json'],
      ['', 400, 'not_json'],
      ['[]', 400, 'empty_batch'],
      ['"text"', 400, 'not_an_object'],
      ['{"type":"power","device":"bad"}', 400, 'field_missing'],
      ['{"type":"power","device":7,"value":1}', 400, 'field_invalid'],
      ['{"type":"power","device":"bad","value":null}', 400, 'field_invalid'],
      ['{"type":"Power!","device":"bad","value":1}', 400, 'type_invalid'],
      ['{"type":"_epoch","device":"bad","value":1}', 400, 'type_invalid'],
      ['{"type":"power","device":"bad","value":1,"observedAt":"yesterday"}', 400, 'time_invalid'],
      ['{"type":"power","device":"bad","value":1,"observdAt":1}', 400, 'field_unknown'],
      [`{"type":"power","device":"bad","value":"${'x'.repeat(17_000)}"}`, 400, 'value_too_large'],
      [`[${Array.from({ length: 10_001 }, () => good).join()}]`, 413, 'too_many_readings'],
      [' '.repeat(10_000_000), 413, 'body_too_large'],
    ]
    for (const [body, status, code] of cases) {
      const answer = await post(body)
      t.match(answer, { status, json: { error: { code, message: /\w+ \w+/ } } }, code)
    }
    const plain = await post(good, 'text/plain')
    t.match(plain, { status: 415, json: { error: { code: 'unsupported_media_type' } } })
    const stored = query("SELECT count(*) AS n FROM readings WHERE device = 'bad'")
    t.equal(numberIn(stored[0], 'n'), 0)
  },
)

t.test('P1.9 the good readings of a mixed batch are kept, item by item', async (t) => {
  const batch = [
    { type: 'power', device: 'mixed', value: 1 },
    { type: 'power', device: 'mixed', valu: 2 },
    { type: 'power', device: 'mixed', value: 3, observedAt: '1970-01-01T00:00:00Z' },
    { type: 'power', device: 'mixed', value: 4, observedAt: Date.UTC(2099, 0, 1) },
  ]
  const answer = await post(JSON.stringify(batch))
  t.match(answer, {
    status: 207,
    json: {
      ...{ accepted: 3, rejected: 1 },
      results: [
        { status: 'accepted', type: 'power' },
        { status: 'rejected', error: { code: 'field_unknown', message: /did you mean "value"/ } },
        { status: 'accepted' },
        { status: 'accepted' },
      ],
    },
  })
  const rows = await eventually(
    () => query("SELECT value, flags FROM readings WHERE device = 'mixed' ORDER BY value"),
    (found) => found.length === 3,
    10_000,
  )
  t.strictSame(
    rows.map((row) => [textIn(row, 'value'), textIn(row, 'flags').includes('time_suspect')]),
    [
      ['1', false],
      ['3', true],
      ['4', true],
    ],
  )
})

t.test('the processes answer for themselves', async (t) => {
  for (const url of [demo.dashboardUrl, demo.pushUrl]) {
    const answer = await fetch(`${url}/healthz`)
    t.match(await answer.json(), { status: 'ok' })
  }
  const metrics = await (await fetch(`${demo.pushUrl}/metrics`)).text()
  t.match(metrics, /hubleaf_received_events_total\{source="http",type="power"\} \d{4}/)
  const status = await (await fetch(`${demo.pushUrl}/status`)).json()
  t.match(status, { checks: { uplink: { state: 'ok' } } })
})
