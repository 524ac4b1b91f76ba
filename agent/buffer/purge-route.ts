// POST /v1/buffer/purge on a running agent: gives up waiting readings, one step for each request. It
// is for `hubleaf buffer purge` alone. Whatever comes from a web page (an Origin, or a body that a form
// could send) is refused, and so is a caller who means another journal than this one.

import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import type { Clock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import type { Logger } from '../../base/log.ts'
import { parseSensorType } from '../../wire/ids.ts'
import type { Journal } from '../journal/journal.ts'
import { purgeStep } from './purge.ts'

/** Where the route is. */
export const PURGE_PATH = '/v1/buffer/purge'

const count = z.int().min(0)

/** What the route takes. */
export const purgeRequest = z.strictObject({
  /** The open epoch, as the journal's file names it: so that nobody purges another hub by mistake. */
  epoch: z.string(),
  types: z.array(z.string().refine((text) => parseSensorType(text) !== undefined)).max(1000),
  before: z.int().nullable(),
  after: count,
})

/** What it answers. */
export const purgeAnswer = z.object({ purged: count, through: count, done: z.boolean() })

/** What the route needs. */
export interface PurgeRouteOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Logger
}

/** Adds the route; its server must already parse `application/json` as text and answer errors. */
export function addPurgeRoute(app: FastifyInstance, options: PurgeRouteOptions): void {
  const { journal, clock, log } = options
  app.post(PURGE_PATH, async (request, reply) => {
    const { origin, 'sec-fetch-site': site } = request.headers
    if (origin !== undefined || (site !== undefined && site !== 'none')) {
      const message = 'this is for `hubleaf buffer purge`, not for web pages'
      return reply.code(403).send({ error: { code: 'forbidden', message } })
    }
    const body = typeof request.body === 'string' ? parseJson(request.body) : undefined
    const parsed = purgeRequest.safeParse(body)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      const where = issue?.path.join('.') ?? ''
      throw new HubleafError(
        'field_invalid',
        `${where || 'the body'}: ${issue?.message ?? 'wrong'}`,
      )
    }
    const { epoch, types, before, after } = parsed.data
    if (epoch !== journal.epoch) {
      const message = 'the agent at this address has another journal open'
      return reply.code(409).send({ error: { code: 'journal_in_use', message } })
    }
    const step = await purgeStep(journal, { types, before: before ?? undefined }, after, clock)
    if (step.purged > 0) log.warn('buffer_purged', { readings: step.purged, through: step.through })
    return reply.send(step)
  })
}
