import { readFileSync } from 'node:fs'
import t from 'tap'
import { isJsonObject, parseJson } from '../../../base/json.ts'
import { randomInt, seededRandom } from '../../../base/random.ts'
import type { Random } from '../../../base/random.ts'
import { mappedAttributes } from '../../../wire/capabilities.ts'
import { parseReading } from '../../../wire/parse-reading.ts'
import { sensorType } from '../../../wire/types.ts'
import { seedOr } from '../../../test/fixtures/seed.ts'
import { disabledCapabilities, healthReport, keyOf, mapReport } from './mapping.ts'
import type { AttributeReport } from './mapping.ts'

const AT = 1_795_162_263_018
const base: AttributeReport = {
  ...{ device: 'd', component: 'main', value: 21.4, at: AT },
  ...{ capability: 'temperatureMeasurement', attribute: 'temperature' },
}

/** The readings of a report; a skip fails the test. */
function readingsOf(change: Partial<AttributeReport>) {
  const mapped = mapReport({ ...base, ...change })
  return mapped.ok ? mapped.readings : []
}

/** Every report of a status file. */
function reportsIn(file: string): readonly AttributeReport[] {
  const url = new URL(`../../../test/fixtures/smartthings/${file}`, import.meta.url)
  const body = parseJson(readFileSync(url, 'utf8'))
  const found: AttributeReport[] = []
  const components = entries(isJsonObject(body) ? body['components'] : undefined)
  for (const [component, capabilities] of components) {
    for (const [capability, attributes] of entries(capabilities)) {
      for (const [attribute, status] of entries(attributes)) {
        if (!isJsonObject(status)) continue
        const unit = typeof status['unit'] === 'string' ? status['unit'] : undefined
        const name = { device: 'd', component, capability, attribute }
        found.push({ ...name, value: status['value'], unit, at: AT })
      }
    }
  }
  return found
}

function entries(value: unknown): readonly [string, unknown][] {
  return isJsonObject(value) ? Object.entries(value) : []
}

t.test('a report becomes a reading, with nothing added', async (t) => {
  t.strictSame(readingsOf({ unit: 'C' }), [
    {
      ...{ type: 'temperature', device: 'd', channel: 'main', value: 21.4, unit: 'C' },
      ...{ observedAt: AT, source: 'smartthings' },
      eventId: `d/main/temperatureMeasurement/temperature@${AT}=21.4`,
    },
  ])
  const [bare] = readingsOf({ unit: null, at: undefined, site: 'app' })
  t.strictSame(bare, {
    ...{ type: 'temperature', device: 'd', channel: 'main', value: 21.4 },
    ...{ site: 'app', source: 'smartthings' },
  })
  t.equal(readingsOf({ eventId: 'e1' })[0]?.eventId, 'e1', 'the event’s own id wins')
})

t.test('null and what no reading can hold are skipped with the reason', async (t) => {
  for (const [change, skip] of [
    [{ value: null }, 'null'],
    [{ value: undefined }, 'null'],
    [{ value: Number.NaN }, 'invalid_value'],
    [{ value: 'x'.repeat(20_000) }, 'too_large'],
    [{ device: '' }, 'invalid_name'],
    [{ component: 'a\nb' }, 'invalid_name'],
  ] as const) {
    t.strictSame(mapReport({ ...base, ...change }), { ok: false, skip })
  }
})

t.test('a number that comes as text is a number, a word stays a word', async (t) => {
  const value = (change: Partial<AttributeReport>) => readingsOf(change)[0]?.value
  t.equal(value({ value: '21.40' }), 21.4)
  t.equal(value({ value: '-3e1' }), -30)
  for (const text of ['', 'n/a', '0x10', '21,4', '1e999', 'Infinity']) {
    t.equal(value({ value: text }), text)
  }
  const contact = { capability: 'contactSensor', attribute: 'contact' }
  t.equal(value({ ...contact, value: '1' }), '1', 'an enumeration is words')
  t.equal(value({ capability: 'a.b', attribute: 'c', value: '007' }), '007', 'custom is raw')
})

t.test('a power report is split in two, with the units of its definition', async (t) => {
  const [report] = reportsIn('device-status.plug.json').filter(
    ({ capability }) => capability === 'powerConsumptionReport',
  )
  t.match(readingsOf(report ?? {}), [
    { type: 'energy', channel: 'main.powerConsumptionReport.energy', value: 318420, unit: 'Wh' },
    { type: 'power', channel: 'main.powerConsumptionReport.power', value: 1432, unit: 'W' },
  ])
  t.equal(new Set(readingsOf(report ?? {}).map(({ eventId }) => eventId)).size, 2)
  const raw = readingsOf({ ...report, value: { start: 'x' } })
  t.match(raw, [{ type: 'custom', value: { start: 'x' } }], 'without them it is raw')
  const water = readingsOf({
    ...{ capability: 'samsungce.waterConsumptionReport', attribute: 'waterConsumption' },
    value: { cumulativeAmount: '1642', delta: 3 },
  })
  t.match(water, [{ type: 'water_volume', value: 1642, unit: 'mL' }])
})

t.test('components and attributes of one type have channels of their own', async (t) => {
  const channel = (capability: string, attribute: string, component = 'main') =>
    readingsOf({ capability, attribute, component, value: 1 })[0]?.channel
  t.equal(channel('energyMeter', 'energy'), 'main')
  t.equal(channel('switch', 'switch', 'relay2'), 'relay2')
  t.equal(channel('dustSensor', 'fineDustLevel'), 'main')
  t.equal(channel('fineDustSensor', 'fineDustLevel'), 'main.fineDustSensor.fineDustLevel')
  t.equal(channel('samsungce.doorState', 'door', 'cooler'), 'cooler.samsungce.doorState.door')
  const long = channel('a'.repeat(120), 'b'.repeat(120)) ?? ''
  t.equal(long.length, 128)
  t.not(long, channel('a'.repeat(120), 'c'.repeat(120)))
  for (const file of ['multisensor', 'plug', 'thermostat', 'two-button-remote', 'motion', 'leak']) {
    const readings = reportsIn(`device-status.${file}.json`).flatMap((report) => readingsOf(report))
    const places = readings.map(({ type, channel }) => `${type} ${channel}`)
    t.ok(places.length > 0)
    t.equal(new Set(places).size, places.length, `${file}: ${places.length} channels`)
  }
})

t.test('each attribute of the table keeps its type, on a channel of its own', async (t) => {
  const places = mappedAttributes().flatMap(([name, type]) => {
    const dot = name.lastIndexOf('.')
    const [capability, attribute] = [name.slice(0, dot), name.slice(dot + 1)]
    const value = attribute === 'waterConsumption' ? { cumulativeAmount: 1 } : 1
    const [reading] = readingsOf({ capability, attribute, value })
    t.equal(reading?.type, type, name)
    return [`${reading?.type} ${reading?.channel}`]
  })
  t.equal(new Set(places).size, places.length)
})

t.test('health is availability, on a channel of its own', async (t) => {
  const health = mapReport(healthReport({ device: 'd', state: 'OFFLINE', at: AT, eventId: 'e' }))
  t.match(health, {
    readings: [{ type: 'availability', channel: 'main.healthState.state', value: 'offline' }],
  })
  t.equal(sensorType('availability').words?.['offline'], 0)
})

t.test('disabled capabilities are read from the component’s status', async (t) => {
  const status = (value: unknown) => ({
    'custom.disabledCapabilities': { disabledCapabilities: { value } },
  })
  t.strictSame([...disabledCapabilities(status(['odorSensor', 'a.b', 3]))], ['odorSensor', 'a.b'])
  for (const other of [status(null), status('odorSensor'), {}, undefined, [], 'x']) {
    t.equal(disabledCapabilities(other).size, 0)
  }
})

const STRANGE: readonly unknown[] = [
  ...[null, undefined, 0, -0, 1.5, Number.NaN, Infinity, true, '', 'on', '12', '\ud800', 'x\u0000'],
  ...[[], {}, [1, null], { energy: '5' }, { energy: 5, power: Number.NaN }, 'y'.repeat(300), 5n],
]
const NAMES = [
  'main',
  'temperature',
  'energy',
  '__proto__',
  'constructor',
  '',
  'ü'.repeat(90),
  '\t',
]

function strangeReport(random: Random): AttributeReport {
  const name = () => NAMES[randomInt(random, NAMES.length)] ?? ''
  const [mapped] = mappedAttributes()[randomInt(random, mappedAttributes().length)] ?? ['a.b']
  const dot = mapped.lastIndexOf('.')
  const isKnown = random.float() < 0.6
  const unit = [undefined, null, 'C', '', 'x'.repeat(40)][randomInt(random, 5)]
  const at = [undefined, AT, -1, Number.NaN, 1e300, 1.5][randomInt(random, 6)]
  return {
    ...{ device: name(), component: name(), unit, at },
    capability: isKnown ? mapped.slice(0, dot) : name(),
    attribute: isKnown ? mapped.slice(dot + 1) : name(),
    value: STRANGE[randomInt(random, STRANGE.length)],
    eventId: random.float() < 0.3 ? 'z'.repeat(randomInt(random, 300)) : undefined,
  }
}

t.test(
  'whatever a report holds, it is skipped or gives readings that the agent takes',
  async (t) => {
    const seed = seedOr(20_261)
    t.comment(`seed ${seed}`)
    const random = seededRandom(seed)
    let mappedCount = 0
    for (let round = 0; round < 20_000; round += 1) {
      const report = strangeReport(random)
      const mapped = mapReport(report)
      if (!mapped.ok) continue
      mappedCount += 1
      for (const { source, ...reading } of mapped.readings) {
        const parsed = parseReading(reading, source)
        if (!parsed.ok) t.fail(`${parsed.refusal.message}: ${keyOf(report)}`)
        if (mapped.readings.length === 0) t.fail(`nothing of ${keyOf(report)}`)
      }
      const again = mapReport(report)
      if (JSON.stringify(again) !== JSON.stringify(mapped))
        t.fail('the same report, another reading')
    }
    t.ok(mappedCount > 3000, `${mappedCount} became readings`)
  },
)
