// The body that the SmartApp of smartthings-mqtt-bridge pushes for each event, to POST /push:
// {"name":"Front Door","type":"contact","value":"open"}. The name is all that it says of the device, so
// it is the device's id here: one that is renamed there is another device. Pure.

import { isJsonObject } from '../../base/json.ts'
import type { ParsedReading } from '../../wire/parse-reading.ts'
import { checkFields, readAttribute, refuse } from './pushed-attribute.ts'

/** Where such bodies go. */
export const MQTT_BRIDGE_PATH = '/push'

const FIELDS = ['name', 'type', 'value']

/** The reading in such a body, or why there is none. */
export function parseBridgePush(input: unknown): ParsedReading {
  if (!isJsonObject(input)) return refuse('not_an_object', 'the body must be a JSON object')
  const wrong = checkFields(input, FIELDS)
  if (wrong !== undefined) return wrong
  const { name, type, value } = input
  const named = { device: name, deviceField: 'name', attribute: type, value }
  return readAttribute({ ...named, source: 'mqtt-bridge' })
}
