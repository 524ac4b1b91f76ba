import t from 'tap'
import { brokerSchema } from './config.ts'
import { Described } from './described.ts'
import type { Format } from './format.ts'
import { Interpreter } from './interpreter.ts'
import type { Interpreted } from './interpreter.ts'
import { Tasmota } from './tasmota.ts'
import { Zigbee2Mqtt } from './zigbee2mqtt.ts'
import type { BridgeMemory } from './zigbee2mqtt.ts'

function memory(): BridgeMemory {
  const kept = new Map<string, unknown>()
  return { recall: (topic) => kept.get(topic), keep: (topic, value) => void kept.set(topic, value) }
}

function reader(formats: readonly Format[], extra: { maxDevices?: number } = {}) {
  const interpreter = new Interpreter({
    ...{ source: 'mqtt', formats, devicePrefix: '', maxPayloadBytes: 100_000, maxDevices: 100 },
    ...extra,
  })
  return (
    topic: string,
    payload: unknown,
    isRetained = false,
    isNewSession = false,
  ): Interpreted => {
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
    return interpreter.interpret({ topic, payload: Buffer.from(text), isRetained }, isNewSession)
  }
}

/** Readings as `type/channel: value unit`. */
const told = ({ readings }: Interpreted): readonly string[] =>
  readings.map(({ type, channel, value, unit }) =>
    `${type}/${channel}: ${JSON.stringify(value)} ${unit ?? ''}`.trim(),
  )
const codes = ({ refusals }: Interpreted): readonly string[] => refusals.map(({ code }) => code)

const DEVICES = [
  { friendly_name: 'Coordinator', ieee_address: '0x00', type: 'Coordinator', definition: null },
  {
    friendly_name: 'upstairs/bath sensor',
    ieee_address: '0x00158d0001',
    definition: {
      exposes: [
        { type: 'numeric', property: 'temperature', unit: '°C' },
        { type: 'numeric', property: 'humidity', unit: '%' },
        { type: 'numeric', property: 'soil_moisture', unit: '%' },
        { type: 'numeric', property: 'interval', unit: 's', category: 'config' },
        { type: 'binary', property: 'contact', value_on: false, value_off: true },
      ],
    },
  },
  {
    friendly_name: 'plug',
    ieee_address: '0x00158d0002',
    definition: {
      exposes: [
        {
          type: 'switch',
          features: [{ type: 'binary', property: 'state_left', endpoint: 'left' }],
        },
        { type: 'numeric', property: 'energy', unit: 'kWh' },
        { type: 'numeric', property: 'power_factor' },
      ],
    },
  },
]

t.test(
  'zigbee2mqtt: all properties of a message, with units and types of the exposes',
  async (t) => {
    const kept = memory()
    const read = reader([new Zigbee2Mqtt('z', 100, kept)])
    t.equal(read('z/bridge/devices', DEVICES, true).kind, 'nothing')
    const state = {
      temperature: 21.5,
      humidity: null,
      soil_moisture: 40,
      interval: 60,
      contact: true,
    }
    const one = read('z/upstairs/bath sensor', {
      ...state,
      linkquality: 80,
      last_seen: 1_790_000_000_000,
    })
    t.strictSame(told(one), [
      ...['temperature/main: 21.5 °C', 'custom/soil_moisture: 40 %', 'contact/main: "closed"'],
      'lqi/main: 80',
    ])
    t.match(one.readings[0], {
      device: '0x00158d0001',
      observedAt: 1_790_000_000_000,
      source: 'mqtt',
    })
    t.strictSame(told(read('z/plug', { state_left: 'ON', energy: 1.5, power_factor: 0.9 })), [
      ...['switch/state_left: "on"', 'energy/main: 1.5 kWh', 'custom/power_factor: 0.9'],
    ])
    const again = reader([new Zigbee2Mqtt('z', 100, kept)])
    t.equal(again('z/plug', { energy: 2 }).readings[0]?.device, '0x00158d0002', 'after a new start')
    t.strictSame(told(again('z/plug', { energy: 2, state_left: 'OFF' })), [
      ...['energy/main: 2 kWh', 'switch/state_left: "off"'],
    ])
  },
)

t.test('zigbee2mqtt: groups, availability, single attributes, what is no reading', async (t) => {
  const read = reader([new Zigbee2Mqtt('z', 100, memory())])
  read('z/bridge/devices', DEVICES)
  read('z/bridge/groups', [{ id: 4, friendly_name: 'all lights' }])
  t.match(read('z/all lights', { state: 'OFF' }).readings, [
    { device: 'group_4', type: 'switch', value: 'off' },
  ])
  t.match(read('z/upstairs/bath sensor/availability', { state: 'offline' }).readings, [
    { device: '0x00158d0001', type: 'availability', value: 'offline' },
  ])
  t.match(read('z/plug/energy', '7.25').readings, [{ type: 'energy', value: 7.25, unit: 'kWh' }])
  t.match(read('z/bridge/state', 'online').readings, [{ device: 'z/bridge', value: 'online' }])
  for (const topic of ['z/plug/set', 'z/plug/set/state', 'z/bridge/logging', 'z/bridge/info']) {
    t.equal(read(topic, { state: 'ON' }).kind, 'nothing', topic)
  }
  t.equal(read('z/some/thing', 'text').kind, 'not_understood')
  t.equal(read('other/plug', '1').kind, 'not_understood')
  t.match(read('z/new one', { battery: 90 }).readings, [{ device: 'new one', value: 90 }])
})

t.test('P3.6 bad payloads are refused with a code, the good part of one is kept', async (t) => {
  const read = reader([new Zigbee2Mqtt('z', 100, memory())], { maxDevices: 3 })
  read('z/bridge/devices', DEVICES)
  t.strictSame(codes(read('z/plug', '{"energy":')), ['not_json'])
  t.strictSame(codes(read('z/plug', '[1]')), ['not_an_object'])
  t.strictSame(codes(read('z/bridge/devices', '{}')), ['field_invalid'])
  t.strictSame(codes(read('z/plug', 'x'.repeat(100_001))), ['body_too_large'])
  const mixed = read('z/plug', {
    energy: 'much',
    linkquality: 5,
    contact: 'ajar',
    last_seen: 'noon',
  })
  t.strictSame(told(mixed), ['lqi/main: 5'])
  t.strictSame([...codes(mixed)].sort(), ['field_invalid', 'field_invalid', 'time_invalid'])
  t.equal(mixed.readings[0]?.observedAt, undefined, 'a bad time costs the time alone')
  read('z/a', { battery: 1 })
  read('z/b', { battery: 1 })
  t.strictSame(codes(read('z/c', { battery: 1 })), ['mqtt_too_many_devices'])
  t.strictSame(codes(read('z/a', { battery: 1 })), [], 'known devices go on')
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`p${index}`, index]))
  t.strictSame(codes(read('z/a', many)), ['too_many_readings'])
})

t.test(
  'P3.12 stored state is news only where its time is known and we have missed it',
  async (t) => {
    const read = reader([new Zigbee2Mqtt('z', 100, memory())])
    const at = (seconds: number, battery: number) => ({
      battery,
      last_seen: 1_790_000_000_000 + seconds,
    })
    t.equal(read('z/a', { battery: 1 }, true, true).kind, 'state', 'no time: no reading')
    t.equal(
      read('z/b', at(0, 1), true, false).kind,
      'state',
      'the session has kept what came since',
    )
    const first = read('z/c', at(0, 1), true, true)
    t.match(first.readings, [{ value: 1, observedAt: 1_790_000_000_000, eventId: /^state-/ }])
    const repeat = reader([new Zigbee2Mqtt('z', 100, memory())])('z/c', at(0, 1), true, true)
    t.equal(
      repeat.readings[0]?.eventId,
      first.readings[0]?.eventId,
      'a second start merges with it',
    )
    t.equal(read('z/c', at(0, 1), true, true).kind, 'state', 'the known one')
    t.equal(read('z/c', at(5, 1), true, true).kind, 'state', 'an equal value')
    t.equal(read('z/c', at(9, 2), true, true).readings.length, 1, 'later and different')
    t.equal(read('z/c', at(3, 5), true, true).kind, 'state', 'older')
    const live = read('z/c', at(9, 2))
    t.equal(live.readings.length, 1, 'a live message is always a reading')
    t.equal(live.readings[0]?.eventId, undefined)
  },
)

t.test('Tasmota: probes, energy, relays, radio, presence; units as the payload says', async (t) => {
  const { tasmota } = brokerSchema.parse({ url: 'mqtt://h', tasmota: ['tele/{device}'] })
  const read = reader(tasmota.map((pattern) => new Tasmota(pattern)))
  const sensor = {
    Time: '2026-01-01T12:00:00',
    'DS18B20-1': { Id: '01', Temperature: 68.5 },
    AM2301: { Temperature: 70, Humidity: 40.5, DewPoint: 45 },
    ENERGY: { TotalStartTime: 'x', Total: 3.1, Power: [5, 6], Voltage: 230, Factor: 0.9 },
    ...{ TempUnit: 'F', Switch1: 'OFF' },
  }
  t.strictSame(told(read('tele/pump/SENSOR', sensor)), [
    ...['temperature/DS18B20-1: 68.5 F', 'temperature/AM2301: 70 F', 'humidity/AM2301: 40.5 %'],
    ...['dew_point/AM2301: 45 F', 'energy/ENERGY: 3.1 kWh', 'power/ENERGY.1: 5 W'],
    ...['power/ENERGY.2: 6 W', 'voltage/ENERGY: 230 V', 'custom/ENERGY.Factor: 0.9'],
    'switch/Switch1: "off"',
  ])
  t.equal(read('tele/pump/SENSOR', sensor).readings[0]?.observedAt, undefined, 'local time is none')
  const dated = read('tele/pump/SENSOR', { Time: '2026-01-01T12:00:00+01:00', A: { Humidity: 1 } })
  t.equal(dated.readings[0]?.observedAt, Date.UTC(2026, 0, 1, 11))
  t.strictSame(told(read('tele/pump/SENSOR', { A: { Temperature: 5 } })), ['temperature/A: 5'])
  const state = { POWER: 'ON', POWER2: 'OFF', Wifi: { RSSI: 70, Signal: -61 }, Heap: 20 }
  t.strictSame(told(read('tele/pump/STATE', state)), [
    ...['switch/main: "on"', 'switch/POWER2: "off"', 'rssi/main: -61 dBm'],
  ])
  t.strictSame(told(read('tele/pump/LWT', 'Online', true)), [])
  t.strictSame(told(read('tele/pump/LWT', 'Offline')), ['availability/main: "offline"'])
  t.strictSame(codes(read('tele/pump/LWT', 'perhaps')), ['field_invalid'])
  t.strictSame(codes(read('tele/pump/SENSOR', { A: { Temperature: 'hot' } })), ['field_invalid'])
  t.equal(read('tele/pump/INFO1', {}).kind, 'not_understood')
})

t.test('described topics: parts of the topic, paths into the payload', async (t) => {
  const topics = brokerSchema
    .parse({
      url: 'mqtt://h',
      topics: [
        {
          ...{ topic: 'home/{room}/{device}/{kind}', value: '$.v[0]', type: '{kind}' },
          ...{
            unit: '$.u',
            device: '{room}-{device}',
            channel: '$["my channel"]',
            observed_at: '$.t',
          },
        },
        { topic: 'raw/{device}', type: 'power', unit: 'W', device: '{device}' },
      ],
    })
    .topics.map((topic) => new Described(topic))
  const read = reader(topics)
  const payload = { v: [20.5], u: 'C', 'my channel': 'air', t: '2026-01-01T00:00:00Z' }
  const one = read('home/attic/s1/temperature', payload)
  t.strictSame(told(one), ['temperature/air: 20.5 C'])
  t.match(one.readings[0], { device: 'attic-s1', observedAt: Date.UTC(2026, 0, 1) })
  t.strictSame(told(read('raw/heater', ' 12.5 ')), ['power/main: 12.5 W'])
  t.strictSame(codes(read('raw/heater', 'a lot')), ['field_invalid'])
  t.strictSame(codes(read('home/attic/s1/temperature', { v: [] })), ['field_missing'])
  t.strictSame(codes(read('home/attic/s1/Temperature', payload)), ['type_invalid'])
  t.strictSame(codes(read('home/attic/s1/temperature', { ...payload, v: [{}] })), ['field_invalid'])
  t.strictSame(codes(read('home/attic/s1/temperature', 'plain')), ['not_json'])
  t.equal(read('home/attic/s1', payload).kind, 'not_understood')
})
