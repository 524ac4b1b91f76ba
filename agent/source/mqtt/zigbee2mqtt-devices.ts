// What zigbee2mqtt says of its devices in `bridge/devices` and `bridge/groups`: the stable address
// behind each friendly name, and what each property is. Kept by whoever owns it, since after a start
// the first messages come before the bridge has said anything. Bounded; odd entries are left out.

import { isJsonObject, textAt } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import { isCleanText } from '../../../wire/parse-reading.ts'
import { DEVICE_MAX_CHARS, UNIT_MAX_CHARS } from '../../../wire/limits.ts'
import type { PropertyFacts } from './zigbee2mqtt-types.ts'

/** A device or a group. */
export interface ZigbeeDevice {
  /** The device's address, or `group_N`. */
  readonly id: string
  readonly properties: ReadonlyMap<string, PropertyFacts>
  /** Settings, which are no readings. */
  readonly settings: ReadonlySet<string>
}

/** Devices by friendly name. */
export type ZigbeeDevices = ReadonlyMap<string, ZigbeeDevice>

const PROPERTIES_MAX = 256
const NESTING_MAX = 4

/** The devices of `bridge/devices`; undefined if the value is no list. At most `limit` of them. */
export function parseDevices(value: unknown, limit: number): ZigbeeDevices | undefined {
  if (!Array.isArray(value)) return undefined
  const devices = new Map<string, ZigbeeDevice>()
  for (const entry of value.slice(0, limit)) {
    const name = textAt(entry, 'friendly_name')
    const id = textAt(entry, 'ieee_address')
    if (!isCleanText(name, DEVICE_MAX_CHARS) || !isCleanText(id, DEVICE_MAX_CHARS)) continue
    const properties = new Map<string, PropertyFacts>()
    const settings = new Set<string>()
    const definition: unknown = isJsonObject(entry) ? entry['definition'] : undefined
    const exposes = isJsonObject(definition) ? definition['exposes'] : undefined
    collect(exposes, properties, settings, 0)
    devices.set(name, { id, properties, settings })
  }
  return devices
}

/** The groups of `bridge/groups`; undefined if the value is no list. At most `limit` of them. */
export function parseGroups(value: unknown, limit: number): ZigbeeDevices | undefined {
  if (!Array.isArray(value)) return undefined
  const groups = new Map<string, ZigbeeDevice>()
  for (const entry of value.slice(0, limit)) {
    const name = textAt(entry, 'friendly_name')
    const id: unknown = isJsonObject(entry) ? entry['id'] : undefined
    if (!isCleanText(name, DEVICE_MAX_CHARS) || !Number.isSafeInteger(id)) continue
    groups.set(name, { id: `group_${String(id)}`, properties: new Map(), settings: new Set() })
  }
  return groups
}

function collect(
  exposes: unknown,
  properties: Map<string, PropertyFacts>,
  settings: Set<string>,
  depth: number,
): void {
  if (!Array.isArray(exposes) || depth > NESTING_MAX) return
  for (const expose of exposes) {
    if (!isJsonObject(expose) || properties.size + settings.size >= PROPERTIES_MAX) continue
    const property = textAt(expose, 'property')
    // Lights, switches, covers and climates have no property of their own but features that do; a
    // composite is one property whose parts stand inside its value.
    if (property === undefined) collect(expose['features'], properties, settings, depth + 1)
    else if (expose['category'] === 'config') settings.add(property)
    else properties.set(property, factsOf(expose, property))
  }
}

function factsOf(expose: JsonObject, property: string): PropertyFacts {
  const unit = textAt(expose, 'unit')
  const endpoint = textAt(expose, 'endpoint')
  const suffix = endpoint === undefined ? '' : `_${endpoint}`
  const hasSuffix = suffix !== '' && property.endsWith(suffix) && property.length > suffix.length
  return {
    name: hasSuffix ? property.slice(0, -suffix.length) : property,
    isNumeric: expose['type'] === 'numeric',
    ...(isCleanText(unit, UNIT_MAX_CHARS) ? { unit } : {}),
  }
}

/** The same devices in the bridge's own form, without all that is not needed here. */
export function describeDevices(devices: ZigbeeDevices): JsonObject[] {
  return [...devices].map(([name, { id, properties, settings }]) => ({
    ...{ friendly_name: name, ieee_address: id },
    definition: {
      exposes: [
        ...[...properties].map(([property, facts]) => describeProperty(property, facts)),
        ...[...settings].map((property) => ({ property, category: 'config' })),
      ],
    },
  }))
}

function describeProperty(property: string, { name, unit, isNumeric }: PropertyFacts): JsonObject {
  return {
    property,
    ...(name === property ? {} : { endpoint: property.slice(name.length + 1) }),
    ...(isNumeric ? { type: 'numeric' } : {}),
    ...(unit === undefined ? {} : { unit }),
  }
}
