// A house of twelve sensors with a daily rhythm, for the demo and for tests: the same seed and time
// give the same readings. Pure; the rhythm is plausible physics, not measured data.

import type { Random } from '../../base/random.ts'
import { parseSensorType } from '../../wire/ids.ts'
import type { Json, SourceReading } from '../../wire/reading.ts'
import type { DeviceFacts } from '../devices/device.ts'

const DAY_MS = 86_400_000

interface Sensor {
  readonly type: string
  readonly device: string
  readonly unit?: string
  /** The value at a phase of the day (0 is midnight, 0.5 noon) with noise in −1..1. */
  readonly value: (phase: number, noise: number) => Json
}

/** A wave over the day: −1 at 4 in the morning, 1 at 4 in the afternoon. */
function warmth(phase: number): number {
  return -Math.cos(2 * Math.PI * (phase - 1 / 6))
}

function daylight(phase: number): number {
  return Math.max(0, Math.sin(2 * Math.PI * (phase - 0.25)))
}

/** How busy the house is: morning and evening peaks. */
function bustle(phase: number): number {
  const peak = (at: number): number => Math.exp(-(((phase - at) / 0.06) ** 2))
  return Math.min(1, peak(0.3) + peak(0.8) + 0.15 * daylight(phase))
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}

const room =
  (mean: number, swing: number) =>
  (phase: number, noise: number): number =>
    tenths(mean + swing * warmth(phase) + 0.15 * noise)

const SENSORS: readonly Sensor[] = [
  { type: 'temperature', device: 'living-room', unit: 'C', value: room(21.2, 0.9) },
  { type: 'temperature', device: 'kitchen', unit: 'C', value: room(20.4, 1.3) },
  { type: 'temperature', device: 'bedroom', unit: 'C', value: room(18.6, 0.7) },
  { type: 'temperature', device: 'garden', unit: 'C', value: room(11.5, 6.5) },
  {
    type: 'humidity',
    device: 'bathroom',
    unit: '%',
    value: (phase, noise) => tenths(52 + 22 * bustle(phase) + noise),
  },
  {
    type: 'humidity',
    device: 'garden',
    unit: '%',
    value: (phase, noise) => tenths(71 - 16 * warmth(phase) + 1.5 * noise),
  },
  {
    type: 'motion',
    device: 'hallway',
    value: (phase, noise) => (Math.abs(noise) < 0.1 + 0.5 * bustle(phase) ? 'active' : 'inactive'),
  },
  {
    type: 'contact',
    device: 'front-door',
    value: (phase, noise) => (noise > 0.97 - 0.2 * bustle(phase) ? 'open' : 'closed'),
  },
  {
    type: 'power',
    device: 'house-meter',
    unit: 'W',
    value: (phase, noise) => tenths(180 + 1450 * bustle(phase) + 60 * Math.abs(noise)),
  },
  {
    type: 'illuminance',
    device: 'living-room',
    unit: 'lux',
    value: (phase, noise) => Math.round(2 + 620 * daylight(phase) + 8 * Math.abs(noise)),
  },
  {
    type: 'co2',
    device: 'bedroom',
    unit: 'ppm',
    value: (phase, noise) => Math.round(620 - 180 * warmth(phase) + 12 * noise),
  },
  {
    type: 'battery',
    device: 'front-door',
    unit: '%',
    value: (phase) => Math.round(97 - phase),
  },
]

const DEVICES: { readonly [device: string]: readonly [name: string, room?: string] } = {
  'living-room': ['Climate sensor', 'Living room'],
  kitchen: ['Thermometer', 'Kitchen'],
  bedroom: ['Air sensor', 'Bedroom'],
  garden: ['Weather station', 'Garden'],
  bathroom: ['Hygrometer', 'Bathroom'],
  hallway: ['Motion sensor', 'Hallway'],
  'front-door': ['Front door'],
  'house-meter': ['House meter'],
}

/** What the devices of the house are called; each of their sensors reports once an interval. */
export function houseDevices(intervalMs: number): readonly DeviceFacts[] {
  return Object.entries(DEVICES).map(([device, [name, room]]) => {
    const types = SENSORS.filter((sensor) => sensor.device === device).map(({ type }) => type)
    const channels = types.flatMap((text) => {
      const type = parseSensorType(text)
      return type === undefined ? [] : [{ type, channel: 'main' }]
    })
    const called = { name, ...(room === undefined ? {} : { room }) }
    return { source: 'simulated', device, ...called, channels, expectedIntervalMs: intervalMs }
  })
}

/** How many sensors the house has. */
export const HOUSE_SENSORS = SENSORS.length

/** One reading of each sensor at `now` (epoch ms; the day begins at midnight UTC). */
export function readHouse(now: number, random: Random): readonly SourceReading[] {
  const phase = (now % DAY_MS) / DAY_MS
  return SENSORS.flatMap(({ type: typeText, device, unit, value }) => {
    const type = parseSensorType(typeText)
    if (type === undefined) return []
    const noise = 2 * random.float() - 1
    const named = { type, device, channel: 'main', value: value(phase, noise), observedAt: now }
    return [{ ...named, source: 'simulated', ...(unit === undefined ? {} : { unit }) }]
  })
}
