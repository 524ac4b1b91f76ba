// Packs to bytes and back. The body is JSON, by columns: what is equal in all readings of a pack
// (device, boot, source) is said once, times are differences, and deflate finds little left to do.
// Refuses what is not contiguous, what is over its limits, and any body that is not one of ours.

import { HubleafError } from '../base/errors.ts'
import { frame, unframe } from './frame.ts'
import type { Frame } from './frame.ts'
import { parseBody } from './parse-body.ts'
import type { Lane, TypeName } from './ids.ts'
import { isTime, PACK_MAX_READINGS } from './limits.ts'
import type { Pack, Reading } from './reading.ts'
import { TIME_QUALITIES } from './reading.ts'

export type { Frame } from './frame.ts'
export type { Lane }

/**
 * The bytes of a pack. Readings must be 1 to 256, contiguous in seq and with times inside the
 * limits: anything else is a bug of the caller (`internal`). Throws `pack_too_large` when the body
 * is over 64 KiB: cut it smaller.
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

// The body:
//
//   { "e": epoch, "n": first seq, "m": marks,
//     "k": [[device, channel, source, quality, boot, unit|null, site|null], …]   distinct series
//     "x": column  index into k, per reading
//     "o": column  observedAt: the first as it is, then differences
//     "r": column  receivedAt − observedAt
//     "b": integer monoMs − receivedAt of the first reading
//     "t": column  monoMs − receivedAt − b, which is small or zero within a boot
//     "v": [value, …] }
//
// A column whose numbers are all equal is that one number; the number of values is the count.

type Series = readonly [string, string, string, number, string, string | null, string | null]

/** The body as it is before it becomes text; exported for the fuzz suite and the benchmark. */
export function toBody(pack: Pack): object {
  const { readings } = pack
  const first = readings[0]
  if (first === undefined || readings.length > PACK_MAX_READINGS) {
    throw new HubleafError('internal', `a pack of ${readings.length} readings`)
  }
  const base = first.monoMs - first.receivedAt
  const index = new SeriesIndex()
  const x: number[] = []
  const o: number[] = []
  const r: number[] = []
  const t: number[] = []
  let before = 0
  let seq = first.seq
  for (const reading of readings) {
    checkPlace(reading, seq)
    x.push(index.of(reading))
    o.push(reading.observedAt - before)
    r.push(reading.receivedAt - reading.observedAt)
    t.push(reading.monoMs - reading.receivedAt - base)
    before = reading.observedAt
    seq += 1
  }
  return {
    ...{ e: pack.epoch, n: first.seq, m: pack.marks, k: index.list },
    ...{ x: column(x), o: column(o), r: column(r), b: base, t: column(t) },
    v: readings.map((reading) => reading.value),
  }
}

function checkPlace(reading: Reading, seq: number): void {
  if (reading.seq !== seq) {
    throw new HubleafError('internal', `seq ${reading.seq} does not follow in a pack`)
  }
  const { observedAt, receivedAt, monoMs } = reading
  if (!isTime(observedAt) || !isTime(receivedAt) || !isTime(monoMs) || monoMs < 0) {
    throw new HubleafError('internal', `seq ${seq} has a time that no pack can carry`)
  }
}

function column(numbers: readonly number[]): number | readonly number[] {
  const first = numbers[0] ?? 0
  return numbers.every((number) => number === first) ? first : numbers
}

/** The distinct series of a pack, found by device first: a pack has few series per device. */
class SeriesIndex {
  readonly list: Series[] = []
  readonly #byDevice = new Map<string, number[]>()

  /** The place of the reading's series in `list`, which grows when it is new. */
  of(reading: Reading): number {
    let places = this.#byDevice.get(reading.device)
    if (places === undefined) {
      places = []
      this.#byDevice.set(reading.device, places)
    }
    for (const place of places) if (isSeriesOf(this.list[place], reading)) return place
    places.push(this.list.length)
    return this.list.push(seriesOf(reading)) - 1
  }
}

function isSeriesOf(series: Series | undefined, reading: Reading): boolean {
  return (
    series !== undefined &&
    series[1] === reading.channel &&
    series[2] === reading.source &&
    TIME_QUALITIES[series[3]] === reading.timeQuality &&
    series[4] === reading.boot &&
    series[5] === (reading.unit ?? null) &&
    series[6] === (reading.site ?? null)
  )
}

function seriesOf(reading: Reading): Series {
  const { device, channel, source, timeQuality, boot, unit = null, site = null } = reading
  return [device, channel, source, TIME_QUALITIES.indexOf(timeQuality), boot, unit, site]
}
