// A reading's value as a number in the canonical unit of its type. What is not known stays unknown and
// is flagged: a temperature without a unit is not taken for Celsius. Pure.

import { sensorType } from '../../wire/types.ts'
import type { SensorType } from '../../wire/types.ts'
import type { Reading } from '../../wire/reading.ts'
import type { TypeName } from '../../wire/ids.ts'
import type { Flag, Row } from '../storage/storage.ts'

type Convert = (value: number) => number

const same: Convert = (value) => value
const times =
  (factor: number): Convert =>
  (value) =>
    value * factor

// Celsius from Fahrenheit and Kelvin: exact definitions. 1 inHg = 33.8639 hPa (NIST SP 811, B.8).
// 1 gal (US) = 3.785411784 L, 1 pCi/L = 37 Bq/m³, 1 mph = 0.44704 m/s: exact definitions.
const UNITS: { readonly [canonical: string]: Readonly<Record<string, Convert>> } = {
  C: { C: same, '°C': same, F: fromFahrenheit, '°F': fromFahrenheit, K: (value) => value - 273.15 },
  '%': { '%': same, '%RH': same },
  hPa: {
    ...{ hPa: same, mbar: same, mBar: same, kPa: times(10), Pa: times(0.01) },
    ...{ bar: times(1000), inHg: times(33.8639) },
  },
  lx: { lx: same, lux: same },
  W: { W: same, kW: times(1000), mW: times(0.001) },
  Wh: { Wh: same, kWh: times(1000), MWh: times(1_000_000) },
  V: { V: same, mV: times(0.001) },
  A: { A: same, mA: times(0.001) },
  ppm: { ppm: same, ppb: times(0.001) },
  ppb: { ppb: same, ppm: times(1000) },
  'µg/m³': microgramsPerCubicMetre(),
  'Bq/m³': { 'Bq/m³': same, 'Bq/m^3': same, 'pCi/L': times(37) },
  mm: { mm: same, cm: times(10), in: times(25.4) },
  'mm/h': { 'mm/h': same, 'in/h': times(25.4) },
  'm/s': { 'm/s': same, 'km/h': times(1 / 3.6), mph: times(0.44704) },
  L: { L: same, mL: times(0.001), 'm^3': times(1000), 'm³': times(1000), gal: times(3.785411784) },
  'm³': { 'm³': same, 'm^3': same, m3: same, L: times(0.001) },
  'm³/h': { 'm³/h': same, 'm^3/h': same },
  kg: { kg: same, g: times(0.001), lbs: times(0.45359237) },
  dB: { dB: same },
  dBm: { dBm: same },
  mG: { mG: same },
  pH: { pH: same },
  B: { B: same, kB: times(1000), KiB: times(1024), MB: times(1e6) },
}

function fromFahrenheit(value: number): number {
  return ((value - 32) * 5) / 9
}

/** People and vendors write the micro sign (U+00B5), the Greek mu (U+03BC) and a plain u. */
function microgramsPerCubicMetre(): { readonly [unit: string]: Convert } {
  const micro = ['µg', 'μg', 'ug'].flatMap((mass) =>
    ['m³', 'm^3', 'm3'].map((volume): [string, Convert] => [`${mass}/${volume}`, same]),
  )
  const milli = ['m³', 'm^3', 'm3'].map((volume): [string, Convert] => [
    `mg/${volume}`,
    times(1000),
  ])
  return Object.fromEntries([...micro, ...milli])
}

/** The parts of a row that a worker derives. */
export type Derived = Pick<Row, 'number' | 'canonicalUnit' | 'flags'>

/** Number, unit and flags of a reading. */
export function canonical(type: TypeName, reading: Reading): Derived {
  const known = sensorType(type)
  const flags: Flag[] = hasSuspectTime(reading) ? ['time_suspect'] : []
  const { value } = reading
  if (typeof value === 'string' && known.words !== undefined) {
    const number = Object.hasOwn(known.words, value) ? (known.words[value] ?? null) : null
    if (number === null) flags.push('unknown_word')
    return { number, canonicalUnit: null, flags }
  }
  const given = numberOf(value)
  if (given === null) return { number: null, canonicalUnit: null, flags }
  const converted = convert(known, given, reading.unit, flags)
  const [low = -Infinity, high = Infinity] = known.range ?? []
  const comparable = known.unit === undefined || converted.canonicalUnit !== null
  if (comparable && (converted.number < low || converted.number > high)) flags.push('out_of_range')
  return { ...converted, flags }
}

function convert(known: SensorType, given: number, unit: string | undefined, flags: Flag[]) {
  if (known.unit === undefined) return { number: given, canonicalUnit: unit ?? null }
  const units = UNITS[known.unit] ?? {}
  // A unit is what somebody sent: `constructor` must not be found on the table's prototype.
  const to = unit !== undefined && Object.hasOwn(units, unit) ? units[unit] : undefined
  const number = to === undefined ? Number.NaN : tidy(to(given))
  if (Number.isFinite(number)) return { number, canonicalUnit: known.unit }
  flags.push('unit_unknown')
  return { number: given, canonicalUnit: null }
}

/** Removes the dust of binary fractions: nine decimals are far below any sensor's noise. */
function tidy(value: number): number {
  return Math.abs(value) < 1e9 ? Math.round(value * 1e9) / 1e9 : value
}

/** Numbers come as strings from some devices; booleans count as 0 and 1. */
function numberOf(value: Reading['value']): number | null {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

/** 1 January 2015: no hub of ours existed before. */
const EARLIEST_MS = 1_420_070_400_000

/** A source whose clock runs this far ahead of the agent's is wrong. */
const AHEAD_MAX_MS = 86_400_000

function hasSuspectTime({ observedAt, receivedAt, timeQuality }: Reading): boolean {
  return (
    timeQuality === 'suspect' || observedAt < EARLIEST_MS || observedAt > receivedAt + AHEAD_MAX_MS
  )
}
