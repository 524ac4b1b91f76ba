import t from 'tap'
import { isReservedType, parseSensorType } from './ids.ts'
import { knownTypes, sensorType } from './types.ts'

const UNITS = new Set([
  ...['C', '%', 'hPa', 'lx', 'W', 'Wh', 'V', 'A', 'ppm', 'ppb', 'µg/m³', 'Bq/m³', 'mm', 'mm/h'],
  ...['m/s', 'dB', 'mG', 'L', 'm³/h', 'm³', 'pH', 'kg', 'dBm', 'B'],
])

for (const name of knownTypes()) {
  t.test(`type ${name}`, async (t) => {
    t.equal(parseSensorType(name), name, 'its name can stand in a subject')
    t.notOk(isReservedType(name))
    const { semantics, unit, range, words } = sensorType(name)
    if (unit !== undefined) t.ok(UNITS.has(unit), `${unit} is a canonical unit`)
    if (unit === '%') t.strictSame(range, [0, 100])
    if (range !== undefined) t.ok(range[0] < range[1], `${range[0]} to ${range[1]}`)
    if (semantics === 'counter') t.strictSame(range, [0, Infinity], 'a counter counts up from 0')
    const numbers = Object.values(words ?? {})
    t.ok(numbers.every(Number.isFinite), 'words are numbers')
    if (words !== undefined) {
      t.strictSame([...new Set(numbers)].sort(), [0, 1], 'words are 0 or 1, and both occur')
      t.equal(unit, undefined, 'words have no unit')
    }
  })
}

t.test('a type that nobody described is a state without unit', async (t) => {
  t.strictSame(sensorType('soil_moisture'), { semantics: 'state' })
  t.strictSame(sensorType('constructor'), { semantics: 'state' })
  t.strictSame(sensorType('__proto__'), { semantics: 'state' })
})

t.test('units stand as the contract lists them', async (t) => {
  t.equal(sensorType('temperature').unit, 'C')
  t.equal(sensorType('humidity').unit, '%')
  t.equal(sensorType('pressure').unit, 'hPa')
  t.equal(sensorType('illuminance').unit, 'lx')
  t.equal(sensorType('power').unit, 'W')
  t.equal(sensorType('energy').unit, 'Wh')
  t.equal(sensorType('voltage').unit, 'V')
  t.equal(sensorType('current').unit, 'A')
  t.equal(sensorType('co2').unit, 'ppm')
  t.equal(sensorType('pm2_5').unit, 'µg/m³')
  t.equal(sensorType('button').semantics, 'event')
})
