import t from 'tap'
import type { Test } from 'tap'
import { parseJson } from '../../base/json.ts'
import { at, START_MS, startCloud } from '../../test/fixtures/smartthings-cloud.ts'
import type { SmartThingsCloud } from './cloud.ts'

const BACK = 'http://localhost:9000/done'
const DAY_MS = 86_400_000

/** Asks for consent; where the browser is sent. */
async function consent(
  cloud: SmartThingsCloud,
  changed: Record<string, string> = {},
): Promise<URL> {
  const query = new URLSearchParams({
    ...{ client_id: cloud.app.clientId, response_type: 'code', redirect_uri: BACK },
    ...{ scope: 'r:devices:* r:locations:*', state: 'mark', ...changed },
  })
  const answer = await fetch(`${cloud.url}/oauth/authorize?${query.toString()}`, {
    redirect: 'manual',
  })
  return new URL(answer.headers.get('location') ?? `status:${answer.status}`)
}

async function tokenCall(cloud: SmartThingsCloud, fields: Record<string, string>, secret?: string) {
  const { clientId, clientSecret } = cloud.app
  const pair = Buffer.from(`${clientId}:${secret ?? clientSecret}`).toString('base64')
  const answer = await fetch(`${cloud.url}/v1/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${pair}` },
    body: new URLSearchParams({ client_id: clientId, ...fields }),
  })
  return { status: answer.status, body: parseJson(await answer.text()) }
}

async function firstTokens(cloud: SmartThingsCloud) {
  const code = (await consent(cloud)).searchParams.get('code') ?? ''
  const fields = { grant_type: 'authorization_code', code, redirect_uri: BACK }
  return { code, fields, ...(await tokenCall(cloud, fields)) }
}

const refresh = async (cloud: SmartThingsCloud, token: unknown) =>
  tokenCall(cloud, { grant_type: 'refresh_token', refresh_token: String(token) })

async function start(t: Test) {
  // Months pass here: at its usual pace the house would report millions of times meanwhile.
  const started = await startCloud(t, { slowness: 1000, pastMs: 0 })
  const statusWith = async (token: unknown): Promise<number> =>
    (await started.get('/devices', String(token))).status
  return { ...started, statusWith }
}

t.test(
  'consent gives a code, the code gives tokens once, with the fields of the real answer',
  async (t) => {
    const { cloud, statusWith } = await start(t)
    const sent = await consent(cloud)
    t.equal(sent.origin + sent.pathname, BACK)
    t.equal(sent.searchParams.get('state'), 'mark')
    const { status, body, fields } = await firstTokens(cloud)
    t.equal(status, 200)
    t.match(body, {
      ...{ token_type: 'bearer', expires_in: 86_399, access_tier: 0 },
      ...{ scope: 'r:devices:* r:locations:*', installed_app_id: String },
    })
    t.equal(await statusWith(at(body, 'access_token')), 200)
    t.match(await tokenCall(cloud, fields), { status: 400, body: { error: 'invalid_grant' } })
  },
)

t.test('a wrong client, a wrong redirect, a scope that is not for all', async (t) => {
  const { cloud } = await start(t)
  t.equal((await consent(cloud, { client_id: 'nobody' })).href, 'status:401')
  t.equal((await consent(cloud, { redirect_uri: 'http://example.com/' })).href, 'status:400')
  const refused = await consent(cloud, { scope: 'r:devices:* sse' })
  t.equal(refused.searchParams.get('error'), 'invalid_scope')
  t.equal(refused.searchParams.get('error_description'), 'sse')
  const { code, fields } = await firstTokens(cloud)
  t.equal((await tokenCall(cloud, { ...fields, code }, 'wrong')).status, 401)
  const other = (await consent(cloud)).searchParams.get('code') ?? ''
  const elsewhere = { ...fields, code: other, redirect_uri: 'http://localhost:1/' }
  t.equal((await tokenCall(cloud, elsewhere)).status, 400, 'the redirect address must be the same')
})

t.test('a refresh token is used once; the next one goes on', async (t) => {
  const { cloud, statusWith } = await start(t)
  const { body } = await firstTokens(cloud)
  const next = await refresh(cloud, at(body, 'refresh_token'))
  t.equal(next.status, 200)
  t.equal(at(next.body, 'installed_app_id'), at(body, 'installed_app_id'))
  t.equal(await statusWith(at(next.body, 'access_token')), 200)
  t.match(await refresh(cloud, at(body, 'refresh_token')), {
    status: 400,
    body: { error: 'invalid_grant', error_description: /Invalid refresh token: / },
  })
  t.equal((await refresh(cloud, at(next.body, 'refresh_token'))).status, 200)
})

t.test(
  'tokens expire: access after a day, refresh after thirty, a personal one after a day',
  async (t) => {
    const { cloud, clock, statusWith } = await start(t)
    const { body } = await firstTokens(cloud)
    const personal = cloud.personalToken()
    clock.set(START_MS + DAY_MS - 2000)
    t.equal(await statusWith(at(body, 'access_token')), 200)
    t.equal(await statusWith(personal), 200)
    clock.set(START_MS + DAY_MS)
    t.equal(await statusWith(at(body, 'access_token')), 401)
    t.equal(await statusWith(personal), 401)
    clock.set(START_MS + 30 * DAY_MS - 1000)
    const next = await refresh(cloud, at(body, 'refresh_token'))
    t.equal(next.status, 200)
    clock.set(START_MS + 61 * DAY_MS)
    t.equal((await refresh(cloud, at(next.body, 'refresh_token'))).status, 400)
  },
)

t.test('a grant that is taken back: 401 at once, and no refresh', async (t) => {
  const { cloud, statusWith } = await start(t)
  const { body } = await firstTokens(cloud)
  t.ok(cloud.tokens.revoke(String(at(body, 'installed_app_id'))))
  t.equal(await statusWith(at(body, 'access_token')), 401)
  t.match(await refresh(cloud, at(body, 'refresh_token')), { body: { error: 'invalid_grant' } })
})

t.test(
  'an answer that is lost after the rotation leaves the client with a spent token',
  async (t) => {
    const { cloud } = await start(t)
    const { body } = await firstTokens(cloud)
    await cloud.setFaults({ loseAnswers: ['token'] })
    await t.rejects(refresh(cloud, at(body, 'refresh_token')))
    await cloud.setFaults({ loseAnswers: [] })
    t.equal((await refresh(cloud, at(body, 'refresh_token'))).status, 400)
    t.equal(cloud.truth.of('call').filter(({ status }) => status === 0).length, 1)
  },
)
