// Who may speak to the agent's HTTP end, and how often: decided from the request's head alone, before
// any of its body is read. Where a token is set, everybody must bring it, this machine's own programs too.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { HubleafError } from '../../base/errors.ts'
import type { Secret, SecretRule } from '../../base/secret.ts'
import type { SenderLimit } from './sender-limit.ts'

/** What a token must be: nobody types it, so it can be long. */
export const TOKEN_RULE: SecretRule = {
  ...{ name: 'token', key: 'http.token_file', minChars: 16, known: [] },
}

/** What is asked of each request. */
export interface GuardOptions {
  readonly limit: SenderLimit
  /** The token that `Authorization: Bearer` must bring; undefined where everybody may speak. */
  readonly token?: Secret | undefined
  /** Routes that need no token: they tell nothing, or have a secret of their own. */
  readonly open: readonly string[]
}

/** Refuses with `too_many_requests` or `unauthorized` what may not come in. */
export function addGuard(app: FastifyInstance, options: GuardOptions): void {
  const { limit, token, open } = options
  app.addHook('onRequest', async (request, reply) => {
    refuseFlood(limit, request, reply)
    const { url } = request.routeOptions
    if (token === undefined || (url !== undefined && open.includes(url))) return
    const bearer = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1]
    if (bearer !== undefined && token.matches(bearer)) return
    limit.punish(request.ip)
    const hint = 'send it as: Authorization: Bearer TOKEN'
    const message =
      bearer === undefined
        ? 'this agent asks for a token'
        : 'the token is not the one of this agent'
    throw new HubleafError('unauthorized', message, { hint })
  })
}

function refuseFlood(limit: SenderLimit, request: FastifyRequest, reply: FastifyReply): void {
  const waitSeconds = limit.take(request.ip)
  if (waitSeconds === 0) return
  reply.header('retry-after', String(Math.max(1, Math.ceil(waitSeconds))))
  const hint = 'send many readings in one request, or raise http.requests_per_second'
  const message = `${request.ip} makes more requests than one sender may`
  throw new HubleafError('too_many_requests', message, { hint })
}
