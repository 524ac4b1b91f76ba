import t from 'tap'
import { sensorTypeOf } from '../../test/fixtures/readings.ts'
import type { Json, Reading } from '../../wire/reading.ts'
import { canonical } from './canonical.ts'

const at = 1_790_000_000_000

function derive(type: string, value: Json, unit?: string, extra: Partial<Reading> = {}) {
  const reading = {
    ...{ seq: 1, device: 'd', channel: 'main', source: 'test', value, observedAt: at },
    ...{ receivedAt: at, boot: 'b', monoMs: 1, timeQuality: 'synced' as const, ...extra },
    ...(unit === undefined ? {} : { unit }),
  }
  const { number, canonicalUnit, flags } = canonical(sensorTypeOf(type), reading)
  return [number, canonicalUnit, flags.join()]
}

t.test('units become canonical, numbers of other units are converted', async (t) => {
  t.strictSame(derive('temperature', 68, 'F'), [20, 'C', ''])
  t.strictSame(derive('temperature', 294.65, 'K'), [21.5, 'C', ''])
  t.strictSame(derive('pressure', 101.325, 'kPa'), [1013.25, 'hPa', ''])
  t.strictSame(derive('energy', 1.5, 'kWh'), [1500, 'Wh', ''])
  t.strictSame(derive('illuminance', 120, 'lux'), [120, 'lx', ''])
  t.strictSame(derive('pm2_5', 12, 'μg/m^3'), [12, 'µg/m³', ''])
  t.strictSame(derive('voltage', '3012', 'mV'), [3.012, 'V', ''])
  t.strictSame(derive('radon', 4, 'pCi/L'), [148, 'Bq/m³', ''])
})

t.test('P3.7 a unit is never guessed', async (t) => {
  t.strictSame(derive('temperature', 70), [70, null, 'unit_unknown'])
  t.strictSame(derive('temperature', 700, 'furlong'), [700, null, 'unit_unknown'])
  t.strictSame(derive('ultraviolet', 3), [3, null, ''])
  t.strictSame(derive('anything_else', 3, 'x'), [3, 'x', ''])
})

t.test('a unit that is a word of the language is a unit like any other', async (t) => {
  const words = [
    'constructor',
    'toString',
    'valueOf',
    '__proto__',
    'hasOwnProperty',
    'isPrototypeOf',
  ]
  for (const unit of words) {
    t.strictSame(derive('temperature', 70, unit), [70, null, 'unit_unknown'], unit)
    t.strictSame(derive(unit.toLowerCase().replaceAll('_', 'x'), 70, unit), [70, unit, ''], unit)
  }
  t.strictSame(derive('energy', 1e308, 'MWh'), [1e308, null, 'unit_unknown'], 'no infinity')
})

t.test('words have numbers where the table knows them', async (t) => {
  t.strictSame(derive('motion', 'active'), [1, null, ''])
  t.strictSame(derive('presence', 'not present'), [0, null, ''])
  t.strictSame(derive('motion', 'constructor'), [null, null, 'unknown_word'])
  t.strictSame(derive('button', 'pushed'), [null, null, ''])
  t.strictSame(derive('switch', true), [1, null, ''])
  t.strictSame(derive('three_axis', [1, 2, 3], 'mG'), [null, null, ''])
})

t.test('P3.7 values outside the plausible range are kept and flagged', async (t) => {
  t.strictSame(derive('humidity', 140, '%'), [140, '%', 'out_of_range'])
  t.strictSame(derive('temperature', -300, 'F'), [-184.444444444, 'C', 'out_of_range'])
})

t.test('P7.1 times in 1970 and 2099 are kept and flagged', async (t) => {
  t.strictSame(derive('humidity', 40, '%', { observedAt: 0 }), [40, '%', 'time_suspect'])
  const in2099 = Date.UTC(2099, 0, 1)
  t.strictSame(derive('humidity', 40, '%', { observedAt: in2099 }), [40, '%', 'time_suspect'])
  t.strictSame(derive('humidity', 40, '%', { timeQuality: 'suspect' }), [40, '%', 'time_suspect'])
})
