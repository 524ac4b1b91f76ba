// Readings pushed over HTTP: POST /v1/readings with one reading or an array of them. The answer comes
// after the journal has synced: a 2xx is the promise that the reading is kept.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubleafError, isHubleafError, messageOf, systemCodeOf } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { parseReading } from '../../wire/parse-reading.ts'
import { answerItems } from './http-answer.ts'
import { readBody } from './read-body.ts'
import type { Sink } from './source.ts'

/** Largest body, bytes: ten thousand typical readings are 1.5 MB. */
export const BODY_MAX_BYTES = 4_194_304

/** How much of a larger body is read and thrown away, so that its sender sees the answer. */
const BODY_DISCARD_BYTES = 33_554_432

/** Most readings in one request; more are cheaper in several. */
export const REQUEST_MAX_READINGS = 10_000

const NAME = 'http'

/** Adds POST /v1/readings to a server, and answers every error with `{error:{code,message}}`. */
export function addReadingsRoute(app: FastifyInstance, sink: Sink, log: Logger): void {
  app.removeAllContentTypeParsers()
  const limits = { maxBytes: BODY_MAX_BYTES, discardBytes: BODY_DISCARD_BYTES }
  app.addContentTypeParser(
    'application/json',
    async (_request: FastifyRequest, body: FastifyRequest['raw']) => readBody(body, limits),
  )
  app.setErrorHandler(async (error, _request, reply) => answerError(error, reply, log))
  app.setNotFoundHandler(async (request, reply) => {
    const message = `there is no ${request.method} ${request.url.slice(0, 80)}`
    await reply.code(404).send({ error: { code: 'not_found', message } })
  })
  app.post('/v1/readings', async (request, reply) => {
    const items = parseItems(request.body)
    const parsed = items.map((item) => parseReading(item, NAME))
    const good = parsed.flatMap((item) => (item.ok ? [item.reading] : []))
    const accepted = good.length === 0 ? [] : await sink.accept(good, 'waited')
    const { code, body } = answerItems(parsed, accepted)
    await reply.code(code).send(body)
  })
}

function parseItems(body: unknown): readonly unknown[] {
  const value = typeof body === 'string' ? parseJson(body) : undefined
  if (value === undefined) {
    throw new HubleafError('not_json', 'the body is not JSON; NaN and Infinity are not JSON either')
  }
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (items.length === 0) throw new HubleafError('empty_batch', 'the array holds no readings')
  if (items.length > REQUEST_MAX_READINGS) {
    const message = `${items.length} readings in one request, at most ${REQUEST_MAX_READINGS}`
    throw new HubleafError('too_many_readings', message)
  }
  return items
}

async function answerError(error: unknown, reply: FastifyReply, log: Logger): Promise<void> {
  const known = isHubleafError(error) ? error : fromFastify(error)
  const status = statusOf(known.code, known.kind)
  if (status === 503) reply.header('retry-after', '1')
  if (status === 500) log.error('http_failed', { reason: messageOf(error) })
  const hint = known.hint === undefined ? {} : { hint: known.hint }
  await reply.code(status).send({ error: { code: known.code, message: known.message, ...hint } })
}

function statusOf(code: ErrorCode, kind: HubleafError['kind']): number {
  if (code === 'body_too_large' || code === 'too_many_readings') return 413
  if (code === 'unsupported_media_type') return 415
  if (code === 'journal_full') return 507
  if (kind === 'input') return 400
  return kind === 'bug' ? 500 : 503
}

/** Fastify's own refusals, by its documented codes. */
function fromFastify(error: unknown): HubleafError {
  const code = systemCodeOf(error)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const hint = 'with curl: -H "Content-Type: application/json"'
    const message = 'the body must be sent as application/json'
    return new HubleafError('unsupported_media_type', message, { hint })
  }
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY' || code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') {
    return new HubleafError('not_json', messageOf(error))
  }
  return new HubleafError('internal', 'the request failed inside the agent', { cause: error })
}
