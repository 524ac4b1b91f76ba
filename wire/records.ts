// The records that Hubleaf itself writes. They travel as readings of a reserved type, under the
// same key, so whatever keeps readings keeps them too. Their values are checked here, both ways.

import * as z from 'zod'
import { HubleafError } from '../base/errors.ts'
import { parseEpochId, parseTypeName } from './ids.ts'
import type { ReservedType } from './ids.ts'
import * as limits from './limits.ts'
import { isCleanText } from './parse-reading.ts'

/** Why readings were given up on purpose, or found lost. The list is closed. */
export const DROP_REASONS = [
  'buffer_full',
  'too_large',
  'invalid',
  'rejected',
  'corrupt',
  'purged',
  'dead_letter',
] as const

const epoch = z.string().refine((text) => parseEpochId(text) !== undefined, 'not an epoch')
const typeName = z.string().refine((text) => parseTypeName(text) !== undefined, 'not a type')
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const seq = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)
const time = z.number().int().min(-limits.TIME_MAX_MS).max(limits.TIME_MAX_MS)
/** Names that people or vendors gave; ids are `clean`, as they are in a reading. */
const text = z.string().min(1).max(200)
const clean = (max: number) =>
  z.string().refine((id) => isCleanText(id, max), `not text of 1 to ${max} clean characters`)
const mark = z.tuple([count, seq])
const atMostTypes = (object: object): boolean =>
  Object.keys(object).length <= limits.MARKS_MAX_TYPES

/** The first record of each epoch: what stood before it. `previous` is null in a new journal. */
const epochRecord = z.strictObject({
  previous: z
    .strictObject({ epoch, last: z.record(typeName, count).refine(atMostTypes) })
    .nullable(),
  /** `start` after any end; `salvage` when the journal was rebuilt from a damaged one. */
  reason: z.enum(['start', 'salvage']),
  agent: text,
})

/** One contiguous range that will never arrive, and why. Times are `receivedAt`, epoch ms. */
const dropRecord = z
  .strictObject({
    epoch,
    type: typeName,
    first: seq,
    last: seq,
    count: seq,
    from: time.nullable(),
    to: time.nullable(),
    reason: z.enum(DROP_REASONS),
  })
  .refine(({ first, last }) => first <= last, { path: ['last'], message: 'before "first"' })
  .refine(({ first, last, count }) => count <= last - first + 1, {
    path: ['count'],
    message: 'more than the range holds',
  })

/** What people call a device; each record replaces the one before. */
const deviceRecord = z.strictObject({
  device: clean(limits.DEVICE_MAX_CHARS),
  site: clean(limits.SITE_MAX_CHARS).optional(),
  source: clean(limits.SOURCE_MAX_CHARS),
  name: text.optional(),
  room: text.optional(),
  manufacturer: text.optional(),
  model: text.optional(),
  /** Type and channel pairs that the device is known to report. */
  channels: z
    .array(z.strictObject({ type: typeName, channel: clean(limits.CHANNEL_MAX_CHARS) }))
    .max(256)
    .optional(),
  /** How often a reading is expected, ms. */
  expectedIntervalMs: count.optional(),
  removed: z.boolean().optional(),
})

/** During boot `boot`, wall time was `wallAtBoot` + monoMs: lets the cloud correct older rows. */
const clockRecord = z.strictObject({
  boot: clean(limits.BOOT_MAX_CHARS),
  wallAtBoot: time,
  /** How the agent knows: the system's time service, or the cloud's answer. */
  by: z.enum(['system', 'cloud']),
  /** What the rows made before this record were off by, ms (true − stamped). */
  offsetMs: z.number().int(),
})

/** Every 30 s: what the agent holds, per epoch and type, as in a pack's marks. */
const heartbeatRecord = z.strictObject({
  marks: z.record(epoch, z.record(typeName, mark).refine(atMostTypes)),
  agent: text,
  upMs: count,
})

interface Records {
  _epoch: z.infer<typeof epochRecord>
  _drop: z.infer<typeof dropRecord>
  _device: z.infer<typeof deviceRecord>
  _clock: z.infer<typeof clockRecord>
  _heartbeat: z.infer<typeof heartbeatRecord>
}

const SHAPES: { readonly [T in ReservedType]: z.ZodType<Records[T]> } = {
  _epoch: epochRecord,
  _drop: dropRecord,
  _device: deviceRecord,
  _clock: clockRecord,
  _heartbeat: heartbeatRecord,
}

/** The value of a record of type `T`. */
export type RecordOf<T extends ReservedType> = Records[T]

/** Why a range of readings will never arrive. */
export type DropReason = (typeof DROP_REASONS)[number]

/** The value of a reserved record. Throws `record_malformed` with the field that is wrong. */
export function parseRecord<T extends ReservedType>(type: T, value: unknown): RecordOf<T> {
  const shape: z.ZodType<Records[T]> = SHAPES[type]
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue === undefined ? 'value' : issue.path.join('.') || 'value'
  const message = `a ${type} record is malformed at ${where}: ${issue?.message ?? 'unknown'}`
  throw new HubleafError('record_malformed', message)
}
