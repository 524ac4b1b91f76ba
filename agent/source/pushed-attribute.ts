// A reading from what the bridges of former days push: an attribute's name and a value, of a device. The
// name says the sensor type; there is no unit, no time and no id of the event, so none is made up: the
// journal takes the time of arrival, and a repeat cannot be told from a second reading. Pure.

import type { ErrorCode } from '../../base/errors.ts'
import type { JsonObject } from '../../base/json.ts'
import { typeOfAttributeName } from '../../wire/capabilities.ts'
import { CHANNEL_MAX_CHARS, DEVICE_MAX_CHARS } from '../../wire/limits.ts'
import { isCleanText } from '../../wire/parse-reading.ts'
import type { ParsedReading } from '../../wire/parse-reading.ts'
import { checkValue } from '../../wire/value.ts'

/** What was pushed. */
export interface PushedAttribute {
  readonly device: unknown
  /** The field that names the device, for refusals. */
  readonly deviceField: string
  readonly attribute: unknown
  readonly value: unknown
  readonly source: string
}

/** Attributes that fit a channel; those that are known are far shorter. */
const ATTRIBUTE_MAX_CHARS = CHANNEL_MAX_CHARS

/**
 * The reading of an attribute. The channel is `main` where the attribute is called as its type is, else
 * the attribute: two attributes of one type stay two series.
 */
export function readAttribute(pushed: PushedAttribute): ParsedReading {
  const { device, deviceField, attribute, value, source } = pushed
  if (!isCleanText(attribute, ATTRIBUTE_MAX_CHARS)) {
    const rule = `text of 1 to ${ATTRIBUTE_MAX_CHARS} characters without control characters`
    return refuse('field_invalid', `"type" must be ${rule}, such as "temperature"`, 'type')
  }
  if (!isCleanText(device, DEVICE_MAX_CHARS)) {
    const rule = `text of 1 to ${DEVICE_MAX_CHARS} characters without control characters`
    return refuse('field_invalid', `"${deviceField}" must be ${rule}`, deviceField)
  }
  const checked = checkValue(value)
  if (!('value' in checked) || typeof checked.value === 'object' || checked.value === '') {
    return refuse('field_invalid', '"value" must be a number, a text or a truth value', 'value')
  }
  const type = typeOfAttributeName(attribute)
  const channel = attribute === type ? 'main' : attribute
  return { ok: true, reading: { type, device, channel, value: checked.value, source } }
}

/** The refusal of a body that has not exactly these fields, or undefined. */
export function checkFields(
  input: JsonObject,
  fields: readonly string[],
): ParsedReading | undefined {
  for (const field of Object.keys(input)) {
    if (fields.includes(field)) continue
    const shown = field.slice(0, 40).toWellFormed()
    return refuse('field_unknown', `there is no field "${shown}" in this body`, shown)
  }
  const missing = fields.find((field) => input[field] === undefined)
  if (missing === undefined) return undefined
  return refuse('field_missing', `the field "${missing}" is missing`, missing)
}

/** A refusal of one body. */
export function refuse(code: ErrorCode, message: string, field?: string): ParsedReading {
  return { ok: false, refusal: { code, message, ...(field === undefined ? {} : { field }) } }
}
