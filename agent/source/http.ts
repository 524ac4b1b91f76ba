// Readings pushed over HTTP: POST /v1/readings with one reading or an array of them, and the bodies of
// older bridges where they are asked for. The answer comes after the journal has synced: a 2xx is the
// promise that the reading is kept.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HubleafError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { parseReading } from '../../wire/parse-reading.ts'
import type { ParsedReading } from '../../wire/parse-reading.ts'
import { answerItems } from './http-answer.ts'
import type { Answer } from './http-answer.ts'
import { answerErrors } from './http-errors.ts'
import { parseItems, parseOne } from './push-body.ts'
import { readBody } from './read-body.ts'
import type { BodyLimits, BodyRoom } from './read-body.ts'
import type { Sink } from './source.ts'

/** Largest body, bytes: ten thousand typical readings are 1.5 MB. */
export const BODY_MAX_BYTES = 4_194_304

/** Largest body of one reading, bytes: four times the largest value. */
export const ONE_BODY_MAX_BYTES = 65_536

/** How much of a larger body is read and thrown away, so that its sender sees the answer. */
const BODY_DISCARD_BYTES = 33_554_432

/** What all bodies may hold while they arrive, bytes; beyond it senders are told to come again. */
const BODIES_MAX_BYTES = 33_554_432
const ONE_BODIES_MAX_BYTES = 1_048_576

const NAME = 'http'

/** Adds POST /v1/readings to a server, and answers every error with `{error:{code,message}}`. */
export function addReadingsRoute(app: FastifyInstance, sink: Sink, log: Logger): void {
  takeText(app, BODY_MAX_BYTES, { freeBytes: BODIES_MAX_BYTES })
  answerErrors(app, log)
  app.post('/v1/readings', async (request, reply) => {
    const parsed = parseItems(request.body).map((item) => parseReading(item, NAME))
    const { code, body } = await hand(parsed, sink)
    await reply.code(code).send(body)
  })
}

/** What one route of an older bridge is. */
export interface OneReadingRoute {
  readonly path: string
  /** The reading in a body; the refusal `unauthorized` is one of the whole request. */
  parse(input: unknown): ParsedReading
  /** Called with the sender's address when it got the secret wrong. */
  readonly onUnauthorized?: (sender: string) => void
}

/** Adds a route whose body is one reading in a form of its own. */
export function addOneReadingRoute(app: FastifyInstance, sink: Sink, route: OneReadingRoute): void {
  // A scope of its own: its bodies are bounded by what one reading needs.
  app.register(async (scope) => {
    takeText(scope, ONE_BODY_MAX_BYTES, { freeBytes: ONE_BODIES_MAX_BYTES })
    scope.post(route.path, async (request, reply) => {
      const parsed = route.parse(parseOne(request.body))
      if (!parsed.ok && parsed.refusal.code === 'unauthorized') {
        route.onUnauthorized?.(request.ip)
        throw new HubleafError('unauthorized', parsed.refusal.message)
      }
      const { code, body } = await hand([parsed], sink)
      await reply.code(code).send(body)
    })
  })
}

/** JSON alone, as text, up to a size. */
function takeText(app: FastifyInstance, maxBytes: number, room: BodyRoom): void {
  const limits: BodyLimits = { maxBytes, discardBytes: BODY_DISCARD_BYTES }
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    async (_request: FastifyRequest, body: FastifyRequest['raw']) => readBody(body, limits, room),
  )
}

async function hand(parsed: readonly ParsedReading[], sink: Sink): Promise<Answer> {
  const good = parsed.flatMap((item) => (item.ok ? [item.reading] : []))
  const accepted = good.length === 0 ? [] : await sink.accept(good, 'waited')
  return answerItems(parsed, accepted)
}
