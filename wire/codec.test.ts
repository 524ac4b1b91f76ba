import { readdirSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { isJsonObject, parseJson } from '../base/json.ts'
import { seededRandom } from '../base/random.ts'
import { reframe } from '../test/fixtures/mutations.ts'
import { randomPack } from '../test/fixtures/random-pack.ts'
import { seedOr } from '../test/fixtures/seed.ts'
import { decodePack, encodePack, toBody } from './codec.ts'
import { parseEpochId, parseHubId, parseSensorType, parseTypeName } from './ids.ts'
import { PACK_MAX_READINGS, TIME_MAX_MS } from './limits.ts'
import type { Pack, Reading } from './reading.ts'
import { readingsSubject } from './subject.ts'

const epoch = parseEpochId('abcdefghijklmnop')
const type = parseSensorType('temperature')
const hub = parseHubId('pi-1')
if (!epoch || !type || !hub) throw new RangeError('fixture')

const READING: Reading = {
  ...{ seq: 7, device: 'd', channel: 'main', value: 20.5, unit: 'C', site: 'home', source: 'http' },
  ...{ observedAt: 1_790_000_000_000, receivedAt: 1_790_000_000_003, boot: 'b', monoMs: 5000 },
  timeQuality: 'synced',
}

function packOf(readings: readonly Reading[]): Pack {
  if (!epoch || !type) throw new RangeError('fixture')
  return { epoch, type, readings, marks: { temperature: [106, 7] } }
}

/** The pack that a body means, given as JSON text. */
function decodeText(text: string): Pack {
  if (!type) throw new RangeError('fixture')
  return decodePack(reframe(Buffer.from(text)), type)
}

t.test('each field of the design is on the wire, and the event id is not', async (t) => {
  const pack = packOf([READING])
  const address = readingsSubject({ hub, lane: 'live', type })
  t.equal(address, 'readings.pi-1.live.temperature', 'hub, lane and type are in the subject')
  const back = decodePack(encodePack(pack).bytes, type)
  t.strictSame(back, pack)
  const fields = [
    ...['boot', 'channel', 'device', 'monoMs', 'observedAt', 'receivedAt', 'seq', 'site'],
    ...['source', 'timeQuality', 'unit', 'value'],
  ]
  t.strictSame(Object.keys(back.readings[0] ?? {}).sort(), fields)
  const withEvent = { ...READING, eventId: 'secret-event' }
  t.notMatch(JSON.stringify(toBody(packOf([withEvent]))), 'secret-event')
})

t.test('100 readings take a tenth of the bytes that the bar allows', async (t) => {
  const readings = Array.from({ length: 100 }, (_, place) => ({
    ...{ ...READING, seq: 7 + place, device: `d${place % 3}`, value: 20 + place / 10 },
    ...{ observedAt: READING.observedAt + place * 1000, monoMs: 5000 + place * 1000 },
    receivedAt: READING.receivedAt + place * 1000,
  }))
  const { bytes } = encodePack(packOf(readings))
  t.ok(bytes.length < 400, `${bytes.length} bytes`)
})

t.test('random packs survive', async (t) => {
  const seed = seedOr(5)
  const random = seededRandom(seed)
  let readings = 0
  for (let turn = 0; turn < 3000; turn += 1) {
    const pack = randomPack(random, turn % 50 === 0 ? 256 : 12)
    const { bytes, checksum } = encodePack(pack)
    readings += pack.readings.length
    const back = decodePack(bytes, pack.type)
    if (!isDeepStrictEqual(back, pack)) return t.fail(`seed ${seed}, turn ${turn}`)
    const again = encodePack(back)
    if (checksum !== again.checksum) return t.fail(`seed ${seed}: other bytes the second time`)
  }
  return t.pass(`${readings} readings, seed ${seed}`)
})

t.test('readings that differ in one field only stay different', async (t) => {
  const { site, unit, ...bare } = READING
  const variants: readonly Reading[] = [
    ...[READING, { ...READING, device: 'e' }, { ...READING, channel: 'c' }],
    ...[
      { ...READING, source: 's' },
      { ...READING, boot: 'c' },
      { ...READING, unit: 'F' },
    ],
    ...[
      { ...READING, site: 'away' },
      { ...READING, timeQuality: 'suspect' as const },
    ],
    ...[{ ...bare, site: site ?? '' }, { ...bare, unit: unit ?? '' }, bare, READING],
  ]
  const pack = packOf(variants.map((variant, place) => ({ ...variant, seq: 7 + place })))
  t.strictSame(decodePack(encodePack(pack).bytes, type), pack)
})

t.test('times at their limits survive, in any order', async (t) => {
  const ends = [TIME_MAX_MS, -TIME_MAX_MS, 0, -TIME_MAX_MS, TIME_MAX_MS, TIME_MAX_MS]
  const readings = ends.map((end, place) => ({
    ...{ ...READING, seq: 7 + place, observedAt: end, receivedAt: -end },
    monoMs: place % 2 === 0 ? 0 : TIME_MAX_MS,
  }))
  t.strictSame(decodePack(encodePack(packOf(readings)).bytes, type), packOf(readings))
})

t.test('what the caller must not do is a bug with a name', async (t) => {
  const bug = { code: 'internal' }
  t.throws(() => encodePack(packOf([])), bug)
  const many = Array.from({ length: PACK_MAX_READINGS + 1 }, (_, place) => ({
    ...{ ...READING, seq: 1 + place },
  }))
  t.throws(() => encodePack(packOf(many)), bug)
  t.doesNotThrow(() => encodePack(packOf(many.slice(1))))
  t.throws(() => encodePack(packOf([READING, READING])), bug, 'seq stands still')
  t.throws(() => encodePack(packOf([READING, { ...READING, seq: 9 }])), bug, 'a hole')
  for (const observedAt of [TIME_MAX_MS + 1, 0.5, NaN]) {
    t.throws(() => encodePack(packOf([{ ...READING, observedAt }])), bug, String(observedAt))
  }
  t.throws(() => encodePack(packOf([{ ...READING, monoMs: -1 }])), bug, 'before the boot')
})

t.test('a pack over 64 KiB is to be cut, and halves of it fit', async (t) => {
  const value = 'x'.repeat(10_000)
  const readings = Array.from({ length: 8 }, (_, place) => ({ ...READING, seq: 7 + place, value }))
  t.throws(() => encodePack(packOf(readings)), { code: 'pack_too_large' })
  t.doesNotThrow(() => encodePack(packOf(readings.slice(0, 4))))
  t.doesNotThrow(() => encodePack(packOf(readings.slice(4))))
})

const BODY = {
  ...{ e: 'abcdefghijklmnop', n: 7, m: { temperature: [8, 7] }, b: -1_789_999_995_003 },
  ...{ k: [['d', 'main', 'http', 0, 'b', 'C', null]], x: 0, o: 5, r: 1, t: 0, v: [1, 2] },
}

t.test('columns are one number or one per reading', async (t) => {
  const body = { ...BODY, o: [1_790_000_000_000, 10], b: -1_789_999_995_001 }
  const { readings } = decodeText(JSON.stringify(body))
  t.strictSame(
    readings.map(({ observedAt, receivedAt, monoMs }) => [observedAt, receivedAt, monoMs]),
    [
      [1_790_000_000_000, 1_790_000_000_001, 5000],
      [1_790_000_000_010, 1_790_000_000_011, 5010],
    ],
  )
})

const series = ['d', 'main', 'http', 0, 'b', 'C', null]
const REFUSED: readonly (readonly [string, object])[] = [
  ['no epoch', { e: undefined }],
  ['an epoch that is none', { e: 'ABC' }],
  ['seq 0', { n: 0 }],
  ['a seq beyond exact integers', { n: Number.MAX_SAFE_INTEGER }],
  ['no values', { v: [] }],
  ['values that are no list', { v: 'abc' }],
  ['257 values', { v: Array.from({ length: 257 }, () => 1), o: 1, b: 0 }],
  ['a null value', { v: [1, null] }],
  ['no series', { k: [] }],
  ['too many series', { k: Array.from({ length: 257 }, () => series) }],
  ['a series with a part too many', { k: [[...series, 1]] }],
  ['an unknown time quality', { k: [['d', 'main', 'http', 4, 'b', 'C', null]] }],
  ['an empty device', { k: [['', 'main', 'http', 0, 'b', 'C', null]] }],
  ['a device with a control character', { k: [['a\n', 'main', 'http', 0, 'b', 'C', null]] }],
  ['a lone surrogate in a device', { k: [['\ud800', 'main', 'http', 0, 'b', 'C', null]] }],
  ['a unit that is no text', { k: [['d', 'main', 'http', 0, 'b', 5, null]] }],
  ['an index to no series', { x: 1 }],
  ['a negative index', { x: -1 }],
  ['a column that is too short', { r: [1] }],
  ['a column with half a number', { r: [1, 0.5] }],
  ['a column of text', { t: '0' }],
  ['no base', { b: undefined }],
  ['a time before the boot', { o: [0, 0], b: -2 }],
  ['a time out of range', { o: TIME_MAX_MS }],
  ['marks that are a list', { m: [] }],
  ['a mark of no type', { m: { 'a b': [1, 1] } }],
  ['a mark that contradicts itself', { m: { a: [1, 3] } }],
  ['a mark with a part too many', { m: { a: [1, 1, 1] } }],
]

t.test('a body that is none is refused', async (t) => {
  const fine = { ...BODY, o: [1_790_000_000_000, 5] }
  t.equal(decodeText(JSON.stringify(fine)).readings.length, 2, 'the body to spoil is fine')
  for (const [what, change] of REFUSED) {
    const text = JSON.stringify({ ...fine, ...change })
    t.throws(() => decodeText(text), { code: 'pack_malformed' }, what)
  }
  for (const text of ['', '[]', 'null', '7', '{', '\ufeff{}', JSON.stringify(fine).slice(0, -1)]) {
    t.throws(() => decodeText(text), { code: 'pack_malformed' }, JSON.stringify(text.slice(-9)))
  }
  const { length } = decodeText(
    JSON.stringify({ ...fine, v: Array(256).fill(1), o: 1, b: 0 }),
  ).readings
  t.equal(length, 256, 'the most that a body holds')
  const bytes = Buffer.from(JSON.stringify(fine))
  bytes[bytes.indexOf('http')] = 0xff
  t.throws(() => decodePack(reframe(bytes), type), { code: 'pack_malformed' }, 'no UTF-8')
})

t.test('a field that nobody knows is refused by name, for a newer agent wrote it', async (t) => {
  const unknown = { code: 'pack_field_unknown', message: /"z"/ }
  t.throws(() => decodeText(JSON.stringify({ ...BODY, z: 1 })), unknown)
  const proto = JSON.stringify(BODY).replace('{', '{"__proto__":1,')
  t.throws(() => decodeText(proto), { code: 'pack_field_unknown' })
})

const PACKS = new URL('../test/fixtures/packs/', import.meta.url)

for (const name of readdirSync(PACKS).filter((file) => file.endsWith('.bin'))) {
  t.test(`old bytes ${name} mean what they always meant`, async (t) => {
    const expected = parseJson(readFileSync(new URL(name.replace('.bin', '.json'), PACKS), 'utf8'))
    const of =
      isJsonObject(expected) && typeof expected['type'] === 'string' ? expected['type'] : ''
    const known = parseTypeName(of)
    if (known === undefined) return t.fail(`${name} has no type`)
    const pack = decodePack(readFileSync(new URL(name, PACKS)), known)
    t.equal(isDeepStrictEqual(pack, expected), true)
    return t.ok(pack.readings.length > 0)
  })
}

t.test('P6.5 there are old bytes of this version', async (t) => {
  t.ok(readdirSync(PACKS).filter((name) => /^v1-.*\.bin$/.test(name)).length >= 6)
})
