import t from 'tap'
import { at, itemsOf, START_MS, startCloud } from '../../test/fixtures/smartthings-cloud.ts'
import type { SmartThingsCloud } from './cloud.ts'
import { parseJson } from '../../base/json.ts'
import { systemClock } from '../../base/clock.ts'

const MINUTE_MS = 60_000

async function send(
  cloud: SmartThingsCloud,
  token: string,
  method: string,
  path: string,
  body?: unknown,
) {
  const answer = await fetch(`${cloud.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: parseJson(await answer.text()) }
}

const capability = (number: number, name = `cap-${number}`) => ({
  sourceType: 'CAPABILITY',
  capability: { locationId: 'here', capability: `c${number}`, subscriptionName: name },
})

t.test(
  'the thirteenth status of a device in a minute is a 429 with its hint and headers',
  async (t) => {
    const { cloud, clock, get } = await startCloud(t)
    const [, one, two] = cloud.house.devices.map(({ deviceId }) => `/devices/${deviceId}/status`)
    for (let left = 11; left >= 0; left--) {
      const { status, headers } = await get(one ?? '')
      t.equal(status, 200)
      t.equal(headers.get('x-ratelimit-remaining'), String(left))
    }
    clock.set(START_MS + 20_000)
    const refused = await get(one ?? '')
    t.equal(refused.status, 429)
    t.equal(refused.headers.get('x-ratelimit-limit'), '12')
    t.equal(refused.headers.get('x-ratelimit-reset'), '40')
    t.equal(at(refused.body, 'error', 'code'), 'TooManyRequestError')
    t.equal(
      at(refused.body, 'error', 'details', 0, 'message'),
      'attempt 13 limit 12 - retry in 40000 millis',
    )
    t.equal((await get(two ?? '')).status, 200, 'another device has its own limit')
    clock.set(START_MS + MINUTE_MS)
    t.equal((await get(one ?? '')).status, 200)
  },
)

t.test('a budget for the day ends calls until midnight', async (t) => {
  const { cloud, clock, get } = await startCloud(t, { dailyCalls: 3 })
  for (let call = 0; call < 3; call++) t.equal((await get('/devices')).status, 200)
  const refused = await get('/locations')
  t.equal(refused.status, 429)
  t.match(
    at(refused.body, 'error', 'details', 0, 'message'),
    /^attempt 4 limit 3 - retry in 57600000 millis$/,
  )
  const { accessToken } = cloud.grant()
  t.equal((await get('/devices', accessToken)).status, 200, 'another installed app has its own')
  clock.set(Date.UTC(2026, 10, 21))
  t.equal((await get('/locations', accessToken)).status, 200)
})

t.test('forty subscriptions, and the next one is a 422; deleting makes room', async (t) => {
  const { cloud } = await startCloud(t, { rates: { subscriptionCreate: undefined } })
  const { accessToken, grant } = cloud.grant()
  const path = `/v1/installedapps/${grant.installedAppId}/subscriptions`
  const first = await send(cloud, accessToken, 'POST', path, capability(0))
  t.equal(first.status, 200)
  t.strictSame(at(first.body, 'capability', 'stateChangeOnly'), true)
  for (let number = 1; number < 40; number++) {
    t.equal((await send(cloud, accessToken, 'POST', path, capability(number))).status, 200)
  }
  const refused = await send(cloud, accessToken, 'POST', path, capability(40))
  t.match(refused, { status: 422, body: { error: { code: 'LimitError' } } })
  t.equal(itemsOf((await send(cloud, accessToken, 'GET', path)).body).length, 40)
  const id = String(at(first.body, 'id'))
  t.strictSame((await send(cloud, accessToken, 'DELETE', `${path}/${id}`)).body, { count: 1 })
  t.equal((await send(cloud, accessToken, 'GET', `${path}/${id}`)).status, 404)
  const twin = await send(cloud, accessToken, 'POST', path, capability(1))
  t.equal(twin.status, 409, 'a name is used once')
  t.equal((await send(cloud, accessToken, 'POST', path, { sourceType: 'NONE' })).status, 422)
  t.strictSame((await send(cloud, accessToken, 'DELETE', path)).body, { count: 39 })
})

t.test(
  'subscriptions belong to the token of their installed app, and have their rate',
  async (t) => {
    const { cloud } = await startCloud(t, {
      rates: { subscriptionCreate: { limit: 2, windowMs: 1000 } },
    })
    const { accessToken, grant } = cloud.grant()
    const path = `/installedapps/${grant.installedAppId}/subscriptions`
    t.equal((await send(cloud, cloud.personalToken(), 'GET', path)).status, 403)
    t.equal((await send(cloud, cloud.grant().accessToken, 'GET', path)).status, 403)
    const statuses: number[] = []
    for (let number = 0; number < 3; number++) {
      statuses.push((await send(cloud, accessToken, 'POST', path, capability(number))).status)
    }
    t.strictSame(statuses, [200, 200, 429])
  },
)

t.test('faults: outage, 504, storms, 401 and 403 in each form, slow answers', async (t) => {
  const { cloud, clock, get } = await startCloud(t)
  await cloud.setFaults({ outage: true })
  await t.rejects(get('/devices'), { cause: { code: 'ECONNREFUSED' } })
  await cloud.setFaults({ outage: false, gatewayTimeout: ['history'] })
  t.equal((await get('/devices')).status, 200, 'the same port again')
  const gateway = await get('/history/devices?locationId=x')
  t.match(gateway, { status: 504, body: /^<html>/ })
  await cloud.setFaults({ gatewayTimeout: [], storm: ['all'] })
  t.match((await get('/locations')).status, 429)
  await cloud.setFaults({ storm: [], unauthorized: ['devices'] })
  t.match(await get('/devices'), { status: 401, body: '' })
  await cloud.setFaults({ authBody: 'html' })
  t.match(await get('/devices'), { status: 401, body: /^<html>/ })
  await cloud.setFaults({ unauthorized: [], forbidden: ['devices'], authBody: 'json' })
  t.match(await get('/devices'), { status: 403, body: { error: { code: 'ForbiddenError' } } })
  await cloud.setFaults({ forbidden: [], nightly504: { from: 23 * 60, to: 30 } })
  t.equal((await get('/devices')).status, 200)
  clock.set(Date.UTC(2026, 10, 20, 23, 1))
  t.equal((await get('/devices')).status, 504)
  clock.set(Date.UTC(2026, 10, 21, 0, 30))
  t.equal((await get('/devices')).status, 200)
})

t.test('a slow answer waits on the cloud’s clock', async (t) => {
  const { cloud, get } = await startCloud(t, { clock: systemClock })
  await cloud.setFaults({ delayMs: 300 })
  const began = systemClock.monotonic()
  t.equal((await get('/devices')).status, 200)
  t.ok(systemClock.monotonic() - began >= 299)
})

t.test('no token, a bad Accept, a bad body, a strange path', async (t) => {
  const { cloud, get } = await startCloud(t)
  t.match(await get('/devices', 'nobody'), { status: 401, body: '' })
  t.equal((await get('/nowhere')).status, 404)
  t.match(
    cloud.truth.of('call').at(-1),
    { path: '/nowhere', status: 404 },
    'it is a call all the same',
  )
  const { accessToken, grant } = cloud.grant()
  const headers = { authorization: `Bearer ${accessToken}` }
  const accept = async (text: string): Promise<number> =>
    (await fetch(`${cloud.url}/devices`, { headers: { ...headers, accept: text } })).status
  t.equal(await accept('application/vnd.smartthings+json;v=20170916, application/json'), 200)
  t.equal(await accept('image/png'), 406)
  const body = async (type: string): Promise<number> =>
    (
      await fetch(`${cloud.url}/installedapps/${grant.installedAppId}/subscriptions`, {
        ...{
          method: 'POST',
          body: '{"sourceType":',
          headers: { ...headers, 'content-type': type },
        },
      })
    ).status
  t.equal(await body('application/json'), 400)
  t.equal(await body('image/png'), 415)
})
