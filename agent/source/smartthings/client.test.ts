import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import t from 'tap'
import type { Test } from 'tap'
import { temporaryFolder } from '../../../test/fixtures/folder.ts'
import { systemClock } from '../../../base/clock.ts'
import type { Clock } from '../../../base/clock.ts'
import { HubleafError, isHubleafError } from '../../../base/errors.ts'
import { parseJson } from '../../../base/json.ts'
import { silentLogger } from '../../../base/log.ts'
import { seededRandom } from '../../../base/random.ts'
import { openSmartThings } from './client.ts'
import { smartThingsSchema } from './config.ts'
import { leaveLogin, smartThingsFiles } from './login-file.ts'
import type { Login } from './login-file.ts'

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void

const NO_ANSWER: { token: Answer | undefined } = { token: undefined }

/** A small cloud: it rotates refresh tokens, each good once, and takes the newest access token. */
async function cloud(t: Pick<Test, 'teardown'>, api: Answer) {
  const state = {
    generation: 1,
    refreshes: 0,
    seen: new Array<string>(),
    ...NO_ANSWER,
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      state.seen.push(`${request.method ?? ''} ${request.url ?? ''}`)
      if (request.url !== '/oauth/token') {
        const isGood = request.headers.authorization === `Bearer access-${state.generation}`
        return isGood ? api(request, response, body) : json(response, 401, undefined)
      }
      state.refreshes += 1
      if (state.token !== undefined) return state.token(request, response, body)
      if (new URLSearchParams(body).get('refresh_token') !== `refresh-${state.generation}`) {
        const error_description = `Invalid refresh token: refresh-secret`
        return json(response, 400, { error: 'invalid_grant', error_description })
      }
      state.generation += 1
      const tokens = {
        access_token: `access-${state.generation}`,
        refresh_token: `refresh-${state.generation}`,
      }
      return json(response, 200, { ...tokens, expires_in: 86_399 })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`
  return { url, state }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

const DAY_MS = 86_400_000

function loginOf(change: Partial<Login> = {}): Login {
  const now = systemClock.now()
  return {
    ...{ id: 'one', client_id: 'client', client_secret: 'app-secret', scopes: ['r:devices:*'] },
    ...{ access_token: 'access-1', refresh_token: 'refresh-1' },
    ...{ obtained_at: now - 1000, expires_at: now + DAY_MS },
    ...change,
  }
}

async function open(
  t: Test,
  url: string,
  more: object = {},
  login = loginOf(),
  clock: Clock = systemClock,
) {
  const dataDir = temporaryFolder(t)
  await leaveLogin(dataDir, login)
  const again = async (given: object = more) => {
    const config = smartThingsSchema.parse({ api_url: url, ...given })
    const random = seededRandom(1)
    const client = await openSmartThings({ config, dataDir, clock, random, log: silentLogger })
    t.teardown(() => client[Symbol.asyncDispose]())
    return client
  }
  return { client: await again(), again, dataDir, files: smartThingsFiles(dataDir) }
}

const signal = (): AbortSignal => new AbortController().signal
const devices = (...ids: readonly string[]) => ids.map((deviceId) => ({ deviceId, components: [] }))
const caught = async (work: Promise<unknown>): Promise<HubleafError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return isHubleafError(error) ? error : new HubleafError('internal', String(error))
}

/** The login as the disk has it. */
const onDisk = (file: string): unknown => parseJson(readFileSync(file, 'utf8'))

t.test(
  'ten calls with an expired token renew it once; it is on the disk before it is used',
  async (t) => {
    let files = smartThingsFiles('')
    const { url, state } = await cloud(t, (_request, response) => {
      t.match(onDisk(files.login), {
        login: { refresh_token: 'refresh-2', access_token: 'access-2' },
      })
      json(response, 200, { items: devices('a') })
    })
    const opened = await open(t, url, {}, loginOf({ expires_at: systemClock.now() - 1 }))
    files = opened.files
    const calls = Array.from({ length: 10 }, () => opened.client.devices.getAll({}, signal()))
    t.equal((await Promise.all(calls)).length, 10)
    t.equal(state.refreshes, 1)
  },
)

t.test('a token that the cloud refuses is renewed once, and a fresh one not again', async (t) => {
  let refuse = false
  const { url, state } = await cloud(t, (_request, response) =>
    refuse ? json(response, 401, undefined) : json(response, 200, { items: devices('a') }),
  )
  state.generation = 2
  const { client } = await open(t, url, {}, loginOf({ refresh_token: 'refresh-2' }))
  const calls = Array.from({ length: 8 }, () => client.devices.getAll({}, signal()))
  await Promise.all(calls)
  t.equal(state.refreshes, 1)
  refuse = true
  t.equal((await caught(client.devices.getAll({}, signal()))).code, 'smartthings_failed')
  t.equal(state.refreshes, 1, 'no storm')
})

t.test('a caller that gives up breaks off no renewal', async (t) => {
  const { url, state } = await cloud(t, (_request, response) => json(response, 200, { items: [] }))
  const arrived = Promise.withResolvers<() => void>()
  state.token = (_request, response) => {
    state.generation = 2
    const tokens = { access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 86_399 }
    arrived.resolve(() => json(response, 200, tokens))
  }
  const { client, files } = await open(t, url, {}, loginOf({ expires_at: systemClock.now() - 1 }))
  const stop = new AbortController()
  const call = caught(client.devices.getAll({}, stop.signal))
  const answer = await arrived.promise
  stop.abort()
  t.equal((await call).code, 'smartthings_stopped')
  answer()
  await client.devices.getAll({}, signal())
  t.match(onDisk(files.login), { login: { refresh_token: 'refresh-2' } })
})

t.test('where the disk fails, the new refresh token is kept and not used up', async (t) => {
  const { url, state } = await cloud(t, (_request, response) => json(response, 200, { items: [] }))
  const { client, files } = await open(t, url)
  await client.devices.getAll({}, signal())
  mkdirSync(`${files.login}.new`)
  state.generation = 2
  await leaveLoginFails(client)
  t.equal(state.refreshes, 1)
  t.match(client.login(), { state: 'ok', warning: /cannot write/ })
  t.match(
    onDisk(files.login),
    { login: { refresh_token: 'refresh-1' } },
    'the disk has the old one',
  )
  t.equal((await caught(client.devices.getAll({}, signal()))).code, 'smartthings_failed')
  t.equal(state.refreshes, 1, 'what is in memory only is not used up')
  rmSync(`${files.login}.new`, { recursive: true })
  await client.devices.getAll({}, signal())
  t.match(onDisk(files.login), { login: { refresh_token: 'refresh-4', access_token: 'access-4' } })
  t.notMatch(client.login(), { warning: /./ })

  async function leaveLoginFails(api: typeof client) {
    state.token = (_request, response) => {
      state.token = undefined
      state.generation = 3
      json(response, 200, {
        access_token: 'access-3',
        refresh_token: 'refresh-3',
        expires_in: 0.001,
      })
    }
    await caught(api.devices.getAll({}, signal()))
  }
})

t.test('invalid_grant asks for a login, survives a restart, and a new login ends it', async (t) => {
  const { url, state } = await cloud(t, (_request, response) => json(response, 200, { items: [] }))
  const expired = loginOf({ refresh_token: 'used', expires_at: systemClock.now() - 1 })
  const { client, again, dataDir } = await open(t, url, {}, expired)
  const error = await caught(client.devices.getAll({}, signal()))
  t.equal(error.code, 'smartthings_needs_login')
  t.notMatch(`${error.message} ${error.hint ?? ''}`, /refresh-secret|app-secret/)
  t.match(client.login(), {
    state: 'needs_login',
    reason: /invalid_grant/,
    hint: /smartthings login/,
  })
  await client[Symbol.asyncDispose]()
  const next = await again()
  t.match(next.login(), { state: 'needs_login' })
  const { refreshes } = state
  await caught(next.devices.getAll({}, signal()))
  t.equal(state.refreshes, refreshes, 'a dead login is not tried again')
  await leaveLogin(dataDir, loginOf({ id: 'two' }))
  t.strictSame(await next.devices.getAll({}, signal()), [], 'taken by the process that runs')
  t.match(next.login(), { state: 'ok' })
})

t.test('a cloud that fails at a renewal (504, HTML) costs no login', async (t) => {
  const { url, state } = await cloud(t, (_request, response) => json(response, 200, { items: [] }))
  state.token = (_request, response) => {
    response.writeHead(504, { 'content-type': 'text/html' })
    response.end('<html><body>504 Gateway Time-out</body></html>')
  }
  const due = loginOf({
    obtained_at: systemClock.now() - DAY_MS,
    expires_at: systemClock.now() + 60_000,
  })
  const { client } = await open(t, url, {}, due)
  t.strictSame(await client.devices.getAll({}, signal()), [], 'the old token still works')
  t.match(client.login(), { state: 'ok', warning: /504/ })
})

t.test('a pause is waited for by the body’s hint, and a long one is told', async (t) => {
  let answers = 0
  let millis = 120
  const { url } = await cloud(t, (_request, response) => {
    answers += 1
    if (answers % 2 === 0) return json(response, 200, { items: devices('a') })
    const message = `attempt 13 limit 12 - retry in ${millis} millis`
    return json(response, 429, { error: { code: 'TooManyRequestError', details: [{ message }] } })
  })
  const { client } = await open(t, url)
  const before = systemClock.monotonic()
  t.equal((await client.devices.getAll({}, signal())).length, 1)
  t.ok(systemClock.monotonic() - before >= 115, 'waited')
  millis = 600_000
  t.equal((await caught(client.devices.getAll({}, signal()))).code, 'smartthings_rate_limited')
  t.ok((client.budget().blockedUntilMs ?? 0) > systemClock.now() + 500_000)
  t.equal((await caught(client.devices.getAll({}, signal()))).code, 'smartthings_rate_limited')
  t.equal(answers, 3, 'no call within the pause')
})

t.test('the budget holds over a restart, and never counts too few', async (t) => {
  const { url, state } = await cloud(t, (_request, response) => json(response, 200, { items: [] }))
  const { client, again, files } = await open(t, url, { budget: { per_hour: 15 } })
  for (let call = 0; call < 3; call += 1) await client.devices.getAll({}, signal())
  t.equal(client.budget().hour.used, 3)
  const usage = onDisk(files.usage)
  t.match(usage, { hour: { used: 10 } }, 'a block is taken ahead')
  await client[Symbol.asyncDispose]()
  t.match(onDisk(files.usage), { hour: { used: 3 } }, 'and given back')
  writeFileSync(files.usage, JSON.stringify(usage))
  const crashed = await again()
  t.equal(crashed.budget().hour.used, 10)
  for (let call = 0; call < 5; call += 1) await crashed.devices.getAll({}, signal())
  const made = state.seen.length
  t.equal((await caught(crashed.devices.getAll({}, signal()))).code, 'smartthings_budget_spent')
  t.equal(state.seen.length, made, 'nothing was sent')
  t.ok((crashed.budget().blockedUntilMs ?? 0) > systemClock.now())
})

t.test('a list that shrinks while it is read loses no item', async (t) => {
  let list = ['1', '2', '3', '4', '5', '6']
  const { url } = await cloud(t, (request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page') ?? 0)
    const items = devices(...list.slice(page * 2, page * 2 + 2))
    const isLast = page * 2 + 2 >= list.length
    if (page === 0) list = list.filter((id) => id !== '1')
    json(response, 200, {
      items,
      _links: isLast ? null : { next: { href: `${url}/devices?page=${page + 1}` } },
    })
  })
  const { client } = await open(t, url)
  const found = await client.devices.getAll({}, signal())
  t.strictSame(found.map(({ deviceId }) => deviceId).sort(), ['1', '2', '3', '4', '5', '6'])
})

t.test('no page on another host, no redirect, no page without end', async (t) => {
  const other = await cloud(t, (_request, response) => json(response, 200, { items: [] }))
  let answer: Answer = () => undefined
  const { url } = await cloud(t, (...given) => answer(...given))
  const { client } = await open(t, url)
  answer = (_request, response) =>
    json(response, 200, { items: [], _links: { next: { href: `${other.url}/devices` } } })
  t.equal((await caught(client.devices.getAll({}, signal()))).code, 'smartthings_answer_invalid')
  answer = (_request, response) => {
    response.writeHead(302, { location: `${other.url}/devices` })
    response.end()
  }
  t.equal((await caught(client.devices.getAll({}, signal()))).code, 'smartthings_answer_invalid')
  answer = (_request, response) =>
    json(response, 200, { items: [], _links: { next: { href: `${url}/devices` } } })
  t.equal((await caught(client.devices.getAll({}, signal()))).code, 'smartthings_answer_invalid')
  t.strictSame(other.state.seen, [], 'the other host was asked nothing')
})

t.test('each kind of refusal has its code, and no error holds a token', async (t) => {
  let status = 500
  let body = ''
  const { url } = await cloud(t, (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' })
    response.end(body)
  })
  const { client } = await open(t, url)
  const limit = JSON.stringify({
    error: { code: 'LimitError', message: 'access-1-and-a-long-secret-word' },
  })
  for (const [given, text, code] of [
    [500, '<html>access-1</html>', 'smartthings_failed'],
    [403, '', 'smartthings_forbidden'],
    [404, '', 'smartthings_not_found'],
    [406, '', 'smartthings_refused'],
    [422, limit, 'smartthings_limit_reached'],
    [200, '<html>a portal</html>', 'smartthings_answer_invalid'],
    [200, '{"items":3}', 'smartthings_answer_invalid'],
  ] as const) {
    status = given
    body = text
    const error = await caught(client.devices.getAll({}, signal()))
    t.equal(error.code, code, String(given))
    t.notMatch(`${error.message} ${String(error.stack)}`, /access-1|refresh-1|app-secret/)
  }
})

t.test('a cloud that does not answer is left in time, an aborted call at once', async (t) => {
  const arrived = Promise.withResolvers<undefined>()
  const { url } = await cloud(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write('{"items":')
    arrived.resolve(undefined)
  })
  const { client, again } = await open(t, url, { timeout: '300ms' })
  t.equal((await caught(client.devices.getAll({}, signal()))).code, 'smartthings_unreachable')
  await client[Symbol.asyncDispose]()
  const patient = await again({})
  const stop = new AbortController()
  const call = caught(patient.devices.getAll({}, stop.signal))
  await arrived.promise
  stop.abort()
  t.equal((await call).code, 'smartthings_stopped')
})

t.test('the history gives the last entry too, each once, and keeps its bounds', async (t) => {
  const entry = (epoch: number) => ({
    ...{
      deviceId: 'd',
      component: 'main',
      capability: 'c',
      attribute: 'a',
      value: epoch,
      unit: null,
    },
    ...{ epoch, hash: epoch },
  })
  const { url } = await cloud(t, (request, response) => {
    const page = Number(new URL(request.url ?? '', 'http://x').searchParams.get('page') ?? 0)
    const pages = [
      [5, 10, 11],
      [11, 12],
      [13, 20, 21],
    ]
    const next = page < 2 ? { next: { href: `${url}/history/devices?page=${page + 1}` } } : {}
    json(response, 200, { items: (pages[page] ?? []).map(entry), _links: next })
  })
  const { client } = await open(t, url)
  const found: number[] = []
  const query = { locationId: 'l', afterEpochMs: 5, beforeEpochMs: 21 }
  for await (const { epochMs } of client.history.devices(query, signal())) found.push(epochMs)
  t.strictSame(found, [10, 11, 12, 13, 20])
})
