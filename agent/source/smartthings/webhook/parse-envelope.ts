// The body of a verified webhook as one of the things it can say: the SmartApp envelope (`lifecycle`),
// or that of an API access app (`messageType`). Pure; what is not one of them is refused with a code.
// Events stay unparsed here: an odd one must not cost its batch.

import { HubleafError } from '../../../../base/errors.ts'
import { isJsonObject, parseJson, textAt } from '../../../../base/json.ts'
import type { JsonObject } from '../../../../base/json.ts'
import { isCleanText } from '../../../../wire/parse-reading.ts'
import type { GrantedTokens, InstalledApp } from './installations.ts'
import { BATCH_MAX_EVENTS, ID_MAX_CHARS, TOKEN_MAX_CHARS, URL_MAX_CHARS } from './limits.ts'

/** What the vendor says. */
export type Message =
  | { readonly kind: 'confirmation'; readonly appId: string; readonly confirmationUrl: string }
  | { readonly kind: 'ping'; readonly challenge: string }
  | { readonly kind: 'configuration'; readonly phase: 'initialize' | 'page' }
  | {
      readonly kind: 'install' | 'update'
      readonly app: InstalledApp
      readonly tokens: GrantedTokens
    }
  | { readonly kind: 'event'; readonly app: InstalledApp; readonly events: readonly unknown[] }
  | { readonly kind: 'uninstall'; readonly installedAppId: string }
  | { readonly kind: 'oauth_callback'; readonly installedAppId: string; readonly urlPath: string }
  | { readonly kind: 'execute'; readonly installedAppId: string; readonly parameters: JsonObject }

/** A message, and how it came. */
export interface Envelope {
  readonly message: Message
  /** The app that it was sent to; the envelope of API access apps does not say. */
  readonly appId: string | undefined
}

const LIFECYCLES: { readonly [name: string]: (body: JsonObject) => Message } = {
  CONFIRMATION: confirmation,
  PING: ping,
  CONFIGURATION: configuration,
  INSTALL: (body) => ({ kind: 'install', ...granted(body, 'installData') }),
  UPDATE: (body) => ({ kind: 'update', ...granted(body, 'updateData') }),
  EVENT: event,
  UNINSTALL: uninstall,
  OAUTH_CALLBACK: oauthCallback,
  EXECUTE: execute,
}

/** API access apps are sent these two only. */
const MESSAGE_TYPES = ['CONFIRMATION', 'EVENT']

/** Parses a body. Throws `webhook_malformed` or `webhook_lifecycle_unknown`. */
export function parseEnvelope(bytes: Uint8Array): Envelope {
  const body = parseJson(textOf(bytes))
  if (!isJsonObject(body)) throw malformed('it is no JSON object')
  const { lifecycle, messageType } = body
  if ((lifecycle === undefined) === (messageType === undefined)) {
    throw malformed('it needs either "lifecycle" or "messageType"')
  }
  const name = lifecycle ?? messageType
  if (typeof name !== 'string') throw malformed('"lifecycle" or "messageType" is no text')
  const known = lifecycle !== undefined || MESSAGE_TYPES.includes(name)
  const parse = known && Object.hasOwn(LIFECYCLES, name) ? LIFECYCLES[name] : undefined
  if (parse === undefined) {
    const shown = name.slice(0, 40).toWellFormed()
    const message = `the vendor sent "${shown}", which this version does not know`
    throw new HubleafError('webhook_lifecycle_unknown', message)
  }
  const appId = body['appId'] === undefined ? undefined : id(body, 'appId')
  return { message: parse(body), appId }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw malformed('it is not UTF-8', cause)
  }
}

function confirmation(body: JsonObject): Message {
  const data = objectAt(body, 'confirmationData')
  const confirmationUrl = text(data, 'confirmationUrl', URL_MAX_CHARS)
  return { kind: 'confirmation', appId: id(data, 'appId'), confirmationUrl }
}

function ping(body: JsonObject): Message {
  return {
    kind: 'ping',
    challenge: text(objectAt(body, 'pingData'), 'challenge', TOKEN_MAX_CHARS),
  }
}

function configuration(body: JsonObject): Message {
  const phase = textAt(objectAt(body, 'configurationData'), 'phase')
  if (phase === 'INITIALIZE') return { kind: 'configuration', phase: 'initialize' }
  if (phase === 'PAGE') return { kind: 'configuration', phase: 'page' }
  throw malformed('"phase" is neither INITIALIZE nor PAGE')
}

function granted(body: JsonObject, key: string): { app: InstalledApp; tokens: GrantedTokens } {
  const data = objectAt(body, key)
  const accessToken = text(data, 'authToken', TOKEN_MAX_CHARS)
  const refreshToken = text(data, 'refreshToken', TOKEN_MAX_CHARS)
  return { app: installedApp(data), tokens: { accessToken, refreshToken } }
}

function event(body: JsonObject): Message {
  const data = objectAt(body, 'eventData')
  const events: unknown = data['events']
  if (!Array.isArray(events)) throw malformed('"events" is no array')
  if (events.length > BATCH_MAX_EVENTS) {
    throw malformed(`${events.length} events in one request, at most ${BATCH_MAX_EVENTS}`)
  }
  return { kind: 'event', app: installedApp(data), events }
}

function uninstall(body: JsonObject): Message {
  const app = objectAt(objectAt(body, 'uninstallData'), 'installedApp')
  return { kind: 'uninstall', installedAppId: id(app, 'installedAppId') }
}

/** The vendor's documents and its library spell the key differently. */
function oauthCallback(body: JsonObject): Message {
  const key = body['oauthCallbackData'] === undefined ? 'oAuthCallbackData' : 'oauthCallbackData'
  const data = objectAt(body, key)
  const urlPath = text(data, 'urlPath', TOKEN_MAX_CHARS)
  return { kind: 'oauth_callback', installedAppId: id(data, 'installedAppId'), urlPath }
}

function execute(body: JsonObject): Message {
  const data = objectAt(body, 'executeData')
  const installedAppId = id(objectAt(data, 'installedApp'), 'installedAppId')
  const parameters = data['parameters'] ?? {}
  if (!isJsonObject(parameters)) throw malformed('"parameters" is no object')
  return { kind: 'execute', installedAppId, parameters }
}

function installedApp(data: JsonObject): InstalledApp {
  const app = objectAt(data, 'installedApp')
  const permissions: unknown = app['permissions'] ?? []
  if (!isTexts(permissions)) throw malformed('"permissions" is no list of texts')
  const installedAppId = id(app, 'installedAppId')
  return { installedAppId, locationId: id(app, 'locationId'), permissions }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => isCleanText(item, TOKEN_MAX_CHARS))
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const found = object[key]
  if (!isJsonObject(found)) throw malformed(`"${key}" is missing or no object`)
  return found
}

function id(object: JsonObject, key: string): string {
  return text(object, key, ID_MAX_CHARS)
}

function text(object: JsonObject, key: string, most: number): string {
  const found = object[key]
  if (!isCleanText(found, most)) throw malformed(`"${key}" is missing or no text up to ${most}`)
  return found
}

function malformed(what: string, cause?: unknown): HubleafError {
  const message = `the webhook's body is not what the vendor sends: ${what}`
  return new HubleafError('webhook_malformed', message, { cause })
}
