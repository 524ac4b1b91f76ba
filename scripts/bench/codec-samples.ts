// The packs that the codec is measured with, made from a seed: a simulated house, and a
// SmartThings-like installation with long vendor ids. One pack holds one sensor type, as on the
// wire; both have several devices of it, and times that jitter by milliseconds.

import { randomInt, randomToken, seededRandom, type Random } from '../../base/random.ts'
import { makeEpochId, parseSensorType } from '../../wire/ids.ts'
import type { Pack, Reading } from '../../wire/reading.ts'

/** A set of readings to measure with. */
export interface Sample {
  readonly name: string
  /** A pack of `count` readings that follow each other. */
  readonly pack: (count: number) => Pack
}

const START_MS = 1_790_000_000_000
const BOOTED_MS = START_MS - 86_400_123

/** A house of 12 sensors, four of them thermometers that report each 10 s with 2 decimals. */
export const house: Sample = {
  name: 'house',
  pack: (count) => {
    const random = seededRandom(12)
    const rooms = ['living-room', 'kitchen', 'bedroom', 'cellar']
    const boot = randomToken(random, 16)
    return packOf(random, count, (place) => {
      const observedAt = START_MS + place * 2500 + randomInt(random, 40)
      const celsius = 20.5 + 2 * Math.sin(place / 60) + (place % 4) + (random.float() - 0.5) / 2
      return {
        ...{ device: rooms[place % 4] ?? 'hall', channel: 'main', source: 'simulated', boot },
        ...{ value: Math.round(celsius * 100) / 100, unit: 'C', observedAt },
        ...{ receivedAt: observedAt + randomInt(random, 4) },
      }
    })
  },
}

/** Eight SmartThings thermometers in no fixed order: UUIDs, and a cloud's delay before receipt. */
export const smartthings: Sample = {
  name: 'smartthings',
  pack: (count) => {
    const random = seededRandom(8)
    const devices = Array.from({ length: 8 }, () => uuid(random))
    const [boot, site] = [uuid(random).replaceAll('-', ''), uuid(random)]
    let observedAt = START_MS
    return packOf(random, count, () => {
      observedAt += randomInt(random, 30_000)
      return {
        ...{ device: devices[randomInt(random, 8)] ?? uuid(random), site, boot },
        ...{ channel: 'main.temperature', source: 'smartthings', unit: 'F' },
        ...{ value: randomInt(random, 300) / 10 + 50, observedAt },
        ...{ receivedAt: observedAt + 150 + randomInt(random, 900) },
      }
    })
  },
}

/** All samples. */
export const samples: readonly Sample[] = [house, smartthings]

type Part = Omit<Reading, 'seq' | 'monoMs' | 'timeQuality'>

function packOf(random: Random, count: number, part: (place: number) => Part): Pack {
  const type = parseSensorType('temperature')
  if (type === undefined) throw new RangeError('temperature is no type')
  const first = 100_000
  const readings = Array.from({ length: count }, (_, place): Reading => {
    const fields = part(place)
    // Two clocks that tick in whole milliseconds differ by one now and then.
    const monoMs = fields.receivedAt - BOOTED_MS + randomInt(random, 2)
    return { ...fields, seq: first + place, monoMs, timeQuality: 'synced' }
  })
  const marks = { temperature: [first + count + 3, first] } as const
  return { epoch: makeEpochId(random), type, readings, marks }
}

function uuid(random: Random): string {
  const hex = Buffer.from(random.bytes(16)).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
