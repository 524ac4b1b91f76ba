// One exchange with the cloud over HTTP. It ends in time or when it is aborted, follows no redirect,
// reads no answer without bound, and its errors carry neither headers nor bodies of the request.

import type { Clock } from '../../../base/clock.ts'
import { HubleafError, messageOf, systemCodeOf } from '../../../base/errors.ts'

/** What to send. `label` names the call in errors and logs, such as `GET /devices`. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: URL
  readonly label: string
  readonly headers: { readonly [name: string]: string }
  readonly body?: string
}

/** A whole answer, of any status. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** An answer whose body is still arriving. Its reader ends it by aborting the signal it gave. */
export interface HttpStream {
  readonly status: number
  readonly headers: Headers
  readonly body: AsyncIterable<Uint8Array>
}

/** The door to the network. */
export interface Transport {
  /** Throws `smartthings_unreachable`, `smartthings_answer_invalid`, `smartthings_stopped`. */
  exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>
  /** The same until the headers are there; other statuses than 200 come as a whole answer. */
  open(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | HttpStream>
}

/** A large house with all states is 2 MB. */
const ANSWER_MAX_BYTES = 33_554_432

/** A transport over Node's own fetch; each exchange takes at most `timeoutMs`. */
export function fetchTransport(clock: Clock, timeoutMs: number): Transport {
  const timed = async <T>(
    request: HttpRequest,
    signal: AbortSignal,
    action: (response: Response) => Promise<T>,
  ): Promise<T> => {
    const late = new AbortController()
    const cancel = clock.after(timeoutMs, () => late.abort())
    try {
      return await action(await begin(request, AbortSignal.any([signal, late.signal])))
    } catch (cause) {
      if (cause instanceof HubleafError) throw cause
      throw failure(request, cause, signal.aborted, late.signal.aborted ? timeoutMs : undefined)
    } finally {
      cancel()
    }
  }
  return {
    exchange: async (request, signal) =>
      timed(request, signal, (response) => whole(request, response)),
    open: async (request, signal) => {
      const answer = await timed(request, signal, async (response) => {
        const { status, headers, body } = response
        if (status !== 200 || body === null) return whole(request, response)
        return { status, headers, body }
      })
      return answer
    },
  }
}

async function begin(request: HttpRequest, signal: AbortSignal): Promise<Response> {
  const { method, url, headers, body } = request
  const sent = { method, headers, redirect: 'manual', signal } as const
  return fetch(url, body === undefined ? sent : { ...sent, body })
}

async function whole(request: HttpRequest, response: Response): Promise<HttpAnswer> {
  const { status, headers, body } = response
  const parts: Uint8Array[] = []
  let length = 0
  const arriving: AsyncIterable<Uint8Array> | readonly Uint8Array[] = body ?? []
  for await (const part of arriving) {
    length += part.byteLength
    if (length > ANSWER_MAX_BYTES) {
      const message = `${request.label}: the answer is larger than ${ANSWER_MAX_BYTES} bytes`
      throw new HubleafError('smartthings_answer_invalid', message)
    }
    parts.push(part)
  }
  if (status >= 300 && status < 400) {
    const message = `${request.label}: the cloud answered with a redirect (${status}), which is not followed`
    throw new HubleafError('smartthings_answer_invalid', message)
  }
  return { status, headers, text: new TextDecoder().decode(Buffer.concat(parts)) }
}

/** The error of an exchange that brought no answer. */
function failure(
  { label }: HttpRequest,
  cause: unknown,
  isStopped: boolean,
  timeoutMs: number | undefined,
): HubleafError {
  if (isStopped) return stopped(label)
  if (timeoutMs !== undefined) {
    const message = `${label}: no answer within ${timeoutMs} ms`
    return new HubleafError('smartthings_unreachable', message)
  }
  const inner = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause
  const why = systemCodeOf(inner) ?? messageOf(inner)
  return new HubleafError('smartthings_unreachable', `${label}: ${why}`, { cause })
}

/** The error of a call that its caller ended. */
export function stopped(label: string): HubleafError {
  return new HubleafError('smartthings_stopped', `${label}: stopped before it was answered`)
}
