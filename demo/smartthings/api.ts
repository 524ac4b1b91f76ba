// The HTTP side of the simulated SmartThings API: one way for every call — faults, token, rate, the
// route itself — and the log of calls and of what was given out. Paths with and without `/v1` are one.

import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import { HubleafError, isHubleafError, messageOf } from '../../base/errors.ts'
import { isJsonObject, numberAt, parseJson } from '../../base/json.ts'
import { WITHOUT_SCHEMAS } from '../../base/ops-server.ts'
import { denied, notFound, refused } from './answers.ts'
import type { Answer } from './answers.ts'
import { faultAnswer, names } from './faults.ts'
import type { Area, Faults } from './faults.ts'
import type { House } from './house.ts'
import type { RateLimiter, RateName } from './rates.ts'
import type { Access, Tokens } from './tokens.ts'
import type { Truth } from './truth.ts'

/** What the ends of the cloud share. */
export interface CloudParts {
  readonly clock: Clock
  readonly house: House
  readonly truth: Truth
  readonly rates: RateLimiter
  readonly tokens: Tokens
  readonly faults: () => Faults
  /** Where this cloud is; links in answers begin with it. */
  readonly url: () => string
}

/** One call. */
export interface Call {
  readonly params: { readonly [name: string]: string }
  readonly query: URLSearchParams
  /** The body as JSON, or the fields of a form. */
  readonly body: unknown
  readonly headers: FastifyRequest['headers']
  readonly access: Access
  readonly reply: FastifyReply
}

/** What a route is. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly area: Area
  readonly rate?: RateName
  /** True where no token is asked for. */
  readonly open?: true
  /** Undefined where the handler answers by itself. */
  readonly answer: (call: Call) => Answer | undefined
}

const NOBODY: Access = { expiresAt: 0 }
const ACCEPTED =
  /^\s*(?:\*\/\*|application\/\*|application\/(?:[\w.-]+\+)?json|text\/(?:event-stream|html|\*))/

/** A server with these routes; it does not listen yet. */
export function createApi(parts: CloudParts, routes: readonly Route[]): FastifyInstance {
  const app = fastify({
    ...WITHOUT_SCHEMAS,
    forceCloseConnections: true,
    rewriteUrl: (request) => (request.url ?? '/').replace(/^\/v1(?=\/)/, ''),
  })
  const form = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(form, { parseAs: 'string' }, (_request, text, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(text))))
  })
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    // Clients name the type also where they send nothing, as with DELETE.
    const body = text === '' ? null : parseJson(String(text))
    if (body === undefined) done(new HubleafError('not_json', 'the body is not JSON'))
    else done(null, body)
  })
  app.addHook('onRequest', async (request, reply) => {
    const given = request.headers['x-st-correlation']
    reply.header('x-st-correlation', typeof given === 'string' ? given : `sim-${request.id}`)
  })
  app.setNotFoundHandler(async (request, reply) => {
    const { method, url } = request
    const at = parts.clock.now()
    parts.truth.add({ kind: 'call', at, area: 'unknown', method, path: url, status: 404 })
    await send(reply, notFound(url.split('?')[0] ?? ''))
  })
  app.setErrorHandler(async (error, _request, reply) => send(reply, errorAnswer(error)))
  for (const route of routes) {
    const { method, path: url } = route
    app.route({
      method,
      url,
      handler: async (request, reply) => serve(parts, route, request, reply),
    })
  }
  return app
}

function errorAnswer(error: unknown): Answer {
  if (isHubleafError(error, 'not_json')) {
    return refused(400, 'BadRequestError', 'The body is not JSON.')
  }
  const status = numberAt(error, 'statusCode') ?? 500
  if (status === 415) {
    return refused(415, 'UnsupportedMediaTypeError', 'The media type is not supported.')
  }
  if (status < 500) return refused(status, 'BadRequestError', messageOf(error))
  return refused(500, 'UnexpectedError', 'An unexpected error occurred.')
}

async function serve(
  parts: CloudParts,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { clock, house, truth } = parts
  const { area, method } = route
  house.advance(clock.now())
  const faults = parts.faults()
  if (faults.delayMs > 0) await clock.sleep(faults.delayMs)
  const access = accessOf(parts, request)
  const answer = answerOf(parts, route, request, reply, access)
  if (answer === undefined) return reply.hijack()
  const isLost = names(faults.loseAnswers, area)
  const note = (status: number): void => {
    const at = clock.now()
    const by = access?.grant === undefined ? {} : { installedAppId: access.grant.installedAppId }
    truth.add({ kind: 'call', at, area, method, path: request.url, status, ...by })
  }
  if (isLost) {
    note(0)
    reply.hijack()
    request.raw.socket.destroy()
    return reply
  }
  reply.raw.once('finish', () => {
    for (const fact of answer.facts ?? []) truth.add(fact)
    note(answer.status)
  })
  return send(reply, answer)
}

function accessOf({ tokens }: CloudParts, { headers }: FastifyRequest): Access | undefined {
  const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
  return token === undefined ? undefined : tokens.find(token)
}

function answerOf(
  parts: CloudParts,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
  access: Access | undefined,
): Answer | undefined {
  const faults = parts.faults()
  const fault = faultAnswer(faults, route.area, parts.clock)
  if (fault !== undefined) return fault
  const accept = request.headers.accept ?? '*/*'
  if (!accept.split(',').some((part) => ACCEPTED.test(part))) return { status: 406 }
  if (access === undefined && route.open !== true) return denied(401, faults.authBody)
  const params = textsOf(request.params)
  if (route.open !== true) {
    const caller = access?.grant?.installedAppId ?? 'personal'
    const counted = parts.rates.count(route.rate, caller, Object.values(params)[0] ?? '')
    if (counted.refusal !== undefined) return counted.refusal
    reply.headers({ ...counted.headers })
  }
  const query = new URLSearchParams(request.url.split('?')[1] ?? '')
  const { body, headers } = request
  return route.answer({ params, query, body, headers, access: access ?? NOBODY, reply })
}

function textsOf(params: unknown): { readonly [name: string]: string } {
  if (!isJsonObject(params)) return {}
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))
}

async function send(reply: FastifyReply, answer: Answer): Promise<FastifyReply> {
  reply.code(answer.status).headers({ ...answer.headers })
  if (answer.body === undefined) return reply.send()
  if (typeof answer.body === 'string') return reply.send(answer.body)
  return reply.type('application/json').send(JSON.stringify(answer.body))
}
