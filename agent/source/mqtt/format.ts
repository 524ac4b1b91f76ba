// What the formats of MQTT payloads have in common: a message goes in, drafts of readings come out, or
// a refusal with its code. Whatever the bytes are, a format answers; it never throws.

import { parseJson } from '../../../base/json.ts'
import type { Refusal } from '../../../wire/parse-reading.ts'

/** A message as a broker delivers it. */
export interface MqttMessage {
  readonly topic: string
  readonly payload: Uint8Array
  /** It is the topic's stored state, sent because of a new subscription; not news. */
  readonly isRetained: boolean
}

/** A reading before it is checked; fields as `parseReading` takes them. */
export interface Draft {
  readonly type: string
  readonly device: string
  readonly channel: string
  readonly value: unknown
  readonly unit?: string
  readonly observedAt?: unknown
}

/**
 * What a message says: `drafts` (with what of it was refused), `nothing` where the topic is known and
 * carries no reading, `refused` where all of it is bad.
 */
export type Understood =
  | {
      readonly kind: 'drafts'
      readonly drafts: readonly Draft[]
      readonly refusals: readonly Refusal[]
    }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** A format of messages. */
export interface Format {
  /** The topic filters to subscribe to. */
  readonly filters: readonly string[]
  /** What the message says, or undefined if its topic is none of this format's. */
  understand(message: MqttMessage): Understood | undefined
}

/** A message that is all bad. */
export function refuse(refusal: Refusal): Understood {
  return { kind: 'refused', refusal }
}

/** A known topic without readings. */
export const NOTHING: Understood = { kind: 'nothing' }

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The payload as text, or undefined if it is not UTF-8. */
export function textOf(payload: Uint8Array): string | undefined {
  try {
    return utf8.decode(payload)
  } catch {
    return undefined
  }
}

/** The payload as a JSON value, or undefined if it is none. */
export function jsonOf(payload: Uint8Array): unknown {
  const text = textOf(payload)
  return text === undefined ? undefined : parseJson(text)
}

/** The answer to a payload that should be JSON. */
export const NOT_JSON: Refusal = { code: 'not_json', message: 'the payload is not JSON in UTF-8' }

/** The answer to JSON that should be an object. */
export const NOT_AN_OBJECT: Refusal = {
  code: 'not_an_object',
  message: 'the payload must be a JSON object',
}

/** A value that does not suit the type it is for. */
export function unsuitable(field: string, rule: string): Refusal {
  const shown = field.slice(0, 40).toWellFormed()
  return { code: 'field_invalid', field: shown, message: `"${shown}" must be ${rule}` }
}

/** A number that means something; texts of numbers are left to whoever reads them. */
export function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
