// The telemetry of Tasmota: SENSOR with each probe's object, STATE with relays and radio, LWT with the
// device's presence. Temperature, pressure and speed carry the unit that the payload names; the other
// quantities have one unit each by Tasmota's own description of its JSON. Times without an offset from
// UTC say nothing certain and are not used (Tasmota writes the offset with SetOption52).

import { isJsonObject, textAt } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import { parseIsoTime } from '../../../base/clock.ts'
import type { Refusal } from '../../../wire/parse-reading.ts'
import {
  isNumber,
  jsonOf,
  NOT_AN_OBJECT,
  NOT_JSON,
  NOTHING,
  refuse,
  textOf,
  unsuitable,
} from './format.ts'
import type { Draft, Format, MqttMessage, Understood } from './format.ts'
import type { TopicPattern } from './topic-pattern.ts'

/** How a quantity is read: its type, and its unit or the key of the payload that names it. */
interface Quantity {
  readonly type: string
  readonly unit?: string
  readonly unitKey?: string
}

const QUANTITIES: ReadonlyMap<string, Quantity> = new Map([
  ['Temperature', { type: 'temperature', unitKey: 'TempUnit' }],
  ['DewPoint', { type: 'dew_point', unitKey: 'TempUnit' }],
  ['Humidity', { type: 'humidity', unit: '%' }],
  ['Pressure', { type: 'pressure', unitKey: 'PressureUnit' }],
  ['Illuminance', { type: 'illuminance', unit: 'lx' }],
  ['CarbonDioxide', { type: 'co2', unit: 'ppm' }],
  ['eCO2', { type: 'eco2', unit: 'ppm' }],
  ['TVOC', { type: 'tvoc', unit: 'ppb' }],
  ['PM1', { type: 'pm1', unit: 'µg/m³' }],
  ['PM2.5', { type: 'pm2_5', unit: 'µg/m³' }],
  ['PM10', { type: 'pm10', unit: 'µg/m³' }],
  ['Power', { type: 'power', unit: 'W' }],
  ['Voltage', { type: 'voltage', unit: 'V' }],
  ['Current', { type: 'current', unit: 'A' }],
  ['Total', { type: 'energy', unit: 'kWh' }],
])

const KINDS = ['SENSOR', 'STATE', 'LWT'] as const

/** Probes, and values of one probe, that one message may have. */
const VALUES_MAX = 256

/** A format for devices whose telemetry is below `pattern`, such as `tele/{device}`. */
export class Tasmota implements Format {
  readonly filters: readonly string[]
  readonly #pattern: TopicPattern

  constructor(pattern: TopicPattern) {
    this.#pattern = pattern
    this.filters = KINDS.map((kind) => `${pattern.filter}/${kind}`)
  }

  understand({ topic, payload }: MqttMessage): Understood | undefined {
    const cut = topic.lastIndexOf('/')
    const kind = KINDS.find((known) => known === topic.slice(cut + 1))
    const device = this.#pattern.match(topic.slice(0, Math.max(cut, 0)))?.get('device')
    if (kind === undefined || device === undefined) return undefined
    if (payload.length === 0) return NOTHING
    if (kind === 'LWT') return understandPresence(device, payload)
    const value = jsonOf(payload)
    if (value === undefined) return refuse(NOT_JSON)
    if (!isJsonObject(value)) return refuse(NOT_AN_OBJECT)
    const found = kind === 'SENSOR' ? sensors(device, value) : states(device, value)
    if (found.drafts.length > VALUES_MAX) {
      const message = `${found.drafts.length} values, at most ${VALUES_MAX}`
      return refuse({ code: 'too_many_readings', message })
    }
    const at = observedAt(value)
    const drafts = found.drafts.map((draft) => ({ ...draft, ...at }))
    return { kind: 'drafts', drafts, refusals: found.refusals }
  }
}

interface Found {
  readonly drafts: Draft[]
  readonly refusals: Refusal[]
}

function understandPresence(device: string, payload: Uint8Array): Understood {
  const word = textOf(payload)?.toLowerCase()
  if (word !== 'online' && word !== 'offline') {
    return refuse(unsuitable('LWT', 'Online or Offline'))
  }
  const draft = { type: 'availability', device, channel: 'main', value: word }
  return { kind: 'drafts', drafts: [draft], refusals: [] }
}

function observedAt(value: JsonObject): { observedAt?: number } {
  const time = parseIsoTime(textAt(value, 'Time') ?? '')
  return time === undefined ? {} : { observedAt: time }
}

function sensors(device: string, value: JsonObject): Found {
  const found: Found = { drafts: [], refusals: [] }
  for (const [probe, content] of Object.entries(value)) {
    if (isJsonObject(content)) readProbe(device, probe, content, value, found)
    else if (/^Switch\d{0,2}$/.test(probe)) readSwitch(device, probe, content, found)
  }
  return found
}

function readProbe(
  device: string,
  probe: string,
  content: JsonObject,
  units: JsonObject,
  found: Found,
): void {
  for (const [key, value] of Object.entries(content)) {
    const quantity = QUANTITIES.get(key)
    const named = quantity?.unitKey === undefined ? quantity?.unit : textAt(units, quantity.unitKey)
    const unit = named === undefined ? {} : { unit: named }
    const type = quantity?.type ?? 'custom'
    const channel = quantity === undefined ? `${probe}.${key}` : probe
    // Three phases come as a list.
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    for (const [index, item] of values.entries()) {
      const place = Array.isArray(value) ? `${channel}.${index + 1}` : channel
      if (isNumber(item)) found.drafts.push({ type, device, channel: place, value: item, ...unit })
      // Addresses and times of a probe are texts and no readings; a quantity that is none is bad.
      else if (quantity !== undefined && item !== null) {
        found.refusals.push(unsuitable(`${probe}.${key}`, 'a number'))
      }
    }
  }
}

function readSwitch(device: string, channel: string, value: unknown, found: Found): void {
  const word = value === 'ON' ? 'on' : value === 'OFF' ? 'off' : undefined
  if (word === undefined) found.refusals.push(unsuitable(channel, 'ON or OFF'))
  else found.drafts.push({ type: 'switch', device, channel, value: word })
}

function states(device: string, value: JsonObject): Found {
  const found: Found = { drafts: [], refusals: [] }
  for (const [key, content] of Object.entries(value)) {
    if (/^POWER\d{0,2}$/.test(key))
      readSwitch(device, key === 'POWER' ? 'main' : key, content, found)
  }
  const radio = value['Wifi']
  const signal = isJsonObject(radio) ? radio['Signal'] : undefined
  if (isNumber(signal)) {
    const draft = { type: 'rssi', device, channel: 'main', value: signal, unit: 'dBm' }
    found.drafts.push(draft)
  } else if (signal !== undefined && signal !== null) {
    found.refusals.push(unsuitable('Wifi.Signal', 'a number'))
  }
  return found
}
