// The token endpoint: a code or a refresh token for new tokens. What it answers is checked before it
// is believed; of its refusals only the error's word is told on, since its sentences quote tokens.

import * as z from 'zod'
import { HubleafError } from '../../../base/errors.ts'
import { parseJson, textAt } from '../../../base/json.ts'
import { isToken } from './credentials.ts'
import type { HttpAnswer, Transport } from './transport.ts'

/** The app that somebody registered with SmartThings. */
export interface App {
  readonly clientId: string
  readonly clientSecret: string
}

/** What a grant gave. */
export interface Grant {
  readonly accessToken: string
  /** Undefined: the one that was used stays good. */
  readonly refreshToken: string | undefined
  readonly lifeMs: number
  readonly scopes: readonly string[]
  readonly installedAppId: string | undefined
}

/** Scopes of an agent that only reads. */
export const SCOPES = ['r:devices:*', 'r:locations:*', 'r:hubs:*'] as const

/** Life of an access token whose answer does not say, seconds. */
const LIFE_S = 3600

const token = z.string().refine(isToken)

const grantSchema = z.looseObject({
  access_token: token,
  refresh_token: token.optional(),
  expires_in: z.number().positive().default(LIFE_S),
  scope: z.string().default(''),
  installed_app_id: z.string().optional(),
})

/** Where a person grants access. */
export function authorizeUrl(
  apiUrl: string,
  query: { readonly clientId: string; readonly redirectUri: string; readonly state: string },
): URL {
  const url = new URL(`${apiUrl}/oauth/authorize`)
  const { clientId, redirectUri, state } = query
  url.search = new URLSearchParams({
    ...{ client_id: clientId, response_type: 'code', redirect_uri: redirectUri },
    ...{ scope: SCOPES.join(' '), state },
  }).toString()
  return url
}

/**
 * Asks for tokens with `{grant_type, …}`. Throws `smartthings_needs_login` where the grant is dead,
 * `smartthings_refused` where the app is not known, and passing codes.
 */
export async function requestGrant(
  transport: Transport,
  apiUrl: string,
  app: App,
  grant: { readonly grant_type: string; readonly [field: string]: string },
  signal: AbortSignal,
): Promise<Grant> {
  const basic = Buffer.from(`${app.clientId}:${app.clientSecret}`).toString('base64')
  const label = 'POST /oauth/token'
  const request = {
    ...({ method: 'POST', url: new URL(`${apiUrl}/oauth/token`), label } as const),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      authorization: `Basic ${basic}`,
    },
    body: new URLSearchParams({ ...grant, client_id: app.clientId }).toString(),
  }
  const answer = await transport.exchange(request, signal)
  if (answer.status !== 200) throw refusal(label, answer)
  const parsed = grantSchema.safeParse(parseJson(answer.text))
  if (!parsed.success) {
    throw new HubleafError('smartthings_answer_invalid', `${label}: the answer holds no token`)
  }
  const { access_token, refresh_token, expires_in, scope, installed_app_id } = parsed.data
  return {
    ...{ accessToken: access_token, refreshToken: refresh_token, lifeMs: expires_in * 1000 },
    ...{ scopes: scope.split(' ').filter((word) => word !== ''), installedAppId: installed_app_id },
  }
}

function refusal(label: string, { status, text }: HttpAnswer): HubleafError {
  const word = textAt(parseJson(text), 'error') ?? ''
  const said = /^[a-z_]{1,40}$/.test(word) ? `${status}: ${word}` : String(status)
  const message = `${label}: the cloud answered ${said}`
  if (word === 'invalid_grant') {
    const hint = 'log in again: hubleaf smartthings login'
    return new HubleafError('smartthings_needs_login', message, { hint })
  }
  if (word === 'invalid_client' || word === 'unauthorized_client') {
    const hint = 'see that client id and secret belong to one app, then log in again'
    return new HubleafError('smartthings_refused', message, { hint })
  }
  // Whatever else it is (504 at night, an HTML page, 429): the token was not used up by our fault.
  return new HubleafError('smartthings_failed', message)
}
