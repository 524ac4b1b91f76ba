import t from 'tap'
import { seededRandom, systemRandom } from '../base/random.ts'
import {
  isReservedType,
  makeEpochId,
  parseEpochId,
  parseHubId,
  parseLane,
  parseSensorType,
  parseTypeName,
  RESERVED_TYPES,
  reservedType,
} from './ids.ts'

// Whatever NATS gives a meaning to, or a path or a shell would.
const NO_TOKENS = [
  ...['', ' ', '.', '*', '>', 'a.b', 'a*', 'a>', 'a b', 'a\n', '\na', 'a\u0000', '$SYS', 'ä', 'A'],
  ...['a/b', '../a', '-a', 'a:b', 'a'.repeat(33)],
]

t.test('hub ids', async (t) => {
  for (const good of ['a', '0', 'hub-1', 'pi_kitchen', 'a'.repeat(32)])
    t.equal(parseHubId(good), good)
  for (const bad of [...NO_TOKENS, '_a']) t.equal(parseHubId(bad), undefined, JSON.stringify(bad))
})

t.test('sensor types', async (t) => {
  for (const good of ['x', 'pm2_5', 'temperature', 'a'.repeat(32)]) {
    t.equal(parseSensorType(good), good)
    t.equal(parseTypeName(good), good)
  }
  for (const bad of [...NO_TOKENS, '0a', 'a-b', '_a', '_drops', '__proto__']) {
    t.equal(parseSensorType(bad), undefined, JSON.stringify(bad))
    t.equal(parseTypeName(bad), undefined, JSON.stringify(bad))
  }
})

t.test('reserved types are types, but no sensor types', async (t) => {
  t.strictSame(RESERVED_TYPES, ['_epoch', '_drop', '_device', '_clock', '_heartbeat'])
  for (const type of RESERVED_TYPES) {
    t.ok(isReservedType(type))
    t.equal(parseTypeName(type), type)
    t.equal(reservedType(type), type)
    t.equal(parseSensorType(type), undefined)
  }
})

t.test('epoch ids are 80 bits of chance', async (t) => {
  const made = new Set(Array.from({ length: 1000 }, () => makeEpochId(systemRandom)))
  t.equal(made.size, 1000)
  for (const epoch of made) if (parseEpochId(epoch) !== epoch) t.fail(epoch)
  t.equal(makeEpochId(seededRandom(1)), makeEpochId(seededRandom(1)))
  for (const bad of [...NO_TOKENS, 'a'.repeat(15), 'a'.repeat(17), 'abcdefghijklmno1']) {
    t.equal(parseEpochId(bad), undefined, JSON.stringify(bad))
  }
})

t.test('lanes', async (t) => {
  t.equal(parseLane('live'), 'live')
  t.equal(parseLane('back'), 'back')
  for (const bad of ['', 'LIVE', 'dead', 'live ']) t.equal(parseLane(bad), undefined)
})
