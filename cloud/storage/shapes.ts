// What the fields of storage's messages may hold: the contract's limits, as zod shapes. Columns are
// checked as a whole, because a shape per number would cost more than storing the row.

import * as z from 'zod'
import { parseEpochId, parseHubId, parseTypeName } from '../../wire/ids.ts'
import * as limits from '../../wire/limits.ts'
import { isCleanText } from '../../wire/parse-reading.ts'
import { TIME_QUALITIES } from '../../wire/reading.ts'
import type { Json } from '../../wire/reading.ts'
import { checkValue } from '../../wire/value.ts'
import { FLAG_BITS_END } from './flags.ts'
import { WRITE_MAX_ROWS } from './limits.ts'
import type { Run, RowTable } from './row-table.ts'

export const hub = branded(parseHubId, 'not a hub')
export const epoch = branded(parseEpochId, 'not an epoch')
export const typeName = branded(parseTypeName, 'not a type')

function branded<T extends string>(parse: (text: string) => T | undefined, message: string) {
  return z.custom<T>((text) => typeof text === 'string' && parse(text) !== undefined, message)
}

function text(maxChars: number) {
  return z.custom<string>(
    (value) => isCleanText(value, maxChars),
    `not 1 to ${maxChars} characters`,
  )
}

export const site = text(limits.SITE_MAX_CHARS)
export const device = text(limits.DEVICE_MAX_CHARS)
export const channel = text(limits.CHANNEL_MAX_CHARS)
const unit = text(limits.UNIT_MAX_CHARS)

const kind = z.strictObject({
  device,
  channel,
  site: site.nullable(),
  source: text(limits.SOURCE_MAX_CHARS),
  boot: text(limits.BOOT_MAX_CHARS),
  timeQuality: z.enum(TIME_QUALITIES),
  unit: unit.nullable(),
  canonicalUnit: unit.nullable(),
})

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value)
const isTime = (value: unknown): value is number => isWhole(value) && limits.isTime(value)
const isCount = (value: unknown): value is number => isWhole(value) && value >= 0
const isNumber = (value: unknown): value is number => Number.isFinite(value)

export const time = z.custom<number>(isTime, 'not a time')
export const count = z.custom<number>(isCount, 'not a count')
export const seq = z.custom<number>((value) => isCount(value) && value >= 1, 'not a seq')

function column<T>(holds: (value: unknown) => value is T, of: string) {
  return z.custom<readonly T[]>((values) => Array.isArray(values) && values.every(holds), of)
}

export const times = column(isTime, 'not a column of times')
export const numbers = column(isNumber, 'not a column of numbers')
const counts = column(isCount, 'not a column of counts')
const flagBits = column(
  (value): value is number => isCount(value) && value < FLAG_BITS_END,
  'not a column of flags',
)
const numbersOrNull = column(
  (value): value is number | null => value === null || isNumber(value),
  'not a column of numbers or null',
)
const values = z.array(z.unknown()).transform((list, context): readonly Json[] => {
  const checked: Json[] = []
  for (const value of list) {
    const one = checkValue(value)
    if ('value' in one) checked.push(one.value)
    else context.addIssue({ code: 'custom', message: `a value is ${one.problem}` })
  }
  return checked
})

const run: z.ZodType<Run> = z
  .strictObject({
    ...{ hub, epoch, type: typeName, kinds: z.array(kind).min(1).max(WRITE_MAX_ROWS) },
    ...{ seq: counts, kind: counts, observedAt: times, receivedAt: times, monoMs: times },
    ...{ value: values, number: numbersOrNull, flags: flagBits },
  })
  .refine(isEven, 'the columns do not fit each other')

/** True if all columns are equally long, and what they say can be. */
function isEven(run: Run): boolean {
  const { observedAt, receivedAt, monoMs, value, number, flags } = run
  const { length } = run.seq
  const columns = [run.kind, observedAt, receivedAt, monoMs, value, number, flags]
  return (
    length >= 1 &&
    columns.every((each) => each.length === length) &&
    run.seq.every((one) => one >= 1) &&
    run.kind.every((one) => one < run.kinds.length) &&
    monoMs.every((one) => one >= 0)
  )
}

/** The table of a write request. */
export const table: z.ZodType<RowTable> = z.strictObject({
  runs: z.array(run).min(1).max(WRITE_MAX_ROWS),
})
