// Answers of the simulated SmartThings API: a body and a status, and the error bodies of the platform
// (`{requestId, error: {code, message, target?, details}}`). Pure.

import type { Fact } from './truth.ts'

/** One answer. A text body is sent as it is, `undefined` is an empty body, all else is JSON. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: { readonly [name: string]: string }
  /** What has been given out once the answer is sent. */
  readonly facts?: readonly Fact[]
}

const HTML = { 'content-type': 'text/html' }

/** 200 with a JSON body. */
export function ok(body: unknown, facts: readonly Fact[] = []): Answer {
  return { status: 200, body, facts }
}

/** A page of a list. */
export function page(
  items: readonly unknown[],
  links: unknown,
  facts: readonly Fact[] = [],
): Answer {
  return ok({ items, _links: links }, facts)
}

/** An error in the platform's form; the details have the same code unless they name another. */
export function refused(
  status: number,
  code: string,
  message: string,
  detail?: { readonly code?: string; readonly target?: string; readonly message: string },
): Answer {
  const details = detail === undefined ? [] : [{ code, ...detail, details: [] }]
  return { status, body: { requestId: '0', error: { code, message, details } } }
}

/** 404 with what was not found. */
export function notFound(target: string): Answer {
  return refused(404, 'NotFoundError', 'The resource was not found.', {
    target,
    message: 'There is no such resource.',
  })
}

/** 422 for a body or a query that breaks a rule. */
export function invalid(target: string, message: string): Answer {
  return refused(422, 'ConstraintViolationError', 'The request is malformed.', { target, message })
}

/** 401 or 403 in one of the forms that were seen: empty, HTML, or the documented JSON. */
export function denied(status: 401 | 403, form: 'empty' | 'html' | 'json'): Answer {
  const title = status === 401 ? '401 Authorization Required' : '403 Forbidden'
  if (form === 'html') {
    return {
      status,
      body: `<html><head><title>${title}</title></head><body></body></html>`,
      headers: HTML,
    }
  }
  if (form === 'empty') {
    return status === 401 ? { status, headers: { 'www-authenticate': 'Bearer' } } : { status }
  }
  const code = status === 401 ? 'UnauthorizedError' : 'ForbiddenError'
  return refused(status, code, 'The token lacks a scope, or the resource does not exist for it.')
}

/** 504 of the gateway before the API. */
export function gatewayTimeout(): Answer {
  return { status: 504, body: '<html><body>504 Gateway Time-out</body></html>', headers: HTML }
}

/** 429; the hint in the details is the only one that was seen in the wild. */
export function tooMany(attempt: number, limit: number, retryMs: number): Answer {
  const wait = Math.max(1, Math.ceil(retryMs))
  return {
    ...refused(429, 'TooManyRequestError', 'Too Many Requests', {
      message: `attempt ${attempt} limit ${limit} - retry in ${wait} millis`,
    }),
    headers: rateHeaders(limit, 0, wait),
  }
}

/** The rate headers; `Reset` in seconds left. */
export function rateHeaders(limit: number, remaining: number, resetMs: number) {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(Math.ceil(resetMs / 1000)),
  }
}
