// Packs to bytes and back. The body is JSON, by columns: what is equal in all readings of a pack
// (device, boot, source) is said once, times are differences, and deflate finds little left to do.
//
//   { "e": epoch, "n": first seq, "m": marks,
//     "k": [[device, channel, source, quality, boot, unit|null, site|null], …]   distinct series
//     "x": column  index into k, per reading
//     "o": column  observedAt: the first as it is, then differences
//     "r": column  receivedAt − observedAt
//     "t": column  monoMs − receivedAt
//     "v": [value, …] }
//
// A column whose numbers are all equal is that one number; the number of values is the count.

import { HubleafError } from '../base/errors.ts'
import { frame, unframe } from './frame.ts'
import type { Frame } from './frame.ts'
import { parseBody } from './parse-body.ts'
import type { Lane, TypeName } from './ids.ts'
import { PACK_MAX_READINGS } from './limits.ts'
import type { Pack, Reading } from './reading.ts'
import { TIME_QUALITIES } from './reading.ts'

export type { Frame } from './frame.ts'
export type { Lane }

/**
 * The bytes of a pack. Readings must be 1 to 256 and contiguous in seq: anything else is a bug of
 * the caller (`internal`). Throws `pack_too_large` when the body is over 64 KiB: cut it smaller.
 */
export function encodePack(pack: Pack): Frame {
  return frame(Buffer.from(JSON.stringify(toBody(pack))))
}

/**
 * The pack in the bytes; `type` comes from the subject. Throws the codes of `unframe`, and
 * `pack_malformed` or `pack_field_unknown` for a body that is not one of ours.
 */
export function decodePack(bytes: Uint8Array, type: TypeName): Pack {
  return parseBody(unframe(bytes), type)
}

type Series = readonly [string, string, string, number, string, string | null, string | null]

/** The body as it is before it becomes text; exported for the fuzz suite and the benchmark. */
export function toBody(pack: Pack): object {
  const { readings } = pack
  const first = readings[0]
  if (first === undefined || readings.length > PACK_MAX_READINGS) {
    throw new HubleafError('internal', `a pack of ${readings.length} readings`)
  }
  const series = new Map<string, number>()
  const k: Series[] = []
  const x: number[] = []
  const o: number[] = []
  const r: number[] = []
  const t: number[] = []
  let before = 0
  for (const [index, reading] of readings.entries()) {
    if (reading.seq !== first.seq + index) {
      throw new HubleafError('internal', `seq ${reading.seq} does not follow in a pack`)
    }
    const key = seriesKey(reading)
    const known = series.get(key)
    x.push(known ?? k.length)
    if (known === undefined) {
      series.set(key, k.length)
      k.push(seriesOf(reading))
    }
    o.push(reading.observedAt - before)
    r.push(reading.receivedAt - reading.observedAt)
    t.push(reading.monoMs - reading.receivedAt)
    before = reading.observedAt
  }
  return {
    ...{ e: pack.epoch, n: first.seq, m: pack.marks, k },
    ...{ x: column(x), o, r: column(r), t: column(t) },
    v: readings.map((reading) => reading.value),
  }
}

function column(numbers: readonly number[]): number | readonly number[] {
  const first = numbers[0] ?? 0
  return numbers.every((number) => number === first) ? first : numbers
}

function seriesKey(reading: Reading): string {
  const { device, channel, source, timeQuality, boot, unit = '', site = '' } = reading
  // The parts hold no control characters, so a line feed keeps them apart.
  return `${device}\n${channel}\n${source}\n${timeQuality}\n${boot}\n${unit}\n${site}`
}

function seriesOf(reading: Reading): Series {
  const { device, channel, source, timeQuality, boot, unit = null, site = null } = reading
  return [device, channel, source, TIME_QUALITIES.indexOf(timeQuality), boot, unit, site]
}
