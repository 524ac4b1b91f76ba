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

/** The body's text. A source without a time gets the agent's. */
export function encodeBody(reading: SourceReading, stamp: Stamp): string {
  return JSON.stringify([
    reading.device,
    reading.channel,
    reading.value,
    reading.source,
    reading.observedAt ?? stamp.receivedAt,
    stamp.receivedAt,
    stamp.monoMs,
    TIME_QUALITIES.indexOf(stamp.timeQuality),
    reading.unit ?? null,
    reading.site ?? null,
  ])
}

/** The reading in a body, or undefined if it is not one that `encodeBody` made. */
export function decodeBody(body: string, seq: number, boot: string): Reading | undefined {
  const parts = parseJson(body)
  if (!Array.isArray(parts) || parts.length !== 10) return undefined
  const fields: readonly unknown[] = parts
  const [device, channel, value, source, observedAt, receivedAt, monoMs, quality, unit, site] =
    fields
  const timeQuality = typeof quality === 'number' ? TIME_QUALITIES[quality] : undefined
  const checked = checkValue(value)
  if (
    typeof device !== 'string' ||
    typeof channel !== 'string' ||
    typeof source !== 'string' ||
    typeof observedAt !== 'number' ||
    typeof receivedAt !== 'number' ||
    typeof monoMs !== 'number' ||
    timeQuality === undefined ||
    'problem' in checked
  ) {
    return undefined
  }
  const reading = { seq, device, channel, value: checked.value, source, observedAt, receivedAt }
  return {
    ...reading,
    ...{ monoMs, timeQuality, boot },
    ...(typeof unit === 'string' ? { unit } : {}),
    ...(typeof site === 'string' ? { site } : {}),
  }
}

/** CRC-32 over everything that identifies and fills a row. */
export function rowChecksum(epoch: number, type: string, seq: number, body: string): number {
  return crc32(`${epoch} ${type} ${seq} ${body}`)
}
