// Which rows of a journal are meant: by type, device, time and state. Pure. A filter that cannot be
// understood is refused with the code `usage`, never taken for a wider one.

import { parseIsoTime } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { parseDuration } from '../../base/quantity.ts'
import { isReservedType, parseTypeName } from '../../wire/ids.ts'
import type { Reading } from '../../wire/reading.ts'

/** Where a row stands: to be sent, sent and still kept, or given up and kept for a person to see. */
export type RowState = 'waiting' | 'settled' | 'aside'

/** All states, in the order of a row's way. */
export const ROW_STATES: readonly RowState[] = ['waiting', 'settled', 'aside']

/** Which rows; an empty list or an undefined time leaves nothing out. */
export interface RowFilter {
  readonly types: readonly string[]
  readonly devices: readonly string[]
  /** Received at or after, epoch ms. */
  readonly since: number | undefined
  /** Received before, epoch ms. */
  readonly until: number | undefined
  readonly states: ReadonlySet<RowState>
  /** Whether the records that Hubleaf itself writes are meant too, where no type names them. */
  readonly records: boolean
}

/** True if rows of this type are meant. */
export function wantsType(filter: RowFilter, type: string): boolean {
  if (filter.types.length > 0) return filter.types.includes(type)
  return filter.records || !isReservedType(type)
}

/** True if this reading, of a type that is meant, is meant. */
export function wantsReading(filter: RowFilter, reading: Reading): boolean {
  const { devices, since, until } = filter
  if (devices.length > 0 && !devices.includes(reading.device)) return false
  if (since !== undefined && reading.receivedAt < since) return false
  return until === undefined || reading.receivedAt < until
}

/** The types that flags name. Throws `usage`. */
export function parseTypes(given: readonly string[]): readonly string[] {
  return given.map((text) => {
    if (parseTypeName(text) !== undefined) return text
    throw new HubleafError('usage', `--type ${text}: no type is called so`, {
      hint: 'types are words such as "temperature"; `hubleaf buffer status` lists those that are there',
    })
  })
}

const DAY = /^\d{4}-\d\d-\d\d$/
const EPOCH_MS = /^\d{11,16}$/

/** Epoch ms of an RFC 3339 time, a day (UTC), epoch ms, or a duration ago. Throws `usage`. */
export function parseTime(flag: string, text: string, now: number): number {
  const ago = parseDuration(text)
  if (ago !== undefined) return now - ago
  if (EPOCH_MS.test(text)) return Number(text)
  const found = parseIsoTime(DAY.test(text) ? `${text}T00:00:00Z` : text)
  if (found !== undefined) return found
  const hint = 'give 2026-09-21T14:13:20Z, 2026-09-21, or a time ago such as 10m or 2d'
  throw new HubleafError('usage', `--${flag} ${text} is no time`, { hint })
}
