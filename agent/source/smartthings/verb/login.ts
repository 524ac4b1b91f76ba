// The login of an app: a person grants access in a browser, the browser is sent back to this machine
// (or the address it ends at is pasted), and the code in it becomes a login. The state is checked, the
// scopes are the least that reading needs, and what is printed holds neither code nor token.

import { readFileSync } from 'node:fs'
import type { Clock } from '../../../../base/clock.ts'
import { HubleafError, messageOf } from '../../../../base/errors.ts'
import { randomToken } from '../../../../base/random.ts'
import type { Random } from '../../../../base/random.ts'
import type { SmartThingsConfig } from '../config.ts'
import { isToken } from '../credentials.ts'
import { leaveLogin } from '../login-file.ts'
import { authorizeUrl, requestGrant, SCOPES } from '../oauth.ts'
import { fetchTransport } from '../transport.ts'
import { awaitRedirect } from './redirect-server.ts'

/** What the login needs. */
export interface LoginOptions {
  readonly config: Pick<SmartThingsConfig, 'api_url' | 'timeout'>
  readonly dataDir: string
  readonly clientId: string | undefined
  readonly secretFile: string | undefined
  /** From the environment, where there is no file. */
  readonly secret: string | undefined
  /** Port of the redirect address on this machine. */
  readonly port: number
  /** Asks for the address to be pasted; without it a server waits for the browser. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  readonly say: (text: string) => void
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/** Logs in and leaves the login for the agent. Throws `smartthings_login_failed` and what calls throw. */
export async function login(options: LoginOptions): Promise<void> {
  const { config, dataDir, clock, random, say, signal } = options
  const { clientId } = options
  if (clientId === undefined || !isToken(clientId)) {
    throw new HubleafError('usage', '--client-id is missing', {
      hint: 'hubleaf smartthings --help',
    })
  }
  const clientSecret = secretOf(options)
  const redirectUri = `http://localhost:${options.port}/callback`
  const state = randomToken(random, 32)
  const url = authorizeUrl(config.api_url, { clientId, redirectUri, state })
  say(`Open this address in a browser and grant access:\n\n${url.href}\n`)
  const code = codeOf(await returned(options), state)
  const grant = await requestGrant(
    fetchTransport(clock, config.timeout),
    config.api_url,
    { clientId, clientSecret },
    { grant_type: 'authorization_code', code, redirect_uri: redirectUri },
    signal,
  )
  if (grant.refreshToken === undefined) {
    throw failed('the cloud gave no refresh token, so the login would end tomorrow')
  }
  const now = clock.now()
  await leaveLogin(dataDir, {
    ...{ id: randomToken(random, 16), client_id: clientId, client_secret: clientSecret },
    ...{ access_token: grant.accessToken, refresh_token: grant.refreshToken },
    ...{ obtained_at: now, expires_at: now + grant.lifeMs, scopes: [...grant.scopes] },
    ...(grant.installedAppId === undefined ? {} : { installed_app_id: grant.installedAppId }),
  })
  const missing = SCOPES.filter((scope) => !grant.scopes.includes(scope))
  if (grant.scopes.length > 0 && missing.length > 0) say(`Not granted: ${missing.join(', ')}`)
  say('Logged in. The agent takes the login at its next call, or when it starts.')
}

function secretOf({ secretFile, secret }: LoginOptions): string {
  let text = secret ?? ''
  if (secretFile !== undefined) {
    try {
      text = readFileSync(secretFile, 'utf8').trim()
    } catch (cause) {
      const message = `cannot read the client secret in ${secretFile}: ${messageOf(cause)}`
      throw new HubleafError('credentials_unreadable', message, { cause })
    }
  }
  if (isToken(text)) return text
  const hint = 'name its file with --client-secret-file, or set HUBLEAF_SMARTTHINGS_SECRET'
  throw new HubleafError('usage', 'there is no client secret', { hint })
}

/** The query with which the browser came back. */
async function returned({ ask, port, signal, say }: LoginOptions): Promise<URLSearchParams> {
  if (ask === undefined) {
    say(`Waiting for the browser on port ${port}; without one on this machine use --paste.`)
    return awaitRedirect(port, signal)
  }
  say('The browser ends at an address that begins with http://localhost; it need not load.')
  const pasted = (await ask('Paste that address: ')).trim()
  if (!URL.canParse(pasted)) throw failed('what was pasted is no address')
  return new URL(pasted).searchParams
}

function codeOf(query: URLSearchParams, state: string): string {
  // Anybody can send a browser here; only the answer to this very question counts.
  if (query.get('state') !== state) throw failed('the answer belongs to another login')
  const error = query.get('error')
  if (error !== null) {
    const scope = query.get('error_description') ?? ''
    const about = /^[\w:*, .-]{1,80}$/.test(scope) ? ` (${scope})` : ''
    throw failed(`the cloud refused: ${/^\w{1,40}$/.test(error) ? error : 'unknown error'}${about}`)
  }
  const code = query.get('code')
  if (code === null || !isToken(code)) throw failed('the answer holds no code')
  return code
}

function failed(reason: string): HubleafError {
  const hint = 'start the login again; each address can be used once'
  return new HubleafError('smartthings_login_failed', reason, { hint })
}
