// A row's body: the reading as a JSON array, without what stands in other columns, and the checksum
// over all of the row. The boot is the epoch's: an opening of the journal happens within one boot.

import { crc32 } from 'node:zlib'
import { parseJson } from '../../base/json.ts'
import { TIME_QUALITIES } from '../../wire/reading.ts'
import type { Reading, SourceReading, TimeQuality } from '../../wire/reading.ts'
import { checkValue } from '../../wire/value.ts'

/** The agent's times for a reading. */
export interface Stamp {
  readonly receivedAt: number
  readonly monoMs: number
  readonly timeQuality: TimeQuality
}

/** Parts of a body without an event. */
const PARTS = 10

/**
 * The body's text. A source without a time gets the agent's, said by null. The event's hash stands in
 * it where there is one: a row that comes back from a damaged file brings its event with it.
 */
export function encodeBody(reading: SourceReading, stamp: Stamp, event: string | null): string {
  const parts = [
    reading.device,
    reading.channel,
    reading.value,
    reading.source,
    reading.observedAt ?? null,
    stamp.receivedAt,
    stamp.monoMs,
    TIME_QUALITIES.indexOf(stamp.timeQuality),
    reading.unit ?? null,
    reading.site ?? null,
  ]
  return JSON.stringify(event === null ? parts : [...parts, event])
}

/** The hash of the event in a body, or undefined where there is none. */
export function eventInBody(body: string): string | undefined {
  const parts = parseJson(body)
  const event: unknown = Array.isArray(parts) ? parts[PARTS] : undefined
  return typeof event === 'string' ? event : undefined
}

/** Where a body is read: its seq, its boot, and what was decided about that boot's wall times. */
export interface BodyContext {
  readonly seq: number
  readonly boot: string
  /** Wall time at boot, epoch ms, where rows of an unsynced clock are to be stamped anew. */
  readonly wallAtBoot: number | undefined
}

/** The reading in a body, or undefined if it is not one that `encodeBody` made. */
export function decodeBody(body: string, context: BodyContext): Reading | undefined {
  const parts = parseJson(body)
  if (!Array.isArray(parts) || parts.length < PARTS || parts.length > PARTS + 1) return undefined
  const fields: readonly unknown[] = parts
  const [device, channel, value, source, observedAt, receivedAt, monoMs, quality, unit, site] =
    fields
  const timeQuality = typeof quality === 'number' ? TIME_QUALITIES[quality] : undefined
  const checked = checkValue(value)
  if (
    typeof device !== 'string' ||
    typeof channel !== 'string' ||
    typeof source !== 'string' ||
    (observedAt !== null && typeof observedAt !== 'number') ||
    typeof receivedAt !== 'number' ||
    typeof monoMs !== 'number' ||
    timeQuality === undefined ||
    'problem' in checked
  ) {
    return undefined
  }
  const anew = timeQuality === 'unsynced' ? context.wallAtBoot : undefined
  const received = anew === undefined ? receivedAt : anew + monoMs
  const reading: Mutable<Reading> = {
    seq: context.seq,
    device,
    channel,
    value: checked.value,
    source,
    observedAt: observedAt ?? received,
    receivedAt: received,
    monoMs,
    timeQuality: anew === undefined ? timeQuality : 'corrected',
    boot: context.boot,
  }
  if (typeof unit === 'string') reading.unit = unit
  if (typeof site === 'string') reading.site = site
  return reading
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** CRC-32 over everything that identifies and fills a row; `format` 1 lacks the id. */
export function rowChecksum(format: number, row: RowIdentity, body: string): number {
  const identity = `${row.epoch} ${row.type} ${row.seq} ${body}`
  return crc32(format === 1 ? identity : `${row.id} ${identity}`)
}

/** What a row's checksum covers besides its body. */
export interface RowIdentity {
  readonly id: number
  /** The epoch's number in the file. */
  readonly epoch: number
  readonly type: string
  readonly seq: number
}
