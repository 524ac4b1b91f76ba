// Claim: whatever a payload or a topic is, the parsers answer with readings, a code or nothing, and
// never throw; and no reading is nonsense: it names a device that the topic or the bridge named, its
// number is finite and stands in the payload, its word is one that the type knows. A million spoilt
// messages from a seed; HUBLEAF_FUZZ_SEED replays another.

import t from 'tap'
import { systemClock } from '../../../base/clock.ts'
import { ERROR_CODES } from '../../../base/errors.ts'
import { randomInt, seededRandom } from '../../../base/random.ts'
import type { Random } from '../../../base/random.ts'
import { pick } from '../../../test/fixtures/random-pack.ts'
import { seedOr } from '../../../test/fixtures/seed.ts'
import type { SourceReading } from '../../../wire/reading.ts'
import { sensorType } from '../../../wire/types.ts'
import { brokerSchema } from './config.ts'
import { Described } from './described.ts'
import type { Format } from './format.ts'
import { Interpreter } from './interpreter.ts'
import { Tasmota } from './tasmota.ts'
import { Zigbee2Mqtt } from './zigbee2mqtt.ts'
import type { BridgeMemory } from './zigbee2mqtt.ts'

const TOTAL = 1_000_000

// Most of the time would go into stacks that nobody looks at.
Error.stackTraceLimit = 0
const seed = seedOr(20_261_125)
const random = seededRandom(seed)

const DEVICES = JSON.stringify([
  {
    friendly_name: 'bath',
    ieee_address: '0x01',
    definition: {
      exposes: [
        { type: 'numeric', property: 'temperature', unit: '°C' },
        { type: 'light', features: [{ type: 'binary', property: 'state_l1', endpoint: 'l1' }] },
        { type: 'numeric', property: 'odd', category: 'config' },
      ],
    },
  },
])

/** Topics with payloads that are right. */
const MESSAGES: readonly (readonly [topic: string, payload: string])[] = [
  ['z/bridge/devices', DEVICES],
  ['z/bridge/groups', '[{"id":3,"friendly_name":"lamps","members":[]}]'],
  ['z/bridge/state', '{"state":"online"}'],
  [
    'z/bath',
    '{"temperature":21.5,"state_l1":"ON","contact":true,"last_seen":"2026-01-01T00:00:00Z"}',
  ],
  ['z/bath', '{"battery":80,"occupancy":false,"action":"single","color":{"x":0.3,"y":[1,null]}}'],
  ['z/bath/availability', 'online'],
  ['z/bath/temperature', '20.5'],
  ['z/lamps', '{"state":"OFF","brightness":200}'],
  ['z/new', '{"voltage":3000,"water_leak":true,"system_mode":"heat"}'],
  [
    'tele/pump/SENSOR',
    '{"Time":"2026-01-01T10:00:00+01:00","AM":{"Temperature":20,"Humidity":4},"TempUnit":"C"}',
  ],
  ['tele/pump/SENSOR', '{"ENERGY":{"Total":1.5,"Power":[1,2],"Factor":0.5},"Switch1":"ON"}'],
  ['tele/pump/STATE', '{"POWER":"ON","Wifi":{"Signal":-60}}'],
  ['tele/pump/LWT', 'Online'],
  ['d/desk/temperature', '{"v":[1.25],"u":"C","t":1790000000000}'],
  ['r/heater', '12.5'],
]

const TOKENS = [
  ...[
    'null',
    'true',
    '0',
    '-0',
    '1e999',
    '-1e999',
    '1e-400',
    '9007199254740993',
    '""',
    '" "',
    '[]',
  ],
  ...[
    '{}',
    '"\\ud800"',
    '"\\u0000"',
    '"__proto__":{"a":1},',
    '"constructor":1,',
    ',',
    '[',
    ']',
    '{',
  ],
  ...[
    '}',
    '"',
    '\\',
    '\ufeff',
    'NaN',
    'Infinity',
    '[[[[[[[[[[[[[[[[[[[[1',
    '"ON"',
    '"21.5"',
    '-',
    '/',
  ],
  ...[
    '"last_seen":9e99,',
    '"temperature":"hot",',
    '"x":',
    'A'.repeat(300),
    '+',
    '#',
    '\u0000',
    ' ',
  ],
]

function spoilText(text: string): string {
  const place = randomInt(random, text.length + 1)
  const end = Math.min(text.length, place + randomInt(random, 5))
  return text.slice(0, place) + pick(random, TOKENS) + text.slice(end)
}

/** A token in the place of a whole number or text: it mostly stays JSON. */
function spoilToken(text: string): string {
  const tokens = [...text.matchAll(/-?\d[\d.eE+-]*|"(?:[^"\\]|\\.)*"|true|false/g)]
  if (tokens.length === 0) return spoilText(text)
  const { 0: found, index } = pick(random, tokens)
  return text.slice(0, index) + pick(random, TOKENS) + text.slice(index + found.length)
}

function spoilBytes(payload: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(payload)
  for (let left = 1 + randomInt(random, 3); left > 0; left -= 1) {
    copy[randomInt(random, copy.length)] = randomInt(random, 256)
  }
  return random.float() < 0.2 ? copy.subarray(0, randomInt(random, copy.length + 1)) : copy
}

function spoil(random: Random): { topic: string; payload: Uint8Array } {
  const [rightTopic, right] = pick(random, MESSAGES)
  const topic = random.float() < 0.1 ? spoilText(rightTopic) : rightTopic
  let text = random.float() < 0.1 ? pick(random, MESSAGES)[1] : right
  for (let left = randomInt(random, 3); left > 0; left -= 1) {
    text = random.float() < 0.7 ? spoilToken(text) : spoilText(text)
  }
  const payload = Buffer.from(text)
  return { topic, payload: random.float() < 0.2 ? spoilBytes(payload) : payload }
}

function makeInterpreter(): Interpreter {
  const kept = new Map<string, unknown>()
  const memory: BridgeMemory = {
    recall: (topic) => kept.get(topic),
    keep: (topic, devices) => void kept.set(topic, devices),
  }
  const { tasmota, topics } = brokerSchema.parse({
    ...{ url: 'mqtt://h', tasmota: ['tele/{device}'] },
    topics: [
      {
        ...{ topic: 'd/{device}/{type}', value: '$.v[0]', type: '{type}', device: '{device}' },
        ...{ unit: '$.u', observed_at: '$.t' },
      },
      { topic: 'r/{device}', type: 'power', unit: 'W', device: '{device}' },
    ],
  })
  const formats: Format[] = [
    new Zigbee2Mqtt('z', 50, memory),
    ...tasmota.map((pattern) => new Tasmota(pattern)),
    ...topics.map((topic) => new Described(topic)),
  ]
  const limits = { maxPayloadBytes: 2000, maxDevices: 200, devicePrefix: '' }
  return new Interpreter({ source: 'mqtt', formats, ...limits })
}

const NUMERIC = new Set([
  'power',
  'energy',
  'temperature',
  'humidity',
  'battery',
  'voltage',
  'rssi',
])

const NONE: ReadonlySet<number> = new Set()

function numbersIn(payload: Uint8Array): ReadonlySet<number> {
  const text = Buffer.from(payload).toString()
  return new Set((text.match(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g) ?? []).map(Number))
}

/** What is wrong with a reading, or undefined. */
function nonsense(
  reading: SourceReading,
  topic: string,
  numbers: ReadonlySet<number>,
): string | undefined {
  const { type, device, channel, value, unit, observedAt } = reading
  if (!/^[a-z][a-z0-9_]{0,31}$/.test(type)) return `type ${type}`
  for (const text of [device, channel, unit ?? 'none']) {
    if (text === '' || /\p{Cc}/u.test(text) || !text.isWellFormed()) return `text "${text}"`
  }
  if (observedAt !== undefined && !Number.isSafeInteger(observedAt)) return `time ${observedAt}`
  if (typeof value === 'number' && !Number.isFinite(value)) return 'not finite'
  const isNumeric = typeof value === 'number' || (typeof value === 'string' && /\d/.test(value))
  if (NUMERIC.has(type) && !isNumeric) return `${type} is ${JSON.stringify(value)}`
  const { words } = sensorType(type)
  const isOwn = topic.startsWith('z/') || topic.startsWith('tele/')
  if (isOwn && words !== undefined && !(typeof value === 'string' && Object.hasOwn(words, value))) {
    return `${type} is ${JSON.stringify(value)}`
  }
  if (typeof value !== 'number') return undefined
  return numbers.has(value) ? undefined : `${value} is not in the payload`
}

t.test(`P3.6 a million spoilt MQTT messages: no throw, no nonsense (seed ${seed})`, async (t) => {
  const startedAt = systemClock.monotonic()
  const outcomes = new Map<string, number>()
  const wrong: string[] = []
  let interpreter = makeInterpreter()
  const note = (what: string): void => void outcomes.set(what, (outcomes.get(what) ?? 0) + 1)
  for (let left = TOTAL; left > 0; left -= 1) {
    // What bad messages have taught one interpreter must not hide faults of a fresh one.
    if (left % 1000 === 0) interpreter = makeInterpreter()
    const { topic, payload } = spoil(random)
    const isRetained = random.float() < 0.1
    try {
      const found = interpreter.interpret({ topic, payload, isRetained }, random.float() < 0.5)
      note(found.kind)
      for (const { code } of found.refusals) note(code)
      for (const { code } of found.refusals) if (!(code in ERROR_CODES)) wrong.push(code)
      const numbers = found.readings.length === 0 ? NONE : numbersIn(payload)
      for (const reading of found.readings) {
        const problem = nonsense(reading, topic, numbers)
        note('reading')
        if (problem !== undefined)
          wrong.push(`${problem}: ${topic} ${Buffer.from(payload).toString()}`)
      }
    } catch (error) {
      wrong.push(`threw ${String(error)}: ${topic} ${Buffer.from(payload).toString()}`)
    }
    if (wrong.length > 10) break
  }
  t.strictSame(wrong, [])
  for (const kind of [
    'read',
    'nothing',
    'not_understood',
    'reading',
    'not_json',
    'field_invalid',
  ]) {
    t.ok((outcomes.get(kind) ?? 0) > 10_000, `${kind}: ${outcomes.get(kind) ?? 0}`)
  }
  for (const code of ['not_an_object', 'time_invalid', 'field_missing', 'type_invalid']) {
    t.ok((outcomes.get(code) ?? 0) > 100, `${code}: ${outcomes.get(code) ?? 0}`)
  }
  t.comment(`${((systemClock.monotonic() - startedAt) / 1000).toFixed(1)} s`)
})
