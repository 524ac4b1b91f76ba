// The storage service's requests and answers on NATS, as JSON text. Everything that arrives is checked
// before it is believed, on both sides: a request that is not one is `storage_request_malformed`, an
// answer that is none counts as no answer.

import { isUtf8 } from 'node:buffer'
import * as z from 'zod'
import { ERROR_CODES, HubleafError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { PART_MAX_CHARS, RANGE_MAX_POINTS, WRITE_MAX_ROWS } from './limits.ts'
import type { RowTable } from './row-table.ts'
import { rowCount } from './row-table.ts'
import * as shapes from './shapes.ts'
import { FLAGS } from './storage.ts'
import type { DeviceName, Latest, Point, RangeRequest, WriteOutcome } from './storage.ts'

/** Where requests go. */
export const SUBJECTS = {
  write: 'storage.write',
  latest: 'storage.latest',
  devices: 'storage.devices',
  range: 'storage.range',
  count: 'storage.count',
} as const

/** Instances of the service share the work under this name. */
export const QUEUE_GROUP = 'storage'

const series = {
  hub: shapes.hub,
  type: shapes.typeName,
  site: shapes.site.nullable(),
  device: shapes.device,
  channel: shapes.channel,
}

const rangeRequest = z
  .strictObject({
    ...series,
    from: shapes.time,
    to: shapes.time,
    points: z.int().min(2).max(RANGE_MAX_POINTS),
  })
  .readonly()

const nothing = z.strictObject({})

const key = z.strictObject({
  hub: shapes.hub,
  epoch: shapes.epoch,
  type: shapes.typeName,
  seq: shapes.seq,
})

const outcome = z.strictObject({
  stored: shapes.count,
  repeated: shapes.count,
  conflicts: z.array(key).max(WRITE_MAX_ROWS),
})

const latestPart = z.strictObject({
  part: shapes.count,
  parts: shapes.count,
  latest: z.array(
    z.strictObject({
      ...series,
      at: shapes.time,
      value: z.unknown(),
      number: z.number().nullable(),
      unit: z.string().nullable(),
      flags: z.array(z.enum(FLAGS)),
    }),
  ),
})

const devicesPart = z.strictObject({
  part: shapes.count,
  parts: shapes.count,
  devices: z.array(
    z.strictObject({
      ...{ hub: series.hub, site: series.site, device: series.device, source: shapes.channel },
      ...{ name: z.string().nullable(), room: z.string().nullable(), at: shapes.time },
    }),
  ),
})

const points = z.strictObject({ at: shapes.times, number: shapes.numbers })

const rows = z.strictObject({ rows: shapes.count })

const failure = z.strictObject({
  error: z.strictObject({ code: z.string(), message: z.string() }),
})

/** One part of the answer to `latest`, which is too long for one message. */
export interface LatestPart {
  readonly part: number
  readonly parts: number
  readonly latest: readonly Latest[]
}

/** One part of the answer to `devices`. */
export interface DevicesPart {
  readonly part: number
  readonly parts: number
  readonly devices: readonly DeviceName[]
}

/** The text of a write request. */
export function writeText(table: RowTable): string {
  return JSON.stringify(table)
}

/** The table of a write request. Throws `storage_request_malformed`. */
export function parseWrite(data: Uint8Array): RowTable {
  const table = parseRequest(shapes.table, data)
  if (rowCount(table) <= WRITE_MAX_ROWS) return table
  throw malformed(`a write request has at most ${WRITE_MAX_ROWS} rows`)
}

/** The request for a range. Throws `storage_request_malformed`. */
export function parseRange(data: Uint8Array): RangeRequest {
  return parseRequest(rangeRequest, data)
}

/** A request that says nothing: `{}`. Throws `storage_request_malformed`. */
export function parseNothing(data: Uint8Array): void {
  parseRequest(nothing, data)
}

function parseRequest<T>(shape: z.ZodType<T>, data: Uint8Array): T {
  const parsed = shape.safeParse(parseBytes(data))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw malformed(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'unknown'}`)
}

function malformed(reason: string): HubleafError {
  return new HubleafError('storage_request_malformed', `the request is malformed at ${reason}`)
}

function parseBytes(data: Uint8Array): unknown {
  if (!isUtf8(data)) return undefined
  return parseJson(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString())
}

/** The text of a good answer. */
export function okText(ok: object): string {
  return JSON.stringify({ ok })
}

/** The texts of the parts of the answer to `latest`; at least one. */
export function latestTexts(latest: readonly Latest[]): readonly string[] {
  return partTexts('latest', latest)
}

/** The texts of the parts of the answer to `devices`; at least one. */
export function devicesTexts(devices: readonly DeviceName[]): readonly string[] {
  return partTexts('devices', devices)
}

function partTexts(key: 'latest' | 'devices', items: readonly object[]): readonly string[] {
  const parts: string[][] = [[]]
  let chars = 0
  for (const row of items) {
    const text = JSON.stringify(row)
    if (chars > PART_MAX_CHARS) {
      parts.push([])
      chars = 0
    }
    parts.at(-1)?.push(text)
    chars += text.length
  }
  return parts.map((rows, part) => {
    return `{"ok":{"part":${part},"parts":${parts.length},"${key}":[${rows.join(',')}]}}`
  })
}

/** The text of points as columns. */
export function pointsText(list: readonly Point[]): string {
  return okText({ at: list.map((point) => point.at), number: list.map((point) => point.number) })
}

/** The text of a bad answer. */
export function errorText({ code, message }: HubleafError): string {
  return JSON.stringify({ error: { code, message } })
}

/** What became of a write. Throws the error in the answer, or `storage_unavailable`. */
export function parseOutcome(data: Uint8Array): WriteOutcome {
  return parseAnswer(outcome, data)
}

/** A part of the latest rows. Throws the error in the answer, or `storage_unavailable`. */
export function parseLatestPart(data: Uint8Array): LatestPart {
  return parseAnswer(latestPart, data)
}

/** A part of what devices are called. Throws the error in the answer, or `storage_unavailable`. */
export function parseDevicesPart(data: Uint8Array): DevicesPart {
  return parseAnswer(devicesPart, data)
}

/** The points of a range. Throws the error in the answer, or `storage_unavailable`. */
export function parsePoints(data: Uint8Array): readonly Point[] {
  const { at, number } = parseAnswer(points, data)
  return at.map((time, place) => ({ at: time, number: number[place] ?? 0 }))
}

/** The number of rows. Throws the error in the answer, or `storage_unavailable`. */
export function parseCount(data: Uint8Array): number {
  return parseAnswer(rows, data).rows
}

function parseAnswer<T>(shape: z.ZodType<T>, data: Uint8Array): T {
  const answer = parseBytes(data)
  const good = z.strictObject({ ok: shape }).safeParse(answer)
  if (good.success) return good.data.ok
  const bad = failure.safeParse(answer)
  if (!bad.success) {
    throw new HubleafError('storage_unavailable', 'storage gave an answer that is none')
  }
  const { code, message } = bad.data.error
  throw new HubleafError(isErrorCode(code) ? code : 'storage_unavailable', message)
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code)
}
