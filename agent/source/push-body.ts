// The text of a pushed body to the items in it, which their parsers then judge one by one. Pure: the
// bounds on bytes are kept where the body is read.

import { HubleafError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'

/** Most readings in one request; more are cheaper in several. */
export const REQUEST_MAX_READINGS = 10_000

/** One item, or those of an array. Throws `not_json`, `empty_batch` or `too_many_readings`. */
export function parseItems(body: unknown): readonly unknown[] {
  const value = parseOne(body)
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (items.length === 0) throw new HubleafError('empty_batch', 'the array holds no readings')
  if (items.length > REQUEST_MAX_READINGS) {
    const message = `${items.length} readings in one request, at most ${REQUEST_MAX_READINGS}`
    throw new HubleafError('too_many_readings', message)
  }
  return items
}

/** The JSON value in a body. Throws `not_json`. */
export function parseOne(body: unknown): unknown {
  const value = typeof body === 'string' ? parseJson(body) : undefined
  if (value !== undefined) return value
  throw new HubleafError('not_json', 'the body is not JSON; NaN and Infinity are not JSON either')
}
