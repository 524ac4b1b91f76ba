// The body of the Groovy SmartApp of autopilotpattern/nodejs-example, which posts one reading at a time:
// {"role":"smartthings","cmd":"write","type":"temperature","value":72,"passcode":"…"}. The app is shut
// down for years; what speaks its language now are scripts that people kept. Pure.

import { isJsonObject } from '../../base/json.ts'
import type { Secret, SecretRule } from '../../base/secret.ts'
import type { ParsedReading } from '../../wire/parse-reading.ts'
import { checkFields, readAttribute, refuse } from './pushed-attribute.ts'

/** Where such bodies go, as the app sent them. */
export const LEGACY_PATH = '/act'

/** What a passcode must be: the app's published default is none. */
export const PASSCODE_RULE: SecretRule = {
  ...{ name: 'passcode', key: 'http.legacy_passcode_file', minChars: 8, known: ['secure'] },
}

const FIELDS = ['role', 'cmd', 'type', 'value', 'passcode']

/**
 * The reading in such a body, or why there is none. The passcode comes first: who does not know it
 * learns nothing else. The app names no device: all that it sends of a type is one, `legacy/<type>`.
 */
export function parseLegacy(input: unknown, passcode: Secret): ParsedReading {
  if (!isJsonObject(input)) return refuse('not_an_object', 'the body must be a JSON object')
  const guess = input['passcode']
  if (typeof guess !== 'string' || !passcode.matches(guess)) {
    return refuse('unauthorized', 'the passcode is not the one of this agent', 'passcode')
  }
  const wrong = checkFields(input, FIELDS)
  if (wrong !== undefined) return wrong
  const { role, cmd, type, value } = input
  if (role !== 'smartthings') {
    return refuse('field_invalid', '"role" must be "smartthings"', 'role')
  }
  if (cmd !== 'write') {
    return refuse('field_invalid', '"cmd" must be "write": nothing else is done here', 'cmd')
  }
  const device = typeof type === 'string' ? `legacy/${type}` : undefined
  const named = { device, deviceField: 'type', attribute: type, value }
  return readAttribute({ ...named, source: 'legacy' })
}
