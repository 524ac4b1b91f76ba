// OAuth of the simulated SmartThings cloud: the page of consent, which always agrees, and the token
// endpoint. Scopes are those that the vendor's command line offers; `sse` only where the app has it.

import { textAt } from '../../base/json.ts'
import type { Answer } from './answers.ts'
import type { Call, CloudParts, Route } from './api.ts'
import { LIVES } from './tokens.ts'
import type { TokenPair } from './tokens.ts'

/** Scopes that an ordinary app may ask for. */
export const SCOPES: readonly string[] = [
  ...['r:devices:*', 'w:devices:*', 'x:devices:*', 'r:hubs:*', 'r:locations:*', 'w:locations:*'],
  ...['x:locations:*', 'r:scenes:*', 'x:scenes:*', 'r:rules:*', 'w:rules:*'],
  ...['r:installedapps', 'w:installedapps'],
]

/** An OAuth app as its owner knows it. */
export interface OAuthApp {
  readonly appId: string
  readonly clientId: string
  readonly clientSecret: string
  /** True if the app may have the scope `sse`, which few have. */
  readonly sse: boolean
}

/** The routes. */
export function oauthRoutes(parts: CloudParts, app: OAuthApp): readonly Route[] {
  return [
    {
      ...{ method: 'GET', path: '/oauth/authorize', area: 'token', open: true },
      answer: (call) => authorize(parts, app, call),
    },
    {
      ...{ method: 'POST', path: '/oauth/token', area: 'token', open: true },
      answer: (call) => token(parts, app, call),
    },
  ]
}

function authorize({ tokens, house }: CloudParts, app: OAuthApp, { query }: Call): Answer {
  const redirectUri = query.get('redirect_uri') ?? ''
  if (query.get('client_id') !== app.clientId)
    return oauthError(401, 'invalid_client', 'Unknown client')
  if (query.get('response_type') !== 'code') {
    return oauthError(400, 'unsupported_response_type', 'Only code is supported')
  }
  if (!isAllowedRedirect(redirectUri)) {
    return oauthError(400, 'invalid_request', 'The redirect_uri is not registered')
  }
  const back = new URL(redirectUri)
  const state = query.get('state')
  if (state !== null) back.searchParams.set('state', state)
  const scopes = (query.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  const offered = app.sse ? [...SCOPES, 'sse'] : SCOPES
  const strange = scopes.find((scope) => !offered.includes(scope))
  if (strange !== undefined || scopes.length === 0) {
    back.searchParams.set('error', 'invalid_scope')
    back.searchParams.set('error_description', strange ?? '')
    return { status: 302, headers: { location: back.href } }
  }
  // The person who consents chooses a location; here the caller may say which.
  const wanted = query.get('locationId') ?? house.locations[0]?.locationId ?? ''
  back.searchParams.set('code', tokens.code(tokens.grant(wanted, scopes), redirectUri))
  return { status: 302, headers: { location: back.href } }
}

/** https anywhere, http on this machine only. */
function isAllowedRedirect(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return (
    protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.0\.0\.1)$/.test(hostname))
  )
}

function token({ tokens }: CloudParts, app: OAuthApp, { body, headers }: Call): Answer {
  const basic = `Basic ${Buffer.from(`${app.clientId}:${app.clientSecret}`).toString('base64')}`
  if (headers.authorization !== basic || textAt(body, 'client_id') !== app.clientId) {
    return oauthError(401, 'invalid_client', 'Bad client credentials')
  }
  const kind = textAt(body, 'grant_type')
  if (kind === 'authorization_code') {
    const code = textAt(body, 'code') ?? ''
    const pair = tokens.redeem(code, textAt(body, 'redirect_uri') ?? '')
    return pair === undefined ? badGrant(`Invalid code: ${code}`) : tokenAnswer(pair)
  }
  if (kind === 'refresh_token') {
    const given = textAt(body, 'refresh_token') ?? ''
    const pair = tokens.refresh(given)
    return pair === undefined ? badGrant(`Invalid refresh token: ${given}`) : tokenAnswer(pair)
  }
  return oauthError(400, 'unsupported_grant_type', 'Unsupported grant type')
}

function badGrant(description: string): Answer {
  return oauthError(400, 'invalid_grant', description)
}

function tokenAnswer({ grant, accessToken, refreshToken }: TokenPair): Answer {
  return {
    status: 200,
    body: {
      ...{ access_token: accessToken, token_type: 'bearer', refresh_token: refreshToken },
      ...{ expires_in: LIVES.access / 1000, scope: grant.scopes.join(' '), access_tier: 0 },
      installed_app_id: grant.installedAppId,
    },
  }
}

function oauthError(status: number, error: string, description: string): Answer {
  return { status, body: { error, error_description: description } }
}
