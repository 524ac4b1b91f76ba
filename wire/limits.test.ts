import t from 'tap'
import { randomInt, seededRandom } from '../base/random.ts'
import { encodePack, decodePack } from './codec.ts'
import { makeEpochId, parseSensorType } from './ids.ts'
import * as limits from './limits.ts'
import type { Marks, Reading } from './reading.ts'

t.test('the relations hold, each with a name', async (t) => {
  t.ok(limits.LIMIT_RELATIONS.length >= 4)
  for (const [relation, holds] of limits.LIMIT_RELATIONS) t.ok(holds, relation)
})

t.test('the largest reading with the marks of all types really fits a pack', async (t) => {
  const type = parseSensorType('t'.repeat(32))
  if (type === undefined) throw new RangeError('fixture')
  const most = Number.MAX_SAFE_INTEGER
  const marks: Marks = Object.fromEntries(
    Array.from({ length: limits.MARKS_MAX_TYPES }, (_, place) => [
      `a${String(place).padStart(31, '0')}`,
      [most, most - 1] as const,
    ]),
  )
  const reading: Reading = {
    seq: most - 1,
    device: '"'.repeat(limits.DEVICE_MAX_CHARS),
    channel: '厨'.repeat(limits.CHANNEL_MAX_CHARS),
    value: 'v'.repeat(limits.VALUE_MAX_JSON_BYTES - 2),
    unit: '\\'.repeat(limits.UNIT_MAX_CHARS),
    site: '"'.repeat(limits.SITE_MAX_CHARS),
    source: '"'.repeat(limits.SOURCE_MAX_CHARS),
    boot: '"'.repeat(limits.BOOT_MAX_CHARS),
    observedAt: -limits.TIME_MAX_MS,
    receivedAt: limits.TIME_MAX_MS,
    monoMs: limits.TIME_MAX_MS,
    timeQuality: 'suspect',
  }
  const pack = { epoch: makeEpochId(seededRandom(1)), type, marks, readings: [reading] }
  t.strictSame(decodePack(encodePack(pack).bytes, type), pack)
})

t.test('times are integers either side of 1970', async (t) => {
  const random = seededRandom(2)
  for (const good of [0, 1, -1, limits.TIME_MAX_MS, -limits.TIME_MAX_MS, 4_070_908_800_000]) {
    t.ok(limits.isTime(good), String(good))
  }
  const { TIME_MAX_MS } = limits
  for (const bad of [0.5, NaN, Infinity, TIME_MAX_MS + 1, -TIME_MAX_MS - 1]) {
    t.notOk(limits.isTime(bad), String(bad))
  }
  const year = new Date(limits.TIME_MAX_MS).getUTCFullYear()
  t.equal(year, 73326, 'the year that the comment names')
  t.ok(limits.isTime(randomInt(random, 2 ** 41)))
})
