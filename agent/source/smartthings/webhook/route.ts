// The webhook as a route of a web server: hands over the bytes and the headers as they arrived, since a
// signature is about those and not about what a framework makes of them.

import type { FastifyInstance } from 'fastify'
import { HubleafError, isHubleafError, messageOf, systemCodeOf } from '../../../../base/errors.ts'
import type { Logger } from '../../../../base/log.ts'
import { WEBHOOK_BODY_MAX_BYTES } from './limits.ts'
import type { Webhook } from './webhook.ts'

/** Adds POST `path`. The path is that of the URL registered at the vendor, or what a proxy makes of it. */
export function addWebhookRoute(
  app: FastifyInstance,
  path: string,
  webhook: Webhook,
  log: Logger,
): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    const raw = { parseAs: 'buffer', bodyLimit: WEBHOOK_BODY_MAX_BYTES } as const
    scope.addContentTypeParser('*', raw, async (_request: unknown, body: Buffer) => body)
    scope.setErrorHandler(async (error, _request, reply) => {
      const known = fromFastify(error)
      if (known.kind === 'bug') log.error('webhook_failed', { reason: messageOf(error) })
      const status = known.code === 'body_too_large' ? 413 : known.kind === 'bug' ? 500 : 400
      await reply.code(status).send({ error: { code: known.code, message: known.message } })
    })
    scope.post(path, async (request, reply) => {
      const body = request.body instanceof Uint8Array ? request.body : new Uint8Array()
      const answer = await webhook.handle({ rawHeaders: request.raw.rawHeaders, body })
      if (answer.status === 503) reply.header('retry-after', '5')
      await reply.code(answer.status).send(answer.body)
    })
  })
}

/** Fastify's own refusals, by its documented codes. */
function fromFastify(error: unknown): HubleafError {
  if (isHubleafError(error)) return error
  const code = systemCodeOf(error)
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new HubleafError('body_too_large', `the body is over ${WEBHOOK_BODY_MAX_BYTES} bytes`)
  }
  if (code?.startsWith('FST_ERR_CTP_') === true) {
    return new HubleafError('webhook_malformed', messageOf(error))
  }
  return new HubleafError('internal', 'the request failed inside', { cause: error })
}
