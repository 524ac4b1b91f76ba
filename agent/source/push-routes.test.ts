import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fastify } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { silentLogger } from '../../base/log.ts'
import { listenOn } from '../../base/ops-server.ts'
import type { SourceReading } from '../../wire/reading.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { agentSchema } from '../config.ts'
import { addPushRoutes } from './push-routes.ts'

const TOKEN = 'a-token-of-the-test'
const PASSCODE = 'example-passcode'
const LAN = '192.0.2.7'
const JSON_BODY = { 'content-type': 'application/json' }
const READING = JSON.stringify({ type: 'temperature', device: 'd', value: 1 })

const fixture = (name: string): string =>
  readFileSync(new URL(`../../test/fixtures/push/${name}.json`, import.meta.url), 'utf8')

/** A server with the routes of a configuration, on a clock that stands still, and what it handed over. */
function serve(t: Test, http: object) {
  const app = fastify()
  t.teardown(() => app.close())
  const config = agentSchema.parse({ hub: 'h1', data_dir: '/d', http })
  const time = { ms: 0 }
  const clock = { ...systemClock, monotonic: () => time.ms }
  const readings: SourceReading[] = []
  addPushRoutes(
    app,
    { config, clock, log: silentLogger },
    {
      accept: async (given) => {
        readings.push(...given)
        return given.map(({ type }, index) => ({ kind: 'stored', type, seq: index + 1 }))
      },
    },
  )
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/status', async () => ({ secret: 'no' }))
  const post = async (url: string, payload: string, headers = {}, remoteAddress = LAN) =>
    app.inject({
      ...{ method: 'POST', url, payload, remoteAddress },
      headers: { ...JSON_BODY, ...headers },
    })
  return { app, post, readings, time }
}

function secretFile(t: Test, text: string): string {
  const file = join(temporaryFolder(t), 'secret')
  writeFileSync(file, `${text}\n`)
  return file
}

/** The code in an answer. */
function codeIn(body: string): unknown {
  const parsed = parseJson(body)
  const error = isJsonObject(parsed) ? parsed['error'] : undefined
  return isJsonObject(error) ? error['code'] : undefined
}

t.test('P9.7 who reaches the agent from elsewhere needs its token', async (t) => {
  const { app, post, readings } = serve(t, {
    ...{ listen: '0.0.0.0:0', token_file: secretFile(t, TOKEN), mqtt_bridge: true },
  })
  const wrong = ['', 'Bearer', 'Bearer ', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN, 'Bearer a b']
  for (const [place, authorization] of wrong.entries()) {
    for (const url of ['/v1/readings', '/push', '/nowhere']) {
      // Each from an address of its own: guesses are dear.
      const answer = await post(url, READING, { authorization }, `192.0.2.${place}`)
      t.equal(answer.statusCode, 401, `${url} with "${authorization}"`)
      t.equal(codeIn(answer.body), 'unauthorized')
      t.equal(answer.headers['www-authenticate'], 'Bearer')
      t.notOk(answer.body.includes(TOKEN))
    }
  }
  t.equal((await app.inject({ url: '/status', remoteAddress: LAN })).statusCode, 401)
  t.equal((await app.inject({ url: '/healthz', remoteAddress: LAN })).statusCode, 200)
  t.strictSame(readings, [])
  const authorization = `Bearer ${TOKEN}`
  t.equal((await post('/v1/readings', READING, { authorization })).statusCode, 200)
  t.equal(
    (await post('/v1/readings', READING, { authorization: `bearer  ${TOKEN}` })).statusCode,
    200,
  )
  t.equal((await app.inject({ url: '/status', headers: { authorization } })).statusCode, 200)
  t.equal(readings.length, 2)
})

t.test('P9.7 no address but loopback is listened on without a token', async (t) => {
  const listens = (listen: string, more = {}): boolean =>
    agentSchema.safeParse({ hub: 'h1', data_dir: '/d', http: { listen, ...more } }).success
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '[::1]']) t.ok(listens(`${host}:1`))
  for (const host of ['0.0.0.0', '[::]', '192.0.2.1', 'hub.example', '127.example.com', '[::2]']) {
    t.notOk(listens(`${host}:1`), host)
    t.ok(listens(`${host}:1`, { token_file: '/t' }), `${host} with a token`)
  }
  const parsed = agentSchema.safeParse({ hub: 'h1', data_dir: '/d', http: { listen: '0.0.0.0:1' } })
  t.match(parsed.error?.issues, [{ path: ['http', 'listen'], message: /http\.token_file/ }])
})

t.test('P9.7 a token that is too short, or not there, ends the start', async (t) => {
  const short = secretFile(t, 'short')
  t.throws(() => serve(t, { token_file: short }), { code: 'secret_unusable' })
  t.throws(() => serve(t, { token_file: '/no/such' }), { code: 'secret_unusable' })
})

t.test('P9.8 a sender that floods is put off, and no other', async (t) => {
  const { app, post, readings, time } = serve(t, { requests_per_second: 2 })
  for (let turn = 0; turn < 10; turn += 1) {
    t.equal((await post('/v1/readings', READING)).statusCode, 200)
  }
  const late = await post('/v1/readings', READING)
  t.equal(late.statusCode, 429)
  t.equal(late.headers['retry-after'], '1')
  t.equal(codeIn(late.body), 'too_many_requests')
  t.equal((await app.inject({ url: '/healthz', remoteAddress: LAN })).statusCode, 429)
  t.equal((await post('/v1/readings', READING, {}, '192.0.2.8')).statusCode, 200, 'another sender')
  time.ms += 500
  t.equal((await post('/v1/readings', READING)).statusCode, 200, 'when its time has come')
  t.equal((await post('/v1/readings', READING)).statusCode, 429)
  t.equal(readings.length, 12)
})

t.test('P9.8 who is put off has its answer before its body is read', async (t) => {
  const { app } = serve(t, { requests_per_second: 1 })
  const port = await listenOn(app, { host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${port}/v1/readings`
  for (let turn = 0; turn < 5; turn += 1) {
    await (await fetch(url, { method: 'POST', headers: JSON_BODY, body: READING })).text()
  }
  const socket = connect(port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  const head = 'POST /v1/readings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
  // The body that is announced never comes.
  socket.write(`${head}Content-Length: 1000\r\n\r\n`)
  const data: readonly unknown[] = await once(socket, 'data')
  t.match(String(data[0]), /^HTTP\/1\.1 429 /)
})

t.test('what is not asked for is not there', async (t) => {
  const { post, readings } = serve(t, {})
  for (const [url, name] of [
    ['/act', 'groovy-temperature'],
    ['/push', 'mqtt-bridge-push'],
  ] as const) {
    t.equal((await post(url, fixture(name))).statusCode, 404)
  }
  t.strictSame(readings, [])
})

t.test('P7.6 the old SmartApp’s readings are as it sent them, with nothing made up', async (t) => {
  const { post, readings } = serve(t, { legacy_passcode_file: secretFile(t, PASSCODE) })
  const names = ['groovy-temperature', 'groovy-humidity', 'groovy-motion', 'groovy-motion-inactive']
  for (const name of names) {
    const answer = await post('/act', fixture(name))
    t.equal(answer.statusCode, 200, name)
    t.match(answer.json(), { accepted: 1, results: [{ status: 'accepted' }] })
  }
  const source = 'legacy'
  t.strictSame(readings, [
    { type: 'temperature', device: 'legacy/temperature', channel: 'main', value: 72, source },
    { type: 'humidity', device: 'legacy/humidity', channel: 'main', value: 41, source },
    { type: 'motion', device: 'legacy/motion', channel: 'main', value: 1, source },
    { type: 'motion', device: 'legacy/motion', channel: 'main', value: 0, source },
  ])
})

t.test('P9.7 the old SmartApp must know the passcode, and its published one is none', async (t) => {
  const published = secretFile(t, 'secure')
  t.throws(() => serve(t, { legacy_passcode_file: published }), { code: 'secret_unusable' })
  const token_file = secretFile(t, TOKEN)
  const legacy_passcode_file = secretFile(t, PASSCODE)
  const { post, readings } = serve(t, { token_file, legacy_passcode_file })
  const good = parseJson(fixture('groovy-temperature'))
  const bodies = [
    fixture('groovy-wrong-passcode'),
    ...[undefined, null, 7, '', [PASSCODE], `${PASSCODE} `].map((passcode) =>
      JSON.stringify({ ...(isJsonObject(good) ? good : {}), passcode }),
    ),
  ]
  for (const [place, body] of bodies.entries()) {
    const answer = await post('/act', body, {}, `192.0.2.${place}`)
    t.equal(answer.statusCode, 401, body)
    t.equal(codeIn(answer.body), 'unauthorized')
  }
  t.strictSame(readings, [])
  t.equal((await post('/act', fixture('groovy-temperature'))).statusCode, 200, 'and no token')
})

t.test('P9.7 guessing the token is as dear', async (t) => {
  const { post } = serve(t, { token_file: secretFile(t, TOKEN), requests_per_second: 100 })
  const statuses: number[] = []
  for (let turn = 0; turn < 6; turn += 1) {
    const authorization = `Bearer guess-number-${turn}`
    statuses.push((await post('/v1/readings', READING, { authorization })).statusCode)
  }
  t.strictSame(statuses, [401, 401, 401, 401, 401, 429])
})

t.test('P9.7 guessing the passcode is dear', async (t) => {
  const legacy_passcode_file = secretFile(t, PASSCODE)
  const { post } = serve(t, { legacy_passcode_file, requests_per_second: 100 })
  const guess = async (): Promise<number> =>
    (await post('/act', fixture('groovy-wrong-passcode'))).statusCode
  const statuses: number[] = []
  for (let turn = 0; turn < 10; turn += 1) statuses.push(await guess())
  t.strictSame(statuses, [401, 401, 401, 401, 401, 429, 429, 429, 429, 429])
})

t.test(
  'P7.6 what smartthings-mqtt-bridge pushes is as it sent it, with nothing made up',
  async (t) => {
    const { post, readings } = serve(t, { mqtt_bridge: true })
    const bodies = [
      fixture('mqtt-bridge-push'),
      JSON.stringify({ name: 'Energy Meter', type: 'power', value: '873' }),
      JSON.stringify({ name: 'Hall', type: 'heatingSetpoint', value: '21.5' }),
      JSON.stringify({ name: 'Lamp', type: 'colorTemperature', value: 2700 }),
    ]
    for (const body of bodies) t.equal((await post('/push', body)).statusCode, 200, body)
    const source = 'mqtt-bridge'
    t.strictSame(readings, [
      { type: 'contact', device: 'Front Door', channel: 'main', value: 'open', source },
      { type: 'power', device: 'Energy Meter', channel: 'main', value: '873', source },
      { type: 'setpoint_heat', device: 'Hall', channel: 'heatingSetpoint', value: '21.5', source },
      { type: 'custom', device: 'Lamp', channel: 'colorTemperature', value: 2700, source },
    ])
  },
)

t.test('P3.6 a body of an older bridge that says something else is refused by field', async (t) => {
  const legacy_passcode_file = secretFile(t, PASSCODE)
  const { post, readings } = serve(t, { legacy_passcode_file, mqtt_bridge: true })
  const legacy = { role: 'smartthings', cmd: 'write', type: 'motion', value: 1, passcode: PASSCODE }
  const push = { name: 'Door', type: 'contact', value: 'open' }
  const wrong: readonly (readonly [url: string, body: unknown, code: string, field?: string])[] = [
    ['/act', { ...legacy, cmd: 'read' }, 'field_invalid', 'cmd'],
    ['/act', { ...legacy, role: 'other' }, 'field_invalid', 'role'],
    ['/act', { ...legacy, type: '' }, 'field_invalid', 'type'],
    ['/act', { ...legacy, type: 7 }, 'field_invalid', 'type'],
    ['/act', { ...legacy, value: null }, 'field_invalid', 'value'],
    ['/act', { ...legacy, value: {} }, 'field_invalid', 'value'],
    ['/act', { ...legacy, time: 1 }, 'field_unknown', 'time'],
    ['/act', { ...legacy, value: undefined }, 'field_missing', 'value'],
    ['/act', [legacy], 'not_an_object'],
    ['/push', { ...push, name: '' }, 'field_invalid', 'name'],
    ['/push', { ...push, name: 'a\u0000b' }, 'field_invalid', 'name'],
    ['/push', { ...push, name: 'n'.repeat(201) }, 'field_invalid', 'name'],
    ['/push', { ...push, type: 't'.repeat(129) }, 'field_invalid', 'type'],
    ['/push', { ...push, value: '' }, 'field_invalid', 'value'],
    ['/push', { ...push, value: 'v'.repeat(20_000) }, 'field_invalid', 'value'],
    ['/push', { ...push, unit: 'C' }, 'field_unknown', 'unit'],
    ['/push', 'text', 'not_an_object'],
  ]
  for (const [url, body, code, field] of wrong) {
    const answer = await post(url, JSON.stringify(body))
    t.equal(answer.statusCode, 400, answer.body)
    t.match(answer.json(), { error: { code, ...(field === undefined ? {} : { field }) } })
  }
  t.equal(codeIn((await post('/push', '{')).body), 'not_json')
  const large = await post('/push', JSON.stringify({ ...push, value: 'v'.repeat(70_000) }))
  t.equal(large.statusCode, 413)
  t.equal(codeIn(large.body), 'body_too_large')
  t.strictSame(readings, [])
})
