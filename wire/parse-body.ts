// The body of a pack, from bytes to readings. Nothing in it is believed: each field is checked
// against the contract's limits, and what the contract does not name is refused.

import { isUtf8 } from 'node:buffer'
import { HubleafError } from '../base/errors.ts'
import { isJsonObject, parseJson } from '../base/json.ts'
import type { JsonObject } from '../base/json.ts'
import { parseEpochId, parseTypeName } from './ids.ts'
import type { TypeName } from './ids.ts'
import * as limits from './limits.ts'
import { isCleanText } from './parse-reading.ts'
import { TIME_QUALITIES } from './reading.ts'
import type { Json, Mark, Marks, Pack, Reading } from './reading.ts'
import { checkValue } from './value.ts'

const KEYS = ['e', 'n', 'm', 'k', 'x', 'o', 'r', 'b', 't', 'v']

/** The pack in a body. Throws `pack_malformed` or `pack_field_unknown`. */
export function parseBody(bytes: Uint8Array, type: TypeName): Pack {
  return parsePack(parseJson(decodeText(bytes)), type)
}

/** The pack in a body that has become an object already; for the benchmark's other encodings. */
export function parsePack(body: unknown, type: TypeName): Pack {
  if (!isJsonObject(body)) throw malformed('the body is not a JSON object')
  for (const key of Object.keys(body)) {
    if (!KEYS.includes(key)) {
      throw new HubleafError('pack_field_unknown', `the body has a field "${key.slice(0, 20)}"`)
    }
  }
  const epoch = typeof body['e'] === 'string' ? parseEpochId(body['e']) : undefined
  if (epoch === undefined) throw malformed('"e" is not an epoch')
  const marks = parseMarks(body['m'])
  return { epoch, type, marks, readings: parseReadings(body) }
}

function decodeText(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw malformed('the body is not UTF-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}

function parseReadings(body: JsonObject): readonly Reading[] {
  const values = body['v']
  const first = body['n']
  if (!Array.isArray(values) || values.length === 0 || values.length > limits.PACK_MAX_READINGS) {
    throw malformed('"v" is not 1 to 256 values')
  }
  const count = values.length
  if (!isSeq(first) || !Number.isSafeInteger(first + count)) throw malformed('"n" is not a seq')
  const series = parseSeriesList(body['k'])
  const index = parseColumn(body['x'], count, 'x')
  const observed = parseColumn(body['o'], count, 'o')
  const received = parseColumn(body['r'], count, 'r')
  const mono = parseColumn(body['t'], count, 't')
  const base = body['b']
  if (!isInteger(base)) throw malformed('"b" is not an integer')
  let observedAt = 0
  return values.map((value: unknown, place) => {
    observedAt += observed[place] ?? 0
    const receivedAt = observedAt + (received[place] ?? 0)
    const monoMs = receivedAt + base + (mono[place] ?? 0)
    const fields = series[index[place] ?? -1]
    if (fields === undefined) throw malformed(`"x" names a series that is not there`)
    if (
      !limits.isTime(observedAt) ||
      !limits.isTime(receivedAt) ||
      !limits.isTime(monoMs) ||
      monoMs < 0
    ) {
      throw malformed('a time is out of range')
    }
    return join(fields, {
      seq: first + place,
      value: parseValue(value),
      observedAt,
      receivedAt,
      monoMs,
    })
  })
}

type Draft = { -readonly [K in keyof Reading]: Reading[K] }

// Field by field: one spread per reading would cost more than all the checks.
function join(fields: SeriesFields, own: OwnFields): Reading {
  const { device, channel, source, boot, timeQuality, unit, site } = fields
  const { seq, value, observedAt, receivedAt, monoMs } = own
  const reading: Draft = {
    seq,
    device,
    channel,
    value,
    source,
    observedAt,
    receivedAt,
    boot,
    monoMs,
    timeQuality,
  }
  if (unit !== undefined) reading.unit = unit
  if (site !== undefined) reading.site = site
  return reading
}

type OwnFields = Pick<Reading, 'seq' | 'value' | 'observedAt' | 'receivedAt' | 'monoMs'>

type SeriesFields = Pick<
  Reading,
  'device' | 'channel' | 'source' | 'timeQuality' | 'boot' | 'unit' | 'site'
>

function parseSeriesList(list: unknown): readonly SeriesFields[] {
  if (!Array.isArray(list) || list.length > limits.PACK_MAX_READINGS) {
    throw malformed('"k" is not a list of series')
  }
  return list.map((item: unknown) => parseSeries(item))
}

function parseSeries(item: unknown): SeriesFields {
  const tuple: readonly unknown[] = Array.isArray(item) ? item : []
  const [device, channel, source, quality, boot, unit, site] = tuple
  const timeQuality = typeof quality === 'number' ? TIME_QUALITIES[quality] : undefined
  if (
    tuple.length !== 7 ||
    timeQuality === undefined ||
    !isCleanText(device, limits.DEVICE_MAX_CHARS) ||
    !isCleanText(channel, limits.CHANNEL_MAX_CHARS) ||
    !isCleanText(source, limits.SOURCE_MAX_CHARS) ||
    !isCleanText(boot, limits.BOOT_MAX_CHARS) ||
    !(unit === null || isCleanText(unit, limits.UNIT_MAX_CHARS)) ||
    !(site === null || isCleanText(site, limits.SITE_MAX_CHARS))
  ) {
    throw malformed('"k" has a series that is not one')
  }
  const optional = { ...(unit === null ? {} : { unit }), ...(site === null ? {} : { site }) }
  return { device, channel, source, timeQuality, boot, ...optional }
}

function parseColumn(column: unknown, count: number, name: string): readonly number[] {
  const numbers: readonly unknown[] = Array.isArray(column)
    ? column
    : new Array<unknown>(count).fill(column)
  if (numbers.length !== count || !numbers.every(isInteger)) {
    throw malformed(`"${name}" is not a column of ${count} integers`)
  }
  return numbers
}

/** The marks of a pack or heartbeat. Throws `pack_malformed`. */
export function parseMarks(input: unknown): Marks {
  if (!isJsonObject(input)) throw malformed('the marks are not an object')
  const entries = Object.entries(input)
  if (entries.length > limits.MARKS_MAX_TYPES) throw malformed('there are too many marks')
  return Object.fromEntries(entries.map(([type, mark]) => [type, parseMark(type, mark)]))
}

function parseMark(type: string, mark: unknown): Mark {
  const pair: readonly unknown[] = Array.isArray(mark) ? mark : []
  const [durable, oldest] = pair
  const sound = pair.length === 2 && parseTypeName(type) !== undefined
  if (!sound || !isCount(durable) || !isSeq(oldest) || oldest > durable + 1) {
    throw malformed(`the mark of "${type.slice(0, 40)}" is not one`)
  }
  return [durable, oldest]
}

function parseValue(value: unknown): Json {
  const checked = checkValue(value)
  if ('problem' in checked) throw malformed(`a value is ${checked.problem}`)
  return checked.value
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)
}

function isCount(value: unknown): value is number {
  return isInteger(value) && value >= 0
}

function isSeq(value: unknown): value is number {
  return isInteger(value) && value >= 1
}

function malformed(message: string): HubleafError {
  return new HubleafError('pack_malformed', message)
}
