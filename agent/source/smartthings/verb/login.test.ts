import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../../../base/clock.ts'
import { freePorts } from '../../../../base/free-port.ts'
import { parseJson } from '../../../../base/json.ts'
import { seededRandom } from '../../../../base/random.ts'
import { temporaryFolder } from '../../../../test/fixtures/folder.ts'
import { smartThingsSchema } from '../config.ts'
import { smartThingsFiles, waitingLogin } from '../login-file.ts'
import { login } from './login.ts'
import { statusOf, statusText } from './status.ts'

/** A token endpoint that grants everything, and what it was asked. */
async function tokenEndpoint(t: Pick<Test, 'teardown'>) {
  let asked = ''
  const server = createServer((request, response) => {
    request.on('data', (part: Buffer) => (asked += part.toString()))
    request.on('end', () => {
      const tokens = { access_token: 'secret-a', refresh_token: 'secret-r', expires_in: 86_399 }
      const body = { ...tokens, scope: 'r:devices:*', installed_app_id: 'app' }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const apiPort = typeof address === 'object' ? (address?.port ?? 0) : 0
  return { apiPort, asked: () => asked }
}

t.test('a browser that comes back with the right state becomes a login', async (t) => {
  const { apiPort, asked } = await tokenEndpoint(t)
  const config = smartThingsSchema.parse({ api_url: `http://127.0.0.1:${apiPort}` })
  const dataDir = temporaryFolder(t)
  t.equal(statusOf(config, dataDir, systemClock.now()).state, 'needs_login')
  const [port = 0] = await freePorts(1)
  const said: string[] = []
  const attempt = async (answer: (state: string) => string) => {
    const address = Promise.withResolvers<URL>()
    const running = login({
      ...{ config, dataDir, port, clientId: 'client', secretFile: undefined, secret: 'app-secret' },
      ...{ clock: systemClock, random: seededRandom(said.length + 1) },
      signal: new AbortController().signal,
      say: (text) => {
        said.push(text)
        const found = /http\S+authorize\S+/.exec(text)?.[0]
        if (found !== undefined) address.resolve(new URL(found))
      },
      ask: async () => {
        const url = await address.promise
        return `http://localhost:${port}/callback?${answer(url.searchParams.get('state') ?? '')}`
      },
    })
    return running.then(
      () => (async () => (await address.promise).searchParams.get('scope'))(),
      (error: unknown) => error,
    )
  }
  t.match(await attempt(() => 'code=c1&state=forged'), { code: 'smartthings_login_failed' })
  const refusal = await attempt(
    (state) => `error=invalid_scope&error_description=sse&state=${state}`,
  )
  t.match(refusal, { code: 'smartthings_login_failed', message: /invalid_scope \(sse\)/ })
  t.equal(asked(), '', 'neither asked for tokens')
  t.equal(await attempt((state) => `code=c1&state=${state}`), 'r:devices:* r:locations:* r:hubs:*')
  t.match(Object.fromEntries(new URLSearchParams(asked())), {
    ...{ grant_type: 'authorization_code', code: 'c1', client_id: 'client' },
    redirect_uri: `http://localhost:${port}/callback`,
  })
  t.match(waitingLogin(smartThingsFiles(dataDir).newLogin), { refresh_token: 'secret-r' })
  const status = statusOf(config, dataDir, systemClock.now())
  t.match(status, { state: 'ok', method: 'app', installed_app_id: 'app' })
  t.notMatch(`${said.join()}${statusText(status)}${JSON.stringify(status)}`, /secret/)
})

t.test('the verb goes by the agent’s configuration', async (t) => {
  const folder = temporaryFolder(t)
  const file = join(folder, 'agent.yaml')
  const smartthings = { token_file: join(folder, 'token'), timeout: '5s' }
  writeFileSync(file, JSON.stringify({ hub: 'h1', data_dir: folder, sources: { smartthings } }))
  const program = join(import.meta.dirname, '../../../../hubleaf.ts')
  const words = ['--disable-warning=ExperimentalWarning', program, 'smartthings', 'status']
  const said = execFileSync(process.execPath, [...words, '--config', file, '--json'], {
    encoding: 'utf8',
  })
  t.match(parseJson(said), { state: 'ok', method: 'personal_token' })
})
