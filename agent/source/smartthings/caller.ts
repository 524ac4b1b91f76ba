// How every call is made: within the budget, with a token that is renewed once if the cloud refuses
// it, and after the pauses that the cloud asks for. What is no success becomes an error with a code.

import type { Clock } from '../../../base/clock.ts'
import { HubleafError, messageOf } from '../../../base/errors.ts'
import { parseJson } from '../../../base/json.ts'
import type { Budget } from './budget.ts'
import type { Credentials } from './credentials.ts'
import { failureOf, pauseOf } from './failure.ts'
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

/** A longer pause is not waited for but told, ms. */
const WAIT_MAX_MS = 90_000

/** Pauses that one call waits for. */
const PAUSES_MAX = 3

/** A caller; pauses hold for the place (the path) that asked for them. */
export function createCaller({ transport, credentials, budget, clock }: CallerOptions): Caller {
  const pauses = new Map<string, { readonly endsAt: number; readonly endsAtMs: number }>()
  const leftOf = (place: string): number => {
    for (const [name, { endsAt }] of pauses) {
      if (endsAt <= clock.monotonic()) pauses.delete(name)
    }
    return (pauses.get(place)?.endsAt ?? 0) - clock.monotonic()
  }
  const waitAt = async (request: HttpRequest, signal: AbortSignal): Promise<void> => {
    const left = pauses.has(request.url.pathname) ? leftOf(request.url.pathname) : 0
    if (left > WAIT_MAX_MS) {
      const message = `${request.label}: the cloud asks to wait ${Math.ceil(left / 1000)} s`
      throw new HubleafError('smartthings_rate_limited', message)
    }
    if (left > 0) await clock.sleep(left, signal)
    if (signal.aborted) throw stopped(request.label)
  }
  const attempt = async <A extends HttpAnswer | HttpStream>(
    request: HttpRequest,
    signal: AbortSignal,
    send: (request: HttpRequest) => Promise<A>,
  ): Promise<{ readonly answer: A; readonly token: string }> => {
    await waitAt(request, signal)
    const token = await orStopped(credentials.access(), signal, request.label)
    await budget.take()
    const headers = { ...request.headers, authorization: `Bearer ${token}` }
    return { answer: await send({ ...request, headers }), token }
  }
  const perform = async <A extends HttpAnswer | HttpStream>(
    request: HttpRequest,
    signal: AbortSignal,
    send: (request: HttpRequest) => Promise<A>,
  ): Promise<A> => {
    let wasRefused = false
    for (let paused = 0; ;) {
      const { answer, token } = await attempt(request, signal, send)
      if (answer.status === 401 && !wasRefused) {
        wasRefused = true
        await orStopped(credentials.refused(token), signal, request.label)
        continue
      }
      if (answer.status !== 429 || !('text' in answer)) return answer
      const pause = pauseOf(answer, clock.now())
      pauses.set(request.url.pathname, {
        ...{ endsAt: clock.monotonic() + pause, endsAtMs: clock.now() + pause },
      })
      paused += 1
      if (paused >= PAUSES_MAX) {
        const message = `${request.label}: the cloud asked ${paused} times to wait`
        throw new HubleafError('smartthings_rate_limited', message)
      }
    }
  }
  return {
    async call(request, signal) {
      const answer = await perform(request, signal, (sent) => transport.exchange(sent, signal))
      if (answer.status < 200 || answer.status >= 300) throw failureOf(request.label, answer)
      if (answer.text === '') return undefined
      const value = parseJson(answer.text)
      if (value !== undefined) return value
      const message = `${request.label}: the answer is not JSON`
      throw new HubleafError('smartthings_answer_invalid', message)
    },
    async open(request, signal) {
      const answer = await perform(request, signal, (sent) => transport.open(sent, signal))
      if ('body' in answer) return answer
      throw failureOf(request.label, answer)
    },
    pausedUntilMs: () => {
      const open = [...pauses.values()].filter(({ endsAt }) => endsAt > clock.monotonic())
      return open.length === 0 ? undefined : Math.max(...open.map(({ endsAtMs }) => endsAtMs))
    },
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
