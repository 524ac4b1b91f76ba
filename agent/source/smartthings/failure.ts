// What an answer of the cloud that is no success means: its code, and how long to wait. Pure. Bodies
// may be JSON, HTML or nothing; what is quoted of them is short, and nothing that looks like a token.

import { HubleafError } from '../../../base/errors.ts'
import type { ErrorCode } from '../../../base/errors.ts'
import { isJsonObject, parseJson, textAt } from '../../../base/json.ts'
import type { HttpAnswer } from './transport.ts'

/** The error that an answer means. */
export function failureOf(label: string, answer: HttpAnswer): HubleafError {
  const { code, hint } = meaningOf(answer)
  const message = `${label}: ${explain(answer)}`
  return new HubleafError(code, message, hint === undefined ? {} : { hint })
}

function meaningOf(answer: HttpAnswer): { readonly code: ErrorCode; readonly hint?: string } {
  const { status } = answer
  if (status === 403) {
    const hint = 'the login lacks the scope, or the thing is not there for it'
    return { code: 'smartthings_forbidden', hint }
  }
  if (status === 404) return { code: 'smartthings_not_found' }
  if (status === 422 && errorCode(answer) === 'LimitError') {
    return { code: 'smartthings_limit_reached' }
  }
  if (status === 401 || status >= 500) return { code: 'smartthings_failed' }
  return { code: 'smartthings_refused' }
}

function errorCode({ text }: HttpAnswer): string | undefined {
  const body = parseJson(text)
  return isJsonObject(body) ? textAt(body['error'], 'code') : undefined
}

/** The answer in a sentence: status, the cloud's own code and words, and the id of the request. */
export function explain(answer: HttpAnswer): string {
  const body = parseJson(answer.text)
  const error = isJsonObject(body) ? body['error'] : undefined
  const said = [textAt(error, 'code'), textAt(error, 'message')]
    .filter((text) => text !== undefined)
    .map(safeText)
  const id = textAt(body, 'requestId') ?? answer.headers.get('x-st-correlation') ?? ''
  const named = /^[\w-]{8,64}$/.test(id) ? ` (request ${id})` : ''
  return [`the cloud answered ${answer.status}`, ...said].join(': ') + named
}

const QUOTED_MAX_CHARS = 160

/** Words of the cloud, without line ends, and without long words, which may be tokens. */
function safeText(text: string): string {
  const words = text.replace(/[\p{C}\s]+/gu, ' ').split(' ')
  const kept = words.map((word) => (/[\w.~+/=-]{20,}/.test(word) ? '[…]' : word)).join(' ')
  return kept.length > QUOTED_MAX_CHARS ? `${kept.slice(0, QUOTED_MAX_CHARS)}…` : kept
}

/** Without any hint, ms. */
const PAUSE_MS = 60_000

/** No pause is believed to be longer, ms. */
const PAUSE_MAX_MS = 3_600_000

/**
 * How long an answer 429 asks to wait, ms: the body's "retry in N millis" (the only hint seen in
 * the wild), else Retry-After, else X-RateLimit-Reset, whose unit nobody states: small numbers are
 * seconds, large ones an epoch.
 */
export function pauseOf({ text, headers }: HttpAnswer, nowMs: number): number {
  const inBody = /retry in (\d{1,12}) milli/.exec(text)?.[1]
  const asked =
    (inBody === undefined ? undefined : Number(inBody)) ??
    secondsOrTime(headers.get('retry-after'), nowMs) ??
    secondsOrTime(headers.get('x-ratelimit-reset'), nowMs) ??
    PAUSE_MS
  return Math.min(PAUSE_MAX_MS, Math.max(1, Math.ceil(asked)))
}

function secondsOrTime(text: string | null, nowMs: number): number | undefined {
  if (text === null || text.trim() === '') return undefined
  const value = Number(text)
  if (Number.isNaN(value)) {
    const at = Date.parse(text)
    return Number.isNaN(at) ? undefined : at - nowMs
  }
  if (value >= 1e12) return value - nowMs
  return value >= 1e9 ? value * 1000 - nowMs : value * 1000
}
