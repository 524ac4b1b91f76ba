import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { launchBrowser, openPage, skipWithoutChromium } from '../../test/fixtures/browser.ts'
import type { View, WatchedPage } from '../../test/fixtures/browser.ts'
import { countPixels, waitPixels } from '../../test/fixtures/canvas.ts'
import { fakeCloud, startDashboard, waitShown } from '../../test/fixtures/dashboard.ts'
import type { FakeCloud, Shown } from '../../test/fixtures/dashboard.ts'

const LIGHT: View = { theme: 'light', width: 1200, height: 800 }
const DARK: View = { theme: 'dark', width: 390, height: 844 }

const temperature = { type: 'temperature', device: 'kitchen', unit: 'C' } as const

/** One reading a second for `seconds`, ending `endMs` ago; quietly, as history is. */
function commitHistory(cloud: FakeCloud, seconds: number, endMs = 2000): number[] {
  const end = systemClock.now() - endMs
  const times = Array.from({ length: seconds }, (_none, index) => end - (seconds - index) * 1000)
  for (const at of times) {
    cloud.commit({ ...temperature, at, value: 20 + Math.sin(at / 20_000) }, 'quietly')
  }
  return times
}

function kitchen(shown: Shown): Shown['charts'][number]['series'][number] | undefined {
  const chart = shown.charts.find(({ type }) => type === 'temperature')
  return chart?.series.find(({ device }) => device === 'kitchen')
}

const needed = skipWithoutChromium()
// Where it is not skipped, a missing browser must fail the suite.
const browser = needed.skip === undefined ? await launchBrowser(t) : undefined

async function open(url: string, view: View): Promise<WatchedPage> {
  if (browser === undefined) throw new Error('there is no browser')
  return openPage(browser, url, view)
}

async function start(t: Pick<Test, 'teardown'>, cloud: FakeCloud) {
  const server = await startDashboard(cloud)
  t.teardown(() => server[Symbol.asyncDispose]())
  return { server, url: `http://127.0.0.1:${server.port}/` }
}

for (const view of [LIGHT, DARK]) {
  t.test(`history is drawn and live points join it, ${view.theme}`, needed, async (t) => {
    const cloud = fakeCloud()
    const times = commitHistory(cloud, 120)
    const { url } = await start(t, cloud)
    const { page, errors } = await open(url, view)
    const loaded = await waitShown(page, (shown) => shown.loaded)
    t.strictSame(kitchen(loaded)?.at, times, 'all of the history, once')
    const canvas = page.locator('[data-type="temperature"] canvas')
    const pixels = await waitPixels(canvas, kitchen(loaded)?.colour ?? '#000000', 50)
    t.ok(pixels >= 50, `the line covers ${pixels} pixels`)
    t.equal(await countPixels(canvas, '#ff00ff'), 0, 'and a colour that is not there none')

    const at = systemClock.now()
    cloud.commit({ ...temperature, at, value: 25.5 })
    const live = await waitShown(page, (shown) => kitchen(shown)?.at.at(-1) === at, 1000)
    t.equal(kitchen(live)?.number.at(-1), 25.5, 'the value as committed')
    t.ok(live.now - at < 3000, `the newest point is ${live.now - at} ms old`)
    await page.getByText('25.5\u202f°C').waitFor({ timeout: 2000 })
    t.match(await page.locator('[data-type="temperature"] .newest').textContent(), /just now|s ago/)
    t.equal(await page.locator('#link').getAttribute('data-state'), 'live')
    t.strictSame(errors, [])
  })
}

t.test('after the server was away, the gap is filled without doubles', needed, async (t) => {
  const cloud = fakeCloud()
  const before = commitHistory(cloud, 60, 30_000)
  const { server, url } = await start(t, cloud)
  const { page, errors } = await open(url, LIGHT)
  await waitShown(page, (shown) => shown.loaded && shown.link === 'live')
  await server[Symbol.asyncDispose]()
  await waitShown(page, (shown) => shown.link === 'lost')
  await page.getByText(/Reconnecting/).waitFor({ timeout: 2000 })
  const missed = commitHistory(cloud, 20)
  const again = await startDashboard(cloud, server.port)
  t.teardown(() => again[Symbol.asyncDispose]())
  await waitShown(page, (shown) => shown.link === 'live' && shown.loaded)
  const at = systemClock.now()
  cloud.commit({ ...temperature, at, value: 24 })
  const shown = await waitShown(page, (shown) => kitchen(shown)?.at.at(-1) === at)
  t.strictSame(kitchen(shown)?.at, [...before, ...missed, at])
  t.strictSame(errors, [])
})

t.test('a hostile device name is text and nothing else', needed, async (t) => {
  const cloud = fakeCloud()
  const hostile = '<img src=x onerror="document.title=`owned`">'
  const at = systemClock.now() - 1000
  const words = { type: 'button', device: hostile, at, value: '<b>pushed</b>' }
  cloud.commit({ ...temperature, device: hostile, at, value: 21 })
  cloud.commit({ ...words, flags: ['time_suspect'] })
  const { url } = await start(t, cloud)
  const { page, errors } = await open(url, LIGHT)
  await waitShown(page, (shown) => shown.loaded)
  t.equal(await page.locator('.legend .label').textContent(), hostile)
  t.equal(await page.locator('tbody th').textContent(), hostile)
  t.equal(await page.locator('tbody td.state').textContent(), '<b>pushed</b>time in doubt')
  t.equal(await page.locator('main img[src="x"], main b').count(), 0)
  t.equal(await page.title(), 'Hubleaf')
  t.strictSame(errors, [])
})

t.test('P3.10 names stand for ids, and a rename keeps the series', needed, async (t) => {
  const cloud = fakeCloud()
  const times = commitHistory(cloud, 30)
  const at = systemClock.now() - 1000
  cloud.commit({ type: 'thermostat_mode', device: 'kitchen', at, value: 'auto' }, 'quietly')
  cloud.rename('kitchen', { name: 'Thermometer', room: 'Kitchen', at }, 'quietly')
  const { url } = await start(t, cloud)
  const { page, errors } = await open(url, LIGHT)
  await waitShown(page, (shown) => shown.loaded && shown.link === 'live')
  const label = page.locator('[data-type="temperature"] .legend .label')
  t.equal(await label.textContent(), 'Thermometer · Kitchen')
  t.equal(await page.locator('tbody th').textContent(), 'Thermometer · Kitchen')
  cloud.rename('kitchen', { name: '<b>Renamed</b>', at: at + 1 })
  await label.filter({ hasText: '<b>Renamed</b>' }).waitFor({ timeout: 3000 })
  await page.locator('tbody th').filter({ hasText: '<b>Renamed</b>' }).waitFor({ timeout: 3000 })
  const shown = await waitShown(page, (shown) => kitchen(shown)?.at.length === times.length)
  t.strictSame(kitchen(shown)?.at, times, 'one series, with all of its history')
  t.equal(await page.locator('[data-type="temperature"] .legend li').count(), 1)
  t.strictSame(errors, [])
})

t.test('each value has its own unit, and an axis one only if all agree', needed, async (t) => {
  const cloud = fakeCloud()
  const at = systemClock.now() - 1000
  cloud.commit({ ...temperature, at, value: 21.5 })
  const unknown = { type: 'temperature', device: 'attic', at, value: 70 }
  cloud.commit({ ...unknown, flags: ['unit_unknown'] })
  const { url } = await start(t, cloud)
  const { page } = await open(url, LIGHT)
  await waitShown(page, (shown) => shown.loaded)
  const values = page.locator('[data-type="temperature"] .legend .value')
  await values.first().filter({ hasText: /./ }).waitFor({ timeout: 5000 })
  t.strictSame((await values.allTextContents()).sort(), ['21.5\u202f°C', '70'])
})

t.test('types beyond the bound of cards leave nothing on the page', needed, async (t) => {
  const cloud = fakeCloud()
  const at = systemClock.now() - 1000
  for (let type = 0; type < 104; type += 1) {
    cloud.commit({ type: `kind_${type}`, device: 'd', at, value: type }, 'quietly')
  }
  const { url } = await start(t, cloud)
  const { page } = await open(url, LIGHT)
  const cards = async (): Promise<number> => page.locator('#cards .card').count()
  await waitShown(page, (shown) => shown.loaded)
  t.equal(await cards(), 100)
  cloud.commit({ type: 'one_more', device: 'd', at, value: 1 }, 'quietly')
  cloud.interrupt()
  await waitShown(page, (shown) => !shown.loaded || shown.link !== 'live')
  await waitShown(page, (shown) => shown.loaded && shown.link === 'live')
  t.equal(await cards(), 100, 'also after loading again')
})

t.test('an empty page tells how to begin, and begins by itself', needed, async (t) => {
  const cloud = fakeCloud()
  const { url } = await start(t, cloud)
  const { page, errors } = await open(url, DARK)
  await page.getByText('Waiting for the first reading').waitFor({ timeout: 5000 })
  t.match(
    await page.locator('#command').textContent(),
    /curl http:\/\/127.0.0.1:8686\/v1\/readings/,
  )
  await waitShown(page, (shown) => shown.link === 'live')
  cloud.commit({ ...temperature, at: systemClock.now(), value: 21.5 })
  await waitShown(page, (shown) => kitchen(shown)?.number.length === 1, 2000)
  await page.locator('#help').waitFor({ state: 'hidden', timeout: 2000 })
  t.strictSame(errors, [])
})

t.test('another range loads its own history; states and words are shown', needed, async (t) => {
  const cloud = fakeCloud()
  const now = systemClock.now()
  for (let at = now - 3_000_000; at < now; at += 60_000) {
    cloud.commit({ ...temperature, at, value: 20 + (at % 7) }, 'quietly')
  }
  const contact = { type: 'contact', device: 'door' }
  cloud.commit({ ...contact, at: now - 7_200_000, value: 'open', number: 1 }, 'quietly')
  cloud.commit({ type: 'thermostat_mode', device: 'hall', at: now, value: 'auto' }, 'quietly')
  const { url } = await start(t, cloud)
  const { page, errors } = await open(url, LIGHT)
  const few = await waitShown(page, (shown) => shown.loaded)
  await page.getByRole('button', { name: '1 hour' }).click()
  const many = await waitShown(page, (shown) => shown.loaded && shown.windowMs === 3_600_000)
  t.ok((kitchen(few)?.at.length ?? 0) <= 6, 'five minutes')
  t.equal(kitchen(many)?.at.length, 50, 'one hour')
  const door = page.locator('[data-type="contact"]')
  t.equal(await door.locator('.value').textContent(), 'open')
  const colour = many.charts.find(({ type }) => type === 'contact')?.series[0]?.colour ?? ''
  const pixels = await waitPixels(door.locator('canvas'), colour, 50)
  t.ok(pixels >= 50, `a state holds, so it is drawn: ${pixels} pixels`)
  t.equal(await page.locator('tbody td.state').textContent(), 'auto')
  t.strictSame(errors, [])
})
