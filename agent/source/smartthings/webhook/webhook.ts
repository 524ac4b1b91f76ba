// The webhook: from raw bytes that anybody may have sent to an answer that the vendor can rely on. A 200
// means that the readings are on disk; whatever went wrong on our side is a 5xx, for which the vendor
// may repeat; nothing is done for a request that is not verified, and nothing twice.

import type { Clock } from '../../../../base/clock.ts'
import { HubleafError, isHubleafError } from '../../../../base/errors.ts'
import type { ErrorCode } from '../../../../base/errors.ts'
import type { Logger } from '../../../../base/log.ts'
import { act } from './acts.ts'
import type { ActParts } from './acts.ts'
import { PLAIN_ANSWERS } from './answers.ts'
import { ANSWER_WITHIN_MS } from './limits.ts'
import { parseEnvelope } from './parse-envelope.ts'
import { createReplays } from './replays.ts'
import type { RawRequest } from './signed-request.ts'
import type { Verifier } from './verifier.ts'

/** What a webhook needs of the world. */
export interface WebhookOptions extends Omit<ActParts, 'onSkip'> {
  readonly verify: Verifier
  readonly clock: Clock
  readonly log: Logger
}

/** An answer: HTTP status and JSON body. */
export interface WebhookAnswer {
  readonly status: number
  readonly body: object
}

/** What happened since the start, by name. */
export interface WebhookStatus {
  /** Requests by what they were answered: `ok`, or an error code. */
  readonly requests: { readonly [code: string]: number }
  /** Events that gave no reading, by reason. */
  readonly skipped: { readonly [skip: string]: number }
}

/** The webhook. */
export interface Webhook {
  /** Answers a request, in time; never rejects. */
  handle(request: RawRequest): Promise<WebhookAnswer>
  status(): WebhookStatus
}

/** Makes a webhook. */
export function createWebhook(options: WebhookOptions): Webhook {
  const { clock, log } = options
  const requests = createCounts()
  const skipped = createCounts()
  const replays = createReplays(clock)
  const parts: ActParts = { ...options, onSkip: (skip) => skipped.add(skip) }

  const bodyFor = async (request: RawRequest): Promise<object> => {
    const { body, signature } = await options.verify(request)
    const envelope = parseEnvelope(body)
    const { kind } = envelope.message
    // Of the others a copy does no harm, and a confirmation may have to be fetched again.
    if (kind === 'confirmation' || kind === 'ping' || kind === 'configuration') {
      return act(parts, envelope)
    }
    if (replays.has(signature)) return PLAIN_ANSWERS[kind]
    const answer = await act(parts, envelope)
    replays.add(signature)
    return answer
  }

  return {
    async handle(request) {
      const late = Promise.withResolvers<Outcome>()
      const cancel = clock.after(ANSWER_WITHIN_MS, () => late.resolve({ error: tooLate() }))
      const done = bodyFor(request).then((body): Outcome => ({ body }), failed)
      const outcome = await Promise.race([done, late.promise])
      cancel()
      if ('body' in outcome) {
        requests.add('ok')
        return { status: 200, body: outcome.body }
      }
      const { error } = outcome
      logRefusal(log, error, requests.add(error.code))
      return answerOf(error)
    },
    status: () => ({ requests: requests.all(), skipped: skipped.all() }),
  }
}

type Outcome = { readonly body: object } | { readonly error: HubleafError }

function failed(cause: unknown): Outcome {
  if (isHubleafError(cause)) return { error: cause }
  return { error: new HubleafError('internal', 'the webhook failed inside', { cause }) }
}

/** Anybody can knock here: of each code the first, the tenth, the hundredth is logged. */
function logRefusal(log: Logger, error: HubleafError, times: number): void {
  const { code, message, cause } = error
  const reason = cause instanceof Error ? cause.message : undefined
  if (error.kind === 'bug') log.error('webhook_failed', { code, message, reason, times })
  else if (/^10*$/.test(String(times)))
    log.warn('webhook_refused', { code, message, reason, times })
}

function tooLate(): HubleafError {
  const message = `the readings were not synced within ${ANSWER_WITHIN_MS} ms`
  const hint = 'nothing is lost if the vendor repeats it: what is kept already is merged'
  return new HubleafError('webhook_late', message, { hint })
}

function answerOf({ code, kind, message, hint }: HubleafError): WebhookAnswer {
  const shown = { code, message, ...(hint === undefined ? {} : { hint }) }
  return { status: statusOf(code, kind), body: { error: shown } }
}

/** What the vendor may repeat is a 5xx; what would fail again is a 4xx. */
function statusOf(code: ErrorCode, kind: HubleafError['kind']): number {
  if (kind === 'bug') return 500
  if (kind === 'passing') return 503
  if (code === 'journal_full') return 507
  if (code === 'location_claimed') return 409
  if (code === 'webhook_app_unknown' || code === 'confirmation_refused') return 403
  if (kind === 'operator') return 503
  return code.startsWith('signature_') || code === 'digest_mismatch' ? 401 : 400
}

/** Counts by name. */
function createCounts() {
  const counts = new Map<string, number>()
  return {
    /** Counts one more, and says how many that makes. */
    add(name: string): number {
      const next = (counts.get(name) ?? 0) + 1
      counts.set(name, next)
      return next
    },
    all: () => Object.fromEntries(counts),
  }
}
