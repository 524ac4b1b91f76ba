// The event stream: a subscription, then a GET that never ends. Few logins may use it. Places are
// scarce (two), so the id of the last subscription is kept on disk and removed before the next one.

import type { Clock } from '../../../base/clock.ts'
import { HubleafError, isHubleafError, messageOf } from '../../../base/errors.ts'
import { isJsonObject, parseJson, textAt } from '../../../base/json.ts'
import type { StateFile } from '../../../base/state-file.ts'
import type { EventFilter, EventsApi, EventStream, StreamEvent } from './api.ts'
import type { Usage } from './budget.ts'
import type { Caller } from './caller.ts'
import { sseParser } from './sse-parser.ts'
import type { RawEvent } from './sse-parser.ts'
import type { HttpRequest } from './transport.ts'

/** What the stream needs. */
export interface EventsOptions {
  readonly caller: Caller
  readonly apiUrl: string
  readonly file: StateFile<Usage>
  readonly clock: Clock
}

/** A welcome comes each minute: without anything for this long the connection is dead, ms. */
const SILENCE_MAX_MS = 120_000

/** The newer place first; an account that does not know it has the older one. */
const PATHS = ['/v1/sse/subscriptions', '/subscriptions'] as const

/** The stream's part of the port. */
export function eventsApi(options: EventsOptions): EventsApi {
  return {
    async probe(filter, signal) {
      try {
        await subscribe(options, filter, signal)
      } catch (error) {
        const isAnswer =
          isHubleafError(error, 'smartthings_events_refused') ||
          isHubleafError(error, 'smartthings_limit_reached')
        if (!isAnswer) throw error
        return { usable: false, reason: error.message }
      }
      await removeOld(options, signal)
      return { usable: true }
    },
    async open(filter, signal) {
      const { id, url } = await subscribe(options, filter, signal)
      const request: HttpRequest = {
        ...{ method: 'GET', url, label: 'GET event stream' },
        headers: { accept: 'text/event-stream' },
      }
      const end = new AbortController()
      const ending = AbortSignal.any([signal, end.signal])
      const { body } = await options.caller.open(request, ending)
      return streamOf(id, body, options.clock, end, signal)
    },
  }
}

/** Makes a subscription; the one of an earlier run is removed first. */
async function subscribe(options: EventsOptions, filter: EventFilter, signal: AbortSignal) {
  await removeOld(options, signal)
  const { locationIds: value, eventTypes: eventType } = filter
  const body = { name: 'hubleaf', subscriptionFilters: [{ type: 'LOCATIONIDS', value, eventType }] }
  for (const path of PATHS) {
    const answer = await create(options, path, body, signal)
    if (answer === undefined) continue
    const [id, href] = [textAt(answer, 'subscriptionId'), textAt(answer, 'registrationUrl')]
    if (id === undefined || href === undefined || !URL.canParse(href)) {
      throw new HubleafError(
        'smartthings_answer_invalid',
        `POST ${path}: no subscription in the answer`,
      )
    }
    await options.file.update((data) => ({ ...data, events: { path, id } }))
    const url = new URL(href)
    if (mayHaveToken(url, new URL(options.apiUrl))) return { id, url }
    const message = `the event stream is on another host (${url.host}), which gets no token`
    throw new HubleafError('smartthings_answer_invalid', message)
  }
  throw refused('this cloud has no event stream')
}

/** The answer, or undefined where there is no such place. */
async function create(options: EventsOptions, path: string, body: unknown, signal: AbortSignal) {
  const request: HttpRequest = {
    ...{ method: 'POST', url: new URL(`${options.apiUrl}${path}`), label: `POST ${path}` },
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  }
  try {
    return await options.caller.call(request, signal)
  } catch (error) {
    if (isHubleafError(error, 'smartthings_not_found')) return undefined
    if (isHubleafError(error, 'smartthings_forbidden')) throw refused(error.message)
    throw error
  }
}

function refused(why: string): HubleafError {
  const hint = 'only some apps have the scope "sse"; without it the source polls'
  return new HubleafError('smartthings_events_refused', why, { hint })
}

/** Removes the subscription of an earlier run, if there is one that is known. */
async function removeOld({ file, caller, apiUrl }: EventsOptions, signal: AbortSignal) {
  const old = file.data.events
  if (old === undefined) return
  const path = `${old.path}/${encodeURIComponent(old.id)}`
  const request: HttpRequest = {
    ...{ method: 'DELETE', url: new URL(`${apiUrl}${path}`), label: `DELETE ${old.path}` },
    headers: { accept: 'application/json' },
  }
  try {
    await caller.call(request, signal)
  } catch (error) {
    const isGone =
      isHubleafError(error, 'smartthings_not_found') ||
      isHubleafError(error, 'smartthings_forbidden')
    if (!isGone) throw error
  }
  await file.update((data) => ({ ...data, events: undefined }))
}

/** The vendor streams from hosts below its own; nobody else gets the token. */
function mayHaveToken(url: URL, api: URL): boolean {
  if (url.origin === api.origin) return true
  return url.protocol === 'https:' && url.port === '' && url.hostname.endsWith(`.${api.hostname}`)
}

function streamOf(
  subscriptionId: string,
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
  end: AbortController,
  signal: AbortSignal,
): EventStream {
  const events = read(body, clock, end, signal)
  return {
    subscriptionId,
    [Symbol.asyncIterator]: () => events,
    async [Symbol.asyncDispose]() {
      end.abort()
      await events.return(undefined)
    },
  }
}

async function* read(
  body: AsyncIterable<Uint8Array>,
  clock: Clock,
  end: AbortController,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent, undefined> {
  const parser = sseParser()
  const decoder = new TextDecoder()
  const silence = new AbortController()
  const watch = (): (() => void) =>
    clock.after(SILENCE_MAX_MS, () => {
      silence.abort()
      end.abort()
    })
  let cancel = watch()
  try {
    for await (const bytes of body) {
      cancel()
      for (const event of parser.push(decoder.decode(bytes, { stream: true }))) yield meaning(event)
      cancel = watch()
    }
    return undefined
  } catch (cause) {
    const isSilent = silence.signal.aborted
    if (signal.aborted || (end.signal.aborted && !isSilent)) return undefined
    const why = isSilent ? `nothing came for ${SILENCE_MAX_MS / 1000} s` : messageOf(cause)
    throw new HubleafError('smartthings_unreachable', `GET event stream: ${why}`, { cause })
  } finally {
    cancel()
    end.abort()
  }
}

function meaning({ name, data }: RawEvent): StreamEvent {
  if (data === undefined) return { kind: 'malformed', name }
  if (name === 'CONTROL_EVENT') return { kind: 'control', text: data.trim() }
  const body = parseJson(data)
  return isJsonObject(body) ? { kind: 'event', name, body } : { kind: 'malformed', name }
}
