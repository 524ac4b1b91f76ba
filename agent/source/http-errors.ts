// Every error of the agent's HTTP end as `{error:{code,message,hint}}` with a fitting status. What is a
// bug is logged and shows nothing of its inside.

import type { FastifyInstance, FastifyReply } from 'fastify'
import { HubleafError, isHubleafError, messageOf, systemCodeOf } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'

/** Answers whatever the routes throw, and addresses that are none. */
export function answerErrors(app: FastifyInstance, log: Logger): void {
  app.setErrorHandler(async (error, _request, reply) => answerError(error, reply, log))
  app.setNotFoundHandler(async (request, reply) => {
    const message = `there is no ${request.method} ${request.url.slice(0, 80)}`
    await reply.code(404).send({ error: { code: 'not_found', message } })
  })
}

async function answerError(error: unknown, reply: FastifyReply, log: Logger): Promise<void> {
  const known = isHubleafError(error) ? error : fromFastify(error)
  const status = statusOf(known.code, known.kind)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (status === 503) reply.header('retry-after', '1')
  if (status === 500) log.error('http_failed', { reason: messageOf(error) })
  const hint = known.hint === undefined ? {} : { hint: known.hint }
  await reply.code(status).send({ error: { code: known.code, message: known.message, ...hint } })
}

const STATUS: { readonly [C in ErrorCode]?: number } = {
  unauthorized: 401,
  body_too_large: 413,
  too_many_readings: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
  journal_full: 507,
}

function statusOf(code: ErrorCode, kind: HubleafError['kind']): number {
  const status = STATUS[code]
  if (status !== undefined) return status
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
