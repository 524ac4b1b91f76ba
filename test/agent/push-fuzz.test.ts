// Claim: whatever bytes are pushed, in any of the three shapes, the parsers answer with readings or with
// coded refusals; and what they accept is what was sent, can be stored, and travels unchanged. A million
// spoilt bodies from a seed; HUBLEAF_FUZZ_SEED replays another.

import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { parseLegacy } from '../../agent/source/legacy-app.ts'
import { parseBridgePush } from '../../agent/source/mqtt-bridge.ts'
import { parseItems, parseOne } from '../../agent/source/push-body.ts'
import { textOf } from '../../agent/source/read-body.ts'
import { isHubleafError } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import { seededRandom, type Random } from '../../base/random.ts'
import { secretOf } from '../../base/secret.ts'
import { decodePack, encodePack } from '../../wire/codec.ts'
import { makeEpochId } from '../../wire/ids.ts'
import { parseReading } from '../../wire/parse-reading.ts'
import type { ParsedReading } from '../../wire/parse-reading.ts'
import type { Reading, SourceReading } from '../../wire/reading.ts'
import { BODY_MUTATIONS, BODY_PASSCODE, randomBody, SHAPES } from '../fixtures/push-bodies.ts'
import type { BodyMutation, Shape } from '../fixtures/push-bodies.ts'
import { pick } from '../fixtures/random-pack.ts'
import { seedOr } from '../fixtures/seed.ts'

const TOTAL = 1_020_000
const SPECIMENS = 400

/** One accepted reading in so many is packed and unpacked: that costs ten times what parsing does. */
const TRAVELS_EVERY = 10

const CODES = [
  ...[
    'not_json',
    'empty_batch',
    'not_an_object',
    'field_missing',
    'field_unknown',
    'field_invalid',
  ],
  ...['type_invalid', 'time_invalid', 'value_too_large', 'too_many_readings', 'unauthorized'],
]

const seed = seedOr(20_261_125)
const outcomes = new Map<string, number>()
const passcode = secretOf(BODY_PASSCODE)
const random = seededRandom(seed)
const epoch = makeEpochId(random)
let accepted = 0

/** What the agent adds before a reading travels. */
const STAMP = {
  ...{ seq: 1, receivedAt: 1_795_162_530_000, boot: 'b', monoMs: 5 },
  timeQuality: 'synced',
} as const

/** Each item of a body and what its parser made of it. Throws what the parsers throw. */
function parse(shape: Shape, bytes: Uint8Array): readonly (readonly [unknown, ParsedReading])[] {
  const text = textOf(bytes)
  if (shape === 'readings') {
    return parseItems(text).map((item) => [item, parseReading(item, 'http')] as const)
  }
  const item = parseOne(text)
  return [[item, shape === 'legacy' ? parseLegacy(item, passcode) : parseBridgePush(item)]]
}

/** Why an accepted reading should not have been, or undefined. */
function nonsense(shape: Shape, item: unknown, reading: SourceReading): string | undefined {
  if (!isJsonObject(item)) return 'it was no object'
  const { type, device, channel, value } = reading
  if (!/^[a-z][a-z0-9_]{0,31}$/.test(type)) return 'its type is none'
  for (const [text, max] of [
    [device, 200],
    [channel, 128],
  ] as const) {
    if (text.length < 1 || text.length > max || !text.isWellFormed()) return 'a name is none'
    if (
      Array.from(text).some((letter) => letter < ' ' || (letter >= '\u007f' && letter < '\u00a0'))
    )
      return 'a name has control characters'
  }
  if (JSON.stringify(value) !== JSON.stringify(item['value'])) {
    return 'its value is not what was sent'
  }
  if (Buffer.byteLength(JSON.stringify(value)) > 16_384) return 'its value is too large'
  return shape === 'readings' ? unlikeSent(item, reading) : madeUp(shape, item, reading)
}

function unlikeSent(item: JsonObject, reading: SourceReading): string | undefined {
  const { type, device, channel, unit, site, eventId, observedAt, source } = reading
  const same = { type, device, unit, site, eventId }
  for (const [field, has] of Object.entries(same)) {
    if (has !== item[field]) return `its ${field} is not what was sent`
  }
  if (channel !== (item['channel'] ?? 'main')) return 'its channel is not what was sent'
  if ((observedAt === undefined) !== (item['observedAt'] === undefined))
    return 'its time is made up'
  if (observedAt !== undefined && !Number.isSafeInteger(observedAt)) return 'its time is none'
  return source === 'http' ? undefined : 'its source is made up'
}

function madeUp(shape: Shape, item: JsonObject, reading: SourceReading): string | undefined {
  const extra = ['unit', 'site', 'eventId', 'observedAt'].filter((field) => field in reading)
  if (extra.length > 0) return `${extra.join()} made up`
  if (typeof reading.value === 'object' || reading.value === '') return 'its value is no value'
  if (shape === 'bridge') return reading.device === item['name'] ? undefined : 'another device'
  if (item['passcode'] !== BODY_PASSCODE) return 'the passcode is wrong'
  if (item['cmd'] !== 'write' || item['role'] !== 'smartthings') return 'it is no write'
  return reading.device === `legacy/${String(item['type'])}` ? undefined : 'another device'
}

/** True if the reading arrives in the cloud as it was accepted. */
function travels(accepted: SourceReading): boolean {
  const { type, device, channel, value, source, unit, site, observedAt } = accepted
  const named = { device, channel, value, source, observedAt: observedAt ?? STAMP.receivedAt }
  const units = unit === undefined ? {} : { unit }
  const reading: Reading = { ...named, ...units, ...(site === undefined ? {} : { site }), ...STAMP }
  const pack = { epoch, type, readings: [reading], marks: { [type]: [1, 1] as const } }
  return isDeepStrictEqual(decodePack(encodePack(pack).bytes, type).readings, [reading])
}

/** What became of a body: a code, `accepted`, or a sentence that says what is wrong. */
function outcomeOf(shape: Shape, bytes: Uint8Array): string {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(shape, bytes)
  } catch (error) {
    if (isHubleafError(error) && CODES.includes(error.code)) return error.code
    return `threw ${String(error)}`
  }
  let outcome = 'accepted'
  for (const [item, one] of parsed) {
    if (!one.ok) {
      const { code, message } = one.refusal
      if (!CODES.includes(code)) return `refused with ${code}`
      if (message.length > 300 || !message.isWellFormed()) return 'refused with no sentence'
      outcome = code
      continue
    }
    const wrong = nonsense(shape, item, one.reading)
    if (wrong !== undefined) return `accepted, and ${wrong}`
    accepted += 1
    if (accepted % TRAVELS_EVERY === 0 && !travels(one.reading))
      return 'accepted, and does not travel'
  }
  return outcome
}

/** Applies `mutation` `times` times; the first body that breaks the claim, if any. */
function hunt(shape: Shape, specimens: readonly string[], mutation: BodyMutation, times: number) {
  for (let turn = 0; turn < times; turn += 1) {
    const bytes = mutation(random, pick(random, specimens), pick(random, specimens))
    const outcome = outcomeOf(shape, bytes)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    if (outcome !== 'accepted' && !CODES.includes(outcome)) {
      return { turn, outcome, bytes: Buffer.from(bytes).toString('base64') }
    }
  }
  return undefined
}

t.setTimeout(300_000)
t.comment(`seed ${seed}`)
// Stack traces of a million refusals would take half of the time.
const { stackTraceLimit } = Error
Error.stackTraceLimit = 0
t.teardown(() => (Error.stackTraceLimit = stackTraceLimit))

const specimensOf = (chance: Random, shape: Shape): readonly string[] =>
  Array.from({ length: SPECIMENS }, () => randomBody(chance, shape))

for (const shape of SHAPES) {
  const specimens = specimensOf(random, shape)
  t.test(`${shape}: what is not spoilt is accepted`, async (t) => {
    const refused = specimens.filter((text) => outcomeOf(shape, Buffer.from(text)) !== 'accepted')
    t.strictSame(refused, [], `seed ${seed}`)
  })
  for (const [name, share, mutation] of BODY_MUTATIONS) {
    const times = ((TOTAL / 1000) * share) / SHAPES.length
    t.test(`P3.9 ${shape}: ${name} never surprise the parser`, async (t) => {
      t.equal(hunt(shape, specimens, mutation, times), undefined, `${times} bodies, seed ${seed}`)
    })
  }
}

t.test('P3.9 the hunt reached the refusals, and bodies that are accepted', async (t) => {
  for (const [outcome, count] of outcomes) t.comment(`${outcome}: ${count}`)
  const rare = ['value_too_large', 'too_many_readings']
  for (const code of CODES) {
    if (!rare.includes(code)) t.ok((outcomes.get(code) ?? 0) >= 10, `${code} occurred`)
  }
  t.ok((outcomes.get('accepted') ?? 0) >= 50_000, `${outcomes.get('accepted') ?? 0} accepted`)
  const total = [...outcomes.values()].reduce((sum, count) => sum + count, 0)
  t.ok(total >= 1_000_000, `${total} bodies in all`)
})
