// Turns what somebody sent into a SourceReading, or says which field is wrong and why.
// Field names are those of the contract; an unknown field is refused with the nearest known one,
// because a misspelt `observedAt` would otherwise be lost in silence.

import { closest } from 'fastest-levenshtein'
import { parseIsoTime } from '../base/clock.ts'
import type { ErrorCode } from '../base/errors.ts'
import { isJsonObject } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import { parseSensorType } from './ids.ts'
import type { TypeName } from './ids.ts'
import {
  CHANNEL_MAX_CHARS,
  DEVICE_MAX_CHARS,
  EVENT_ID_MAX_CHARS,
  SITE_MAX_CHARS,
  TIME_MAX_MS,
  UNIT_MAX_CHARS,
  VALUE_MAX_DEPTH,
} from './limits.ts'
import type { Json, SourceReading } from './reading.ts'
import { checkValue } from './value.ts'
import type { ValueProblem } from './value.ts'

/** A refusal that can be sent back: code, field and a sentence. */
export interface Refusal {
  readonly code: ErrorCode
  readonly field?: string
  readonly message: string
}

/** A reading, or why there is none. */
export type ParsedReading =
  | { readonly ok: true; readonly reading: SourceReading }
  | { readonly ok: false; readonly refusal: Refusal }

const FIELDS = ['type', 'device', 'channel', 'value', 'unit', 'observedAt', 'eventId', 'site']

/** Parses one reading as a client sends it; `source` is the name of the source that received it. */
export function parseReading(input: unknown, source: string): ParsedReading {
  if (!isJsonObject(input)) return refuse('not_an_object', 'a reading must be a JSON object')
  for (const field of Object.keys(input)) {
    if (!FIELDS.includes(field)) {
      // Cut first: the distance to a field name of a megabyte is not worth a second of work.
      const shown = field.slice(0, 40).toWellFormed()
      const near = closest(shown, FIELDS)
      const message = `there is no field "${shown}"; did you mean "${near}"?`
      return refuse('field_unknown', message, shown)
    }
  }
  const required = parseRequired(input)
  if ('refusal' in required) return { ok: false, refusal: required.refusal }
  const optional = parseOptional(input)
  if ('refusal' in optional) return { ok: false, refusal: optional.refusal }
  return { ok: true, reading: { ...required, ...optional, source } }
}

/** What is said of a value that is none. */
const VALUE_RULES: Readonly<Record<ValueProblem, string>> = {
  null: '"value" must not be null',
  'not a JSON value': '"value" must be a JSON value',
  'too deep': `"value" must not be nested deeper than ${VALUE_MAX_DEPTH}`,
  'too large': '"value" must not be over 16 KiB of JSON',
}

type Required = { type: TypeName; device: string; channel: string; value: Json }
type Optional = { unit?: string; observedAt?: number; eventId?: string; site?: string }

function parseRequired(input: JsonObject): Required | { refusal: Refusal } {
  for (const field of ['type', 'device', 'value']) {
    if (input[field] === undefined) {
      return refuse('field_missing', `the field "${field}" is missing`, field)
    }
  }
  const type = typeof input['type'] === 'string' ? parseSensorType(input['type']) : undefined
  if (type === undefined) {
    const rule = 'a small letter, then up to 31 small letters, digits or underscores'
    return refuse('type_invalid', `"type" must be ${rule}, for example "temperature"`, 'type')
  }
  const device = checkText(input, 'device', DEVICE_MAX_CHARS)
  if (typeof device !== 'string') return device ?? refuse('field_missing', 'no device', 'device')
  const channel = checkText(input, 'channel', CHANNEL_MAX_CHARS) ?? 'main'
  if (typeof channel !== 'string') return channel
  const checked = checkValue(input['value'])
  if ('value' in checked) return { type, device, channel, value: checked.value }
  return checked.problem === 'too large'
    ? refuse('value_too_large', '"value" is over 16 KiB of JSON', 'value')
    : refuse('field_invalid', VALUE_RULES[checked.problem], 'value')
}

function parseOptional(input: JsonObject): Optional | { refusal: Refusal } {
  const unit = checkText(input, 'unit', UNIT_MAX_CHARS)
  if (typeof unit === 'object') return unit
  const eventId = checkText(input, 'eventId', EVENT_ID_MAX_CHARS)
  if (typeof eventId === 'object') return eventId
  const site = checkText(input, 'site', SITE_MAX_CHARS)
  if (typeof site === 'object') return site
  const observedAt = checkTime(input['observedAt'])
  if (typeof observedAt === 'object') return observedAt
  return {
    ...(unit === undefined ? {} : { unit }),
    ...(eventId === undefined ? {} : { eventId }),
    ...(site === undefined ? {} : { site }),
    ...(observedAt === undefined ? {} : { observedAt }),
  }
}

/** Text of 1 to `max` characters, well-formed, without control characters. */
export function isCleanText(value: unknown, max: number): value is string {
  return (
    typeof value === 'string' &&
    value.length > 0 &&
    value.length <= max &&
    value.isWellFormed() &&
    !/\p{Cc}/u.test(value)
  )
}

function checkText(input: JsonObject, field: string, max: number) {
  const value = input[field]
  if (value === undefined) return undefined
  if (isCleanText(value, max)) return value
  const rule = `text of 1 to ${max} characters without control characters`
  return refuse('field_invalid', `"${field}" must be ${rule}`, field)
}

function checkTime(value: unknown): number | undefined | { ok: false; refusal: Refusal } {
  if (value === undefined) return undefined
  const ms = typeof value === 'string' ? parseIsoTime(value) : value
  if (typeof ms === 'number' && Number.isFinite(ms) && Math.abs(ms) <= TIME_MAX_MS) {
    return Math.round(ms) + 0
  }
  const rule = 'epoch milliseconds or an RFC 3339 time such as "2026-01-31T09:30:00Z"'
  return refuse('time_invalid', `"observedAt" must be ${rule}`, 'observedAt')
}

function refuse(code: ErrorCode, message: string, field?: string) {
  const refusal: Refusal = { code, message, ...(field === undefined ? {} : { field }) }
  return { ok: false, refusal } as const
}
