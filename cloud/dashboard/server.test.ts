import { request } from 'node:http'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { fakeCloud, startDashboard } from '../../test/fixtures/dashboard.ts'
import { LIVE_MAX_CLIENTS } from './limits.ts'

const now = systemClock.now()

async function serve(t: Pick<Test, 'teardown'>) {
  const cloud = fakeCloud()
  const server = await startDashboard(cloud)
  t.teardown(() => server[Symbol.asyncDispose]())
  const url = `http://127.0.0.1:${server.port}`
  return { cloud, server, url }
}

async function getJson(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url)
  return { status: response.status, body: parseJson(await response.text()) }
}

/** Reads a live stream until the text that came satisfies `enough`; rejects when it ends before. */
async function readLive(url: string, enough: (text: string) => boolean, onOpen?: () => void) {
  const controller = new AbortController()
  const response = await fetch(`${url}/api/live`, { signal: controller.signal })
  onOpen?.()
  let text = ''
  const decoder = new TextDecoder()
  const reader = response.body?.getReader()
  while (!enough(text)) {
    const value: unknown = (await reader?.read())?.value
    if (!(value instanceof Uint8Array)) throw new Error(`the stream ended after: ${text}`)
    text += decoder.decode(value, { stream: true })
  }
  controller.abort()
  return text
}

t.test('newest readings and ranges come from storage', async (t) => {
  const { cloud, url } = await serve(t)
  for (const [index, value] of [20, 21, 22].entries()) {
    const at = now - 3000 + index * 1000
    cloud.commit({ type: 'temperature', device: 'kitchen', at, value, unit: 'C' })
  }
  const latest = await getJson(`${url}/api/latest`)
  t.equal(latest.status, 200)
  const value = 22
  t.match(latest.body, {
    series: [{ device: 'kitchen', value, number: 22, unit: 'C', at: now - 1000 }],
  })
  t.match(latest.body, { agentUrl: 'http://127.0.0.1:8686' })
  const query = 'hub=house&type=temperature&site=&device=kitchen&channel=main&points=100'
  const range = await getJson(`${url}/api/range?${query}&from=${now - 3000}&to=${now - 1000}`)
  t.equal(range.status, 200)
  t.strictSame(range.body, { at: [now - 3000, now - 2000], number: [20, 21] })
})

t.test('a range that is not well asked for is refused by the name of the key', async (t) => {
  const { url } = await serve(t)
  const good = {
    ...{ hub: 'house', type: 'temperature', device: 'kitchen', channel: 'main' },
    ...{ from: '0', to: '1000', points: '100' },
  }
  const bad: readonly (readonly [string, string])[] = [
    ['hub', 'UPPER'],
    ['type', 'x.y'],
    ['device', ''],
    ['channel', ''],
    ['from', 'yesterday'],
    ['from', '1e3'],
    ['to', '0'],
    ['to', '99999999999999'],
    ['points', '1'],
    ['points', '10001'],
    ['points', 'NaN'],
  ]
  for (const [key, value] of bad) {
    const query = new URLSearchParams({ ...good, [key]: value })
    const { status, body } = await getJson(`${url}/api/range?${query.toString()}`)
    t.equal(status, 400, `${key}=${value}`)
    t.match(body, { error: { code: 'query_invalid', message: new RegExp(`"${key}"`) } })
  }
  const doubled = new URLSearchParams(good)
  doubled.append('hub', 'other')
  t.equal((await getJson(`${url}/api/range?${doubled.toString()}`)).status, 400, 'twice')
  t.equal((await getJson(`${url}/api/range`)).status, 400, 'nothing at all')
  t.equal((await getJson(`${url}/nowhere`)).status, 404)
})

t.test('while storage is away, the answers say so and the process is not ready', async (t) => {
  const { cloud, url } = await serve(t)
  t.match(await getJson(`${url}/readyz`), { status: 200 })
  cloud.away = true
  const { status, body } = await getJson(`${url}/api/latest`)
  t.equal(status, 503)
  t.match(body, { error: { code: 'storage_unavailable' } })
  const ready = await getJson(`${url}/readyz`)
  t.equal(ready.status, 503)
  t.match(ready.body, { status: 'failed', checks: { live: { state: 'failed', reason: /NATS/ } } })
  t.match(await getJson(`${url}/healthz`), { status: 200, body: { status: 'ok' } }, 'alive')
})

t.test('live points come as events, packed, after the state', async (t) => {
  const { cloud, url } = await serve(t)
  const text = await readLive(
    url,
    (text) => text.includes('data: ['),
    () => {
      for (const value of [1, 2, 3]) {
        cloud.commit({ type: 'power', device: 'washer', at: now + value, value })
      }
    },
  )
  t.match(text, /^retry: 1000\n\nevent: status\ndata: \{"now":\d+/)
  const line = text.split('\n').find((line) => line.startsWith('data: [')) ?? ''
  t.match(parseJson(line.slice('data: '.length)), [{ value: 1 }, { value: 2 }, { value: 3 }])
})

t.test('when the feed was interrupted, viewers are sent to load again', async (t) => {
  const { cloud, url } = await serve(t)
  const response = await fetch(`${url}/api/live`)
  cloud.interrupt()
  t.match(await response.text(), /^retry: /, 'the stream has ended')
  const text = await readLive(url, (text) => text.includes('status'))
  t.match(text, /event: status/, 'and opens again')
})

t.test('no more viewers than the limit; the next is told so', async (t) => {
  const { url } = await serve(t)
  const controller = new AbortController()
  const opened = Array.from({ length: LIVE_MAX_CLIENTS }, () =>
    fetch(`${url}/api/live`, { signal: controller.signal }),
  )
  for (const response of await Promise.all(opened)) t.equal(response.status, 200)
  const { status, body } = await getJson(`${url}/api/live`)
  t.equal(status, 503)
  t.match(body, { error: { code: 'too_many_viewers' } })
  controller.abort()
})

t.test('a viewer that does not read is dropped, not buffered for', async (t) => {
  const { cloud, url } = await serve(t)
  const dropped = new Promise<void>((resolve, reject) => {
    const asked = request(`${url}/api/live`, (response) => {
      response.once('error', () => resolve())
      response.once('close', () => resolve())
      // Nothing is read until the server has surely given up.
      const text = 'x'.repeat(1000)
      for (let at = 0; at < 20_000; at += 1) {
        cloud.commit({ type: 'custom', device: 'flood', at, value: text })
      }
      systemClock.after(300, () => response.resume())
    })
    asked.once('error', reject)
    asked.end()
  })
  await dropped
  const metrics = await (await fetch(`${url}/metrics`)).text()
  t.match(metrics, /hubleaf_dashboard_live_viewers_dropped_total 1/)
  t.match(metrics, /hubleaf_dashboard_live_viewers 0/)
})

t.test('every file is served with the headers that keep strangers out', async (t) => {
  const { url } = await serve(t)
  const html = await (await fetch(url)).text()
  t.notMatch(html, /<script(?![^>]*src=)/, 'no inline script')
  t.notMatch(html, / style=|<style/, 'no inline style')
  t.notMatch(html, /https?:\/\//, 'nothing from elsewhere')
  const paths = ['/', '/style.css', '/icon.svg', '/uplot.js', '/uplot.css', '/page/main.js']
  for (const path of paths) {
    const response = await fetch(`${url}${path}`)
    t.equal(response.status, 200, path)
    const policy = response.headers.get('content-security-policy') ?? ''
    t.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/)
    t.notMatch(policy, /unsafe|\*/)
    t.equal(response.headers.get('x-content-type-options'), 'nosniff')
    const etag = response.headers.get('etag') ?? ''
    const again = await fetch(`${url}${path}`, { headers: { 'if-none-match': etag } })
    t.equal(again.status, 304, 'not sent twice')
  }
  const script = await fetch(`${url}/page/store.ts`)
  t.match(script.headers.get('content-type'), /^text\/javascript/)
  t.notMatch(await script.text(), /\binterface |: readonly /, 'types are stripped')
})

t.test('it ends while viewers watch, and may be ended twice', async (t) => {
  const { server, url } = await serve(t)
  const response = await fetch(`${url}/api/live`)
  await server[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  const rest = await response.text().catch(() => 'cut')
  t.ok(rest.length > 0, 'the viewer heard the end')
  await t.rejects(fetch(`${url}/api/latest`), 'the port is closed')
})

t.test('P3.10 names come with the newest readings, and as events', async (t) => {
  const { cloud, url } = await serve(t)
  cloud.commit({ type: 'temperature', device: 'id-1', at: now, value: 20 })
  cloud.rename('id-1', { name: 'Thermometer', room: 'Hall', at: now - 5 }, 'quietly')
  const label = { hub: 'house', site: null, device: 'id-1', at: now - 5 }
  const { body } = await getJson(`${url}/api/latest`)
  t.match(body, { devices: [{ ...label, name: 'Thermometer', room: 'Hall' }] })
  t.match(body, { series: [{ device: 'id-1' }] })
  const text = await readLive(
    url,
    (text) => text.includes('event: devices\ndata: ') && text.endsWith('\n\n'),
    () => cloud.rename('id-1', { name: 'Renamed', at: now }),
  )
  const data = /event: devices\ndata: (.*)\n/.exec(text)?.[1] ?? ''
  t.strictSame(parseJson(data), [{ ...label, at: now, name: 'Renamed', room: null }])
  t.notMatch(text, /_device/, 'a record is no point')
})

t.test('without names there are readings all the same', async (t) => {
  const { cloud, url } = await serve(t)
  cloud.commit({ type: 'temperature', device: 'id-1', at: now, value: 20 })
  cloud.storage.devices = async () => {
    throw new HubleafError('storage_unavailable', 'an older storage does not know the question')
  }
  t.match(await getJson(`${url}/api/latest`), {
    ...{ status: 200, body: { devices: [], series: [{ device: 'id-1' }] } },
  })
})
