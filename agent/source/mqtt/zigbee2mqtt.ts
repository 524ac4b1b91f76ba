// The topics of one zigbee2mqtt: `BASE/NAME` with all properties of a device or group in one object,
// `BASE/NAME/PROPERTY` where its output is set to attributes, availability, and what the bridge says.
// A reading's device is the device's address, so that renaming it does not break its series.

import { isJsonObject, textAt } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { Refusal } from '../../../wire/parse-reading.ts'
import { jsonOf, NOT_AN_OBJECT, NOT_JSON, NOTHING, refuse, textOf, unsuitable } from './format.ts'
import type { Draft, Format, MqttMessage, Understood } from './format.ts'
import { describeDevices, parseDevices, parseGroups } from './zigbee2mqtt-devices.ts'
import type { ZigbeeDevice, ZigbeeDevices } from './zigbee2mqtt-devices.ts'
import { readProperty } from './zigbee2mqtt-types.ts'

/** What the bridge says of itself is kept here from one start to the next. */
export interface BridgeMemory {
  /** The devices that were kept for the topic, in the form of `bridge/devices`; undefined if none. */
  recall(topic: string): unknown
  keep(topic: string, devices: readonly JsonObject[]): void
}

/** Beside the properties: when the device was last heard, and what is said about it. */
const NOT_PROPERTIES: ReadonlySet<string> = new Set([
  ...['last_seen', 'elapsed', 'device', 'update', 'update_available', 'update_progress'],
])

/** Properties of one message at most; real devices have up to about a hundred. */
const PROPERTIES_MAX = 256

/** A format for the zigbee2mqtt at the base topic. */
export class Zigbee2Mqtt implements Format {
  readonly filters: readonly string[]
  readonly #base: string
  readonly #limit: number
  readonly #memory: BridgeMemory
  #devices: ZigbeeDevices
  #groups: ZigbeeDevices

  constructor(base: string, limit: number, memory: BridgeMemory) {
    this.filters = [`${base}/#`]
    this.#base = `${base}/`
    this.#limit = limit
    this.#memory = memory
    this.#devices = parseDevices(memory.recall(`${base}/bridge/devices`), limit) ?? new Map()
    this.#groups = parseDevices(memory.recall(`${base}/bridge/groups`), limit) ?? new Map()
  }

  understand(message: MqttMessage): Understood | undefined {
    if (!message.topic.startsWith(this.#base)) return undefined
    const rest = message.topic.slice(this.#base.length)
    if (rest === '') return undefined
    if (rest.startsWith('bridge/')) return this.#understandBridge(rest.slice(7), message)
    const device = this.#find(rest)
    if (device !== undefined) return understandState(device, message)
    return this.#understandBelow(rest, message)
  }

  #find(name: string): ZigbeeDevice | undefined {
    return this.#devices.get(name) ?? this.#groups.get(name)
  }

  #understandBridge(rest: string, message: MqttMessage): Understood {
    if (rest === 'state') return understandAvailability(`${this.#base}bridge`, message)
    if (rest !== 'devices' && rest !== 'groups') return NOTHING
    const value = jsonOf(message.payload)
    if (value === undefined) return refuse(NOT_JSON)
    const parse = rest === 'devices' ? parseDevices : parseGroups
    const found = parse(value, this.#limit)
    if (found === undefined) return refuse(unsuitable(rest, 'a list'))
    if (rest === 'devices') this.#devices = found
    else this.#groups = found
    this.#memory.keep(message.topic, describeDevices(found))
    return NOTHING
  }

  /** A topic below a device's, or that of a device that the bridge has not named. */
  #understandBelow(rest: string, message: MqttMessage): Understood | undefined {
    if (/(?:^|\/)(?:set|get)(?:\/|$)/.test(rest)) return NOTHING
    const cut = rest.lastIndexOf('/')
    const name = rest.slice(0, Math.max(cut, 0))
    const last = rest.slice(cut + 1)
    const device = this.#find(name)
    if (last === 'availability' && name !== '') {
      return understandAvailability(device?.id ?? name, message)
    }
    if (device === undefined) return understandUnnamed(rest, message)
    const text = textOf(message.payload)
    if (text === undefined) return refuse(NOT_JSON)
    const value = jsonOf(message.payload) ?? text
    return draftsOf(device, { [last]: value })
  }
}

function understandState(device: ZigbeeDevice, { payload }: MqttMessage): Understood {
  // An empty retained message is how a topic's stored state is removed.
  if (payload.length === 0) return NOTHING
  const value = jsonOf(payload)
  if (value === undefined) return refuse(NOT_JSON)
  return isJsonObject(value) ? draftsOf(device, value) : refuse(NOT_AN_OBJECT)
}

/** A device that the bridge has not named is known by its friendly name; it must say an object. */
function understandUnnamed(name: string, { payload }: MqttMessage): Understood | undefined {
  if (payload.length === 0) return NOTHING
  const value = jsonOf(payload)
  if (!isJsonObject(value)) return undefined
  return draftsOf({ id: name, properties: new Map(), settings: new Set() }, value)
}

function understandAvailability(device: string, { payload }: MqttMessage): Understood {
  if (payload.length === 0) return NOTHING
  const value = jsonOf(payload)
  const state = isJsonObject(value) ? textAt(value, 'state') : textOf(payload)
  if (state !== 'online' && state !== 'offline') {
    return refuse(unsuitable('state', 'online or offline'))
  }
  const draft = { type: 'availability', device, channel: 'main', value: state }
  return { kind: 'drafts', drafts: [draft], refusals: [] }
}

function draftsOf(device: ZigbeeDevice, object: JsonObject): Understood {
  const drafts: Draft[] = []
  const refusals: Refusal[] = []
  const entries = Object.entries(object)
  if (entries.length > PROPERTIES_MAX) {
    const message = `${entries.length} properties, at most ${PROPERTIES_MAX}`
    return refuse({ code: 'too_many_readings', message })
  }
  const seen = object['last_seen']
  const observed = seen === undefined || seen === null ? {} : { observedAt: seen }
  for (const [property, value] of entries) {
    // Null is how zigbee2mqtt says that it does not know yet.
    if (value === null || NOT_PROPERTIES.has(property) || device.settings.has(property)) continue
    // An action ends with an empty word.
    if (property.startsWith('action') && value === '') continue
    const read = readProperty(device.id, property, value, device.properties.get(property))
    if ('code' in read) refusals.push(read)
    else drafts.push({ ...read, ...observed })
  }
  return { kind: 'drafts', drafts, refusals }
}
