// How every call is made: within the budget, with a token that is renewed once if the cloud refuses
// it, and after the pauses that the cloud asks for. What is no success becomes an error with a code.

import type { Clock } from '../../../base/clock.ts'
import { HubleafError, messageOf } from '../../../base/errors.ts'
import { parseJson } from '../../../base/json.ts'
import type { Budget } from './budget.ts'
import type { Credentials } from './credentials.ts'
import { failureOf, pauseOf } from './failure.ts'
import { createPauses } from './pauses.ts'
import type { Pauses } from './pauses.ts'
import { stopped } from './transport.ts'
import type { HttpAnswer, HttpRequest, HttpStream, Transport } from './transport.ts'

/** Makes calls. */
export interface Caller {
  /** The JSON of a success; undefined where it has no body. Throws the common codes of `api.ts`. */
  call(request: HttpRequest, signal: AbortSignal): Promise<unknown>
  /** A body that is read as it comes. */
  open(request: HttpRequest, signal: AbortSignal): Promise<HttpStream>
  /** Until when the cloud asked to wait at some place, epoch ms. */
  pausedUntilMs(): number | undefined
}

/** What a caller needs. */
export interface CallerOptions {
  readonly transport: Transport
  readonly credentials: Credentials
  readonly budget: Budget
  readonly clock: Clock
}

/** Pauses that one call waits for. */
const PAUSES_MAX = 3

/** A caller. */
export function createCaller(options: CallerOptions): Caller {
  const { transport, clock } = options
  const pauses = createPauses(clock)
  return {
    async call(request, signal) {
      const send = async (sent: HttpRequest) => transport.exchange(sent, signal)
      return valueOf(request.label, await perform(options, pauses, request, signal, send))
    },
    async open(request, signal) {
      const send = async (sent: HttpRequest) => transport.open(sent, signal)
      const answer = await perform(options, pauses, request, signal, send)
      if ('body' in answer) return answer
      throw failureOf(request.label, answer)
    },
    pausedUntilMs: () => pauses.untilMs(),
  }
}

function valueOf(label: string, answer: HttpAnswer): unknown {
  if (answer.status < 200 || answer.status >= 300) throw failureOf(label, answer)
  if (answer.text === '') return undefined
  const value = parseJson(answer.text)
  if (value !== undefined) return value
  throw new HubleafError('smartthings_answer_invalid', `${label}: the answer is not JSON`)
}

/** The answer after pauses, and after one renewal where the token was refused. */
async function perform<A extends HttpAnswer | HttpStream>(
  { credentials, budget, clock }: CallerOptions,
  pauses: Pauses,
  request: HttpRequest,
  signal: AbortSignal,
  send: (request: HttpRequest) => Promise<A>,
): Promise<A> {
  let wasRefused = false
  for (let paused = 0; ;) {
    await pauses.wait(request, signal)
    const token = await orStopped(credentials.access(), signal, request.label)
    await budget.take()
    const headers = { ...request.headers, authorization: `Bearer ${token}` }
    const answer = await send({ ...request, headers })
    if (answer.status === 401 && !wasRefused) {
      wasRefused = true
      await orStopped(credentials.refused(token), signal, request.label)
      continue
    }
    if (answer.status !== 429 || !('text' in answer)) return answer
    pauses.begin(request.url.pathname, pauseOf(answer, clock.now()))
    paused += 1
    if (paused < PAUSES_MAX) continue
    const message = `${request.label}: the cloud asked ${paused} times to wait`
    throw new HubleafError('smartthings_rate_limited', message)
  }
}

/** The result, or `smartthings_stopped` as soon as the signal aborts; the work itself goes on. */
async function orStopped<T>(work: Promise<T>, signal: AbortSignal, label: string): Promise<T> {
  if (signal.aborted) {
    await Promise.allSettled([work])
    throw stopped(label)
  }
  let onAbort = (): void => undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(stopped(`${label}, ${messageOf(signal.reason)}`))
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
