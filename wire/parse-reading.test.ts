import t from 'tap'
import { parseJson } from '../base/json.ts'
import { seededRandom, type Random } from '../base/random.ts'
import { pick, randomValue } from '../test/fixtures/random-pack.ts'
import { seedOr } from '../test/fixtures/seed.ts'
import { decodePack, encodePack } from './codec.ts'
import { makeEpochId } from './ids.ts'
import { TIME_MAX_MS } from './limits.ts'
import { parseReading } from './parse-reading.ts'

const GOOD = { type: 'temperature', device: 'kitchen', value: 21.5 }

/** The code and field that an input is refused with, or `accepted`. */
function verdict(input: unknown): string {
  const parsed = parseReading(input, 'http')
  return parsed.ok ? 'accepted' : `${parsed.refusal.code} ${parsed.refusal.field ?? ''}`.trim()
}

/** The text that a client sends: JSON.parse makes what no literal here can. */
function verdictOfText(text: string): string {
  return verdict(parseJson(text))
}

t.test('the least and the most that a reading can say', async (t) => {
  const least = { ...GOOD, channel: 'main', source: 'http' }
  t.strictSame(parseReading(GOOD, 'http'), { ok: true, reading: least })
  const most = {
    ...{ type: 'pm2_5', device: '厨房/灯', channel: 'main.fineDustLevel', value: { a: [1] } },
    ...{ unit: 'µg/m³', observedAt: 1_790_000_000_000, eventId: 'e-1', site: 's-1' },
  }
  t.strictSame(parseReading(most, 'mqtt'), { ok: true, reading: { ...most, source: 'mqtt' } })
})

t.test('every refusal has a code, a field and a sentence', async (t) => {
  const cases: readonly (readonly [unknown, string])[] = [
    ...[[], 'x', 1, null, undefined, true].map((input) => [input, 'not_an_object'] as const),
    [{ device: 'd', value: 1 }, 'field_missing type'],
    [{ type: 'a', value: 1 }, 'field_missing device'],
    [{ type: 'a', device: 'd' }, 'field_missing value'],
    [{ ...GOOD, type: 'Temperature' }, 'type_invalid type'],
    [{ ...GOOD, type: '_drop' }, 'type_invalid type'],
    [{ ...GOOD, type: 'a.b' }, 'type_invalid type'],
    [{ ...GOOD, type: 7 }, 'type_invalid type'],
    [{ ...GOOD, device: '' }, 'field_invalid device'],
    [{ ...GOOD, device: 'a\nb' }, 'field_invalid device'],
    [{ ...GOOD, device: 'a\u0085b' }, 'field_invalid device'],
    [{ ...GOOD, device: '\ud800' }, 'field_invalid device'],
    [{ ...GOOD, device: 'd'.repeat(201) }, 'field_invalid device'],
    [{ ...GOOD, device: null }, 'field_invalid device'],
    [{ ...GOOD, channel: 'c'.repeat(129) }, 'field_invalid channel'],
    [{ ...GOOD, unit: 5 }, 'field_invalid unit'],
    [{ ...GOOD, unit: 'u'.repeat(33) }, 'field_invalid unit'],
    [{ ...GOOD, eventId: {} }, 'field_invalid eventId'],
    [{ ...GOOD, eventId: 'e'.repeat(201) }, 'field_invalid eventId'],
    [{ ...GOOD, site: '\u007f' }, 'field_invalid site'],
    [{ ...GOOD, value: null }, 'field_invalid value'],
    [{ ...GOOD, value: NaN }, 'field_invalid value'],
    [{ ...GOOD, value: 'v'.repeat(16_384) }, 'value_too_large value'],
    [{ ...GOOD, observedAt: 'yesterday' }, 'time_invalid observedAt'],
    [{ ...GOOD, observedAt: '2026-01-31T09:30:00' }, 'time_invalid observedAt'],
    [{ ...GOOD, observedAt: TIME_MAX_MS + 1 }, 'time_invalid observedAt'],
    [{ ...GOOD, observedAt: NaN }, 'time_invalid observedAt'],
    [{ ...GOOD, observedAt: null }, 'time_invalid observedAt'],
    [{ ...GOOD, observed: 1 }, 'field_unknown observed'],
    [{ ...GOOD, source: 'x' }, 'field_unknown source'],
    [{ ...GOOD, seq: 1 }, 'field_unknown seq'],
  ]
  for (const [input, expected] of cases) {
    t.equal(verdict(input), expected)
    const parsed = parseReading(input, 'http')
    t.ok(!parsed.ok && parsed.refusal.message.length > 10)
  }
})

t.test('an unknown field is answered with the nearest name', async (t) => {
  const near = (field: string): string => {
    const parsed = parseReading({ ...GOOD, [field]: 1 }, 'http')
    return parsed.ok ? '' : parsed.refusal.message
  }
  t.match(near('observed_at'), 'did you mean "observedAt"?')
  t.match(near('units'), 'did you mean "unit"?')
  t.match(near('deviceId'), 'did you mean "device"?')
  t.ok(near('x'.repeat(1_000_000)).length < 120, 'a long name is not sent back')
})

t.test('JSON that is more than it seems', async (t) => {
  const rest = '"type":"a","device":"d"'
  t.equal(verdictOfText(`{${rest},"value":1e999}`), 'field_invalid value')
  t.equal(verdictOfText(`{${rest},"value":1,"__proto__":{"unit":"C"}}`), 'field_unknown __proto__')
  t.equal(verdictOfText(`{${rest},"value":1,"constructor":1}`), 'field_unknown constructor')
  t.equal(
    verdictOfText(`{${rest},"value":${'['.repeat(9000)}${']'.repeat(9000)}}`),
    'field_invalid value',
  )
  t.equal(verdictOfText(`{${rest},"value":1,"value":2}`), 'accepted')
  t.equal(verdictOfText(`{${rest},"value":-0}`), 'accepted')
  t.equal(verdictOfText('NaN'), 'not_an_object')
})

t.test('times far away are times', async (t) => {
  const at = (observedAt: unknown): unknown => {
    const parsed = parseReading({ ...GOOD, observedAt }, 'http')
    return parsed.ok ? parsed.reading.observedAt : parsed.refusal.code
  }
  t.equal(at(0), 0)
  t.ok(Object.is(at(-0.4), 0), 'zero, not negative zero')
  t.equal(at('1970-01-01T00:00:00Z'), 0)
  t.equal(at(4_070_908_800_000), 4_070_908_800_000)
  t.equal(at('2099-01-01T00:00:00Z'), 4_070_908_800_000)
  t.equal(at('2026-01-31T10:30:00.123456+01:00'), Date.UTC(2026, 0, 31, 9, 30, 0, 123))
  t.equal(at(1_790_000_000_000.6), 1_790_000_000_001)
  t.equal(at(TIME_MAX_MS), TIME_MAX_MS)
  t.equal(at(-TIME_MAX_MS), -TIME_MAX_MS)
})

/** An input with good and bad values in any field. */
function randomInput(random: Random): Record<string, unknown> {
  const odd = ['', 'a\u0000', '\ud800', null, 1, [], 'x'.repeat(300), 'ok', '厨房']
  const input: Record<string, unknown> = { ...GOOD, value: randomValue(random) }
  for (const field of ['device', 'channel', 'unit', 'eventId', 'site', 'type', 'zone']) {
    if (random.float() < 0.12) input[field] = pick(random, odd)
  }
  if (random.float() < 0.5) input['observedAt'] = (random.float() - 0.5) * 2.5 * TIME_MAX_MS
  if (random.float() < 0.1) input['value'] = pick(random, [null, Infinity, 1n])
  return input
}

t.test('whatever is accepted survives the wire', async (t) => {
  const seed = seedOr(4)
  const random = seededRandom(seed)
  const verdicts = new Map<string, number>()
  for (let turn = 0; turn < 20_000; turn += 1) {
    const parsed = parseReading(randomInput(random), 'http')
    const word = parsed.ok ? 'accepted' : parsed.refusal.code
    verdicts.set(word, (verdicts.get(word) ?? 0) + 1)
    if (!parsed.ok) continue
    const { eventId, type, observedAt = 5, ...fields } = parsed.reading
    const agent = { receivedAt: 1_790_000_000_000, boot: 'b', monoMs: 5, seq: 1 + turn }
    const reading = { ...fields, observedAt, ...agent, timeQuality: 'synced' as const }
    const pack = { epoch: makeEpochId(random), type, marks: {}, readings: [reading] }
    const { bytes } = encodePack(pack)
    const [back] = decodePack(bytes, type).readings
    if (JSON.stringify(sorted(back)) !== JSON.stringify(sorted(reading))) {
      return t.fail(`seed ${seed}: ${JSON.stringify(reading)} with event ${String(eventId)}`)
    }
  }
  t.comment(`seed ${seed}`, Object.fromEntries(verdicts))
  t.ok((verdicts.get('accepted') ?? 0) > 3000)
  return t.ok(verdicts.size >= 5)
})

function sorted(reading: object | undefined): unknown {
  return Object.entries(reading ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
}
