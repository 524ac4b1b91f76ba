// Listens for what the cloud asks of this hub and answers. A reply subject outside `hub.<hub>.reply.`
// gets no answer: whoever sends a request must not choose freely what this hub publishes on.

import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { messageOf } from '../../base/errors.ts'
import type { HubId } from '../../wire/ids.ts'
import { encodeMessage, parseRateRequest, parseTimeNotice } from '../../wire/requests.ts'
import type { RateDone, Refusal, ResendDone, TimeNotice } from '../../wire/requests.ts'
import { hubReply, hubRequest } from '../../wire/subject.ts'
import { resendAnswerer } from './resend.ts'
import type { ResendOptions } from './resend.ts'
import type { Forwarder } from './forwarder-status.ts'

/** What listening needs. */
export interface RequestsOptions extends ResendOptions {
  readonly hub: HubId
  readonly connection: NatsConnection
  readonly forwarder: Pick<Forwarder, 'limit' | 'resend' | 'status'>
  /** The cloud said what time it is. */
  readonly onTime: (notice: TimeNotice) => void
}

type Answer = ResendDone | RateDone | Refusal

/** Answers under way at most; what comes beyond them is lost, and its sender asks again. */
const UNDER_WAY_MAX = 16

/** Listens until disposal, which ends what is under way. */
export function serveRequests(options: RequestsOptions): AsyncDisposable {
  const { hub, connection, forwarder, log } = options
  const stop = new AbortController()
  const underWay = new Set<Promise<void>>()
  const answerResend = resendAnswerer(options)
  const serve = (verb: string, answer: (bytes: Uint8Array) => Promise<Answer>) =>
    connection.subscribe(hubRequest(hub, verb), {
      callback: (error, message) => {
        if (error !== null) log.warn('requests_not_heard', { verb, reason: messageOf(error) })
        else if (underWay.size < UNDER_WAY_MAX) {
          const done = reply(options, message, answer).finally(() => underWay.delete(done))
          underWay.add(done)
        }
      },
    })
  const subscriptions = [
    serve('resend', async (bytes) => answerResend(bytes, stop.signal)),
    serve('rate', async (bytes) => setRate(forwarder, bytes)),
    connection.subscribe(hubRequest(hub, 'time'), {
      callback: (error, message) => {
        const parsed = error === null ? parseTimeNotice(message.data) : { problem: error.message }
        if ('value' in parsed) options.onTime(parsed.value)
        else log.warn('time_not_understood', { reason: parsed.problem })
      },
    }),
  ]
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      for (const subscription of subscriptions) subscription.unsubscribe()
      await Promise.allSettled(underWay)
    },
  }
}

function setRate(forwarder: Pick<Forwarder, 'limit'>, bytes: Uint8Array): RateDone | Refusal {
  const parsed = parseRateRequest(bytes)
  if ('problem' in parsed) return { ok: false, code: 'malformed', message: parsed.problem }
  forwarder.limit(parsed.value)
  return { ok: true }
}

async function reply(
  { hub, connection, log }: RequestsOptions,
  message: Msg,
  answer: (bytes: Uint8Array) => Promise<Answer>,
): Promise<void> {
  const { subject } = message
  try {
    const answered = await answer(message.data)
    if (!answered.ok) log.warn('request_refused', { subject, ...answered })
    if (message.reply !== undefined && mayAnswerOn(hub, message.reply)) {
      connection.publish(message.reply, encodeMessage(answered))
    }
  } catch (error) {
    log.warn('request_not_answered', { subject, reason: messageOf(error) })
  }
}

const TOKENS = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/

/** True for a subject below this hub's replies. */
export function mayAnswerOn(hub: HubId, subject: string): boolean {
  const prefix = hubReply(hub, '')
  return subject.startsWith(prefix) && TOKENS.test(subject.slice(prefix.length))
}
