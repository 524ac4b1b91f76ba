// The properties of zigbee2mqtt's devices and the sensor types that they are. Booleans and upper-case
// words become the words of wire/types.ts, since a contact that is `true` is closed there, not open.
// A property that is not here is forwarded as `custom`, with its own name as channel.

import { unsuitable } from './format.ts'
import type { Draft } from './format.ts'
import type { Refusal } from '../../../wire/parse-reading.ts'

/** How the values of a property are read. */
interface Known {
  readonly type: string
  /** The words for what zigbee2mqtt says; without them the value is a number. */
  readonly words?: ReadonlyMap<unknown, string>
  /** Any text is a value: modes, actions, levels with names. */
  readonly isText?: true
  /** The first of several properties of one type: its channel is `main`. */
  readonly isMain: boolean
}

const number = (type: string, isMain = true): Known => ({ type, isMain })
const text = (type: string, isMain = true): Known => ({ type, isText: true, isMain })

/** A yes or no; both words may also come as they are. */
function either(
  type: string,
  yes: string,
  no: string,
  more: readonly [string, string][] = [],
): Known {
  const given: readonly [unknown, string][] = [
    [true, yes],
    [false, no],
    [yes, yes],
    [no, no],
  ]
  return { type, isMain: true, words: new Map([...given, ...more]) }
}

const KNOWN: ReadonlyMap<string, Known> = new Map([
  ['temperature', number('temperature')],
  ['local_temperature', number('temperature', false)],
  ['device_temperature', number('temperature', false)],
  ['cpu_temperature', number('temperature', false)],
  ['humidity', number('humidity')],
  ['pressure', number('pressure')],
  ['illuminance', number('illuminance')],
  ['illuminance_lux', number('illuminance', false)],
  ['uv_index', number('ultraviolet')],
  ['battery', number('battery')],
  ['voltage', number('voltage')],
  ['current', number('current')],
  ['power', number('power')],
  ['energy', number('energy')],
  ['linkquality', number('lqi')],
  ['co', number('co_level')],
  ['co2', number('co2')],
  ['eco2', number('eco2')],
  ['voc', number('tvoc')],
  ['formaldehyd', number('formaldehyde')],
  ['hcho', number('formaldehyde', false)],
  ['pm1', number('pm1')],
  ['pm10', number('pm10')],
  ['pm25', number('pm2_5')],
  ['noise', number('sound_pressure')],
  ['wind_speed', number('wind_speed')],
  ['water_consumed', number('water_volume')],
  ['flow', number('flow')],
  ['brightness', number('brightness')],
  ['position', number('level')],
  ['occupied_heating_setpoint', number('setpoint_heat')],
  ['current_heating_setpoint', number('setpoint_heat', false)],
  ['occupied_cooling_setpoint', number('setpoint_cool')],
  ['system_mode', text('thermostat_mode')],
  ['running_state', text('thermostat_state')],
  ['fan_mode', text('fan_mode')],
  ['air_quality', text('air_quality_level')],
  ['action', text('button')],
  ['power_source', text('power_source')],
  ['contact', either('contact', 'closed', 'open')],
  ['occupancy', either('occupancy', 'occupied', 'unoccupied')],
  ['presence', either('presence', 'present', 'not present')],
  ['vibration', either('acceleration', 'active', 'inactive')],
  ['water_leak', either('water', 'wet', 'dry')],
  ['rain', either('rain', 'detected', 'undetected')],
  ['smoke', either('smoke', 'detected', 'clear')],
  ['carbon_monoxide', either('carbon_monoxide', 'detected', 'clear')],
  ['gas', either('gas', 'detected', 'clear')],
  ['tamper', either('tamper', 'detected', 'clear')],
])

const SWITCH = either('switch', 'on', 'off', [
  ['ON', 'on'],
  ['OFF', 'off'],
])
const LOCK = either('lock', 'locked', 'unlocked', [
  ['LOCK', 'locked'],
  ['UNLOCK', 'unlocked'],
])
const SHADE: Known = {
  ...{ type: 'shade', isMain: true },
  words: new Map([
    ['OPEN', 'open'],
    ['CLOSE', 'closed'],
  ]),
}

/** `state` belongs to switches, lights, locks and covers; the word tells which. */
const STATES = [SWITCH, LOCK, SHADE]

/** Endpoints of devices with several relays or probes, where the device does not describe itself. */
const ENDPOINT = /_(?:l\d{1,2}|\d{1,2}|left|right|center|top|bottom)$/

/** What the device says of a property, where it does. */
export interface PropertyFacts {
  readonly unit?: string
  /** The property's name without its endpoint. */
  readonly name: string
  /** `numeric`: a number, whatever the name. */
  readonly isNumeric: boolean
}

/** One property of a message as the draft of a reading, or why it is none. */
export function readProperty(
  device: string,
  property: string,
  value: unknown,
  facts: PropertyFacts | undefined,
): Draft | Refusal {
  const name = facts?.name ?? (KNOWN.has(property) ? property : property.replace(ENDPOINT, ''))
  const unit = facts?.unit === undefined ? {} : { unit: facts.unit }
  const known = name === 'state' ? STATES.find(({ words }) => words?.has(value)) : KNOWN.get(name)
  if (known === undefined) {
    if (facts?.isNumeric === true && !isFinite(value)) return unsuitable(property, 'a number')
    return { type: 'custom', device, channel: property, value, ...unit }
  }
  const channel = known.isMain && name === property ? 'main' : property
  const { type, words } = known
  if (words !== undefined) {
    const word = words.get(value)
    return word === undefined
      ? unsuitable(property, 'true, false or a word for them')
      : { type, device, channel, value: word }
  }
  if (known.isText === true) {
    const isWord = typeof value === 'string' && value.length > 0
    return isWord ? { type, device, channel, value } : unsuitable(property, 'a word')
  }
  return isFinite(value)
    ? { type, device, channel, value, ...unit }
    : unsuitable(property, 'a number')
}

function isFinite(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}
