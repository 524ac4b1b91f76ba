// The `authorization` header of a signed request, taken apart (Signing HTTP Messages, draft-cavage-03
// §2.1). Pure and strict: each parameter once, quoted, without escapes; nothing is repaired, because
// two readers that repair differently disagree about what was signed.

import { HubleafError } from '../../../../base/errors.ts'
import { AUTHORIZATION_MAX_CHARS, SIGNATURE_MAX_BYTES, SIGNED_HEADERS_MAX } from './limits.ts'

/** What the header says. */
export interface SignatureParams {
  /** Path of the signing certificate at the vendor's key host. */
  readonly keyId: string
  readonly signature: Buffer
  /** Names of what is signed, small letters, in order, each once. */
  readonly headers: readonly string[]
}

/** `/pl/<region>/<20 bytes in hex with dashes>`: only this is ever asked for at the key host. */
const KEY_ID = /^\/pl\/[a-z0-9-]{1,32}\/[0-9a-f]{2}(?:-[0-9a-f]{2}){19}$/
const SCHEME = 'Signature '
const PARAM = /([A-Za-z]{1,32})="([^"\\]*)"/y
const SEPARATOR = /[ \t]*,[ \t]*/y
const HEADER_NAME = /^(?:\(request-target\)|[a-z0-9-]{1,64})$/

/** What a signature must cover, or it proves nothing about this request. */
const MUST_BE_SIGNED = ['(request-target)', 'digest', 'date']

/**
 * Takes the header apart. Throws `signature_missing`, `signature_malformed`, `signature_algorithm`,
 * `signature_incomplete` or `signature_key_refused`; nothing has been fetched or believed yet.
 */
export function parseSignatureParams(header: string | undefined): SignatureParams {
  if (header === undefined || !header.startsWith(SCHEME)) {
    const message = 'the request has no "authorization: Signature" header'
    throw new HubleafError('signature_missing', message, { hint: 'only the vendor posts here' })
  }
  if (header.length > AUTHORIZATION_MAX_CHARS) throw malformed('it is too long')
  const params = paramsOf(header)
  const algorithm = params.get('algorithm')
  if (algorithm !== 'rsa-sha256') {
    const shown = algorithm?.slice(0, 32).toWellFormed() ?? 'none'
    throw new HubleafError('signature_algorithm', `the algorithm is "${shown}", not "rsa-sha256"`)
  }
  const headers = signedHeaders(params.get('headers') ?? '')
  const keyId = params.get('keyId') ?? ''
  if (!KEY_ID.test(keyId)) {
    const shown = keyId.slice(0, 80).toWellFormed()
    throw new HubleafError('signature_key_refused', `"${shown}" is no key id of the vendor`)
  }
  return { keyId, headers, signature: signatureBytes(params.get('signature') ?? '') }
}

function paramsOf(header: string): ReadonlyMap<string, string> {
  const params = new Map<string, string>()
  let at = SCHEME.length
  for (;;) {
    PARAM.lastIndex = at
    const [whole = '', name = '', value = ''] = PARAM.exec(header) ?? []
    if (whole === '') throw malformed('a parameter is not name="value"')
    if (params.has(name)) throw malformed(`"${name}" is there twice`)
    params.set(name, value)
    at += whole.length
    if (at === header.length) return params
    SEPARATOR.lastIndex = at
    const separator = SEPARATOR.exec(header)?.[0]
    if (separator === undefined) throw malformed('parameters are not separated by commas')
    at += separator.length
  }
}

function signedHeaders(text: string): readonly string[] {
  const names = text.split(' ')
  if (names.length > SIGNED_HEADERS_MAX) throw malformed('it covers too many headers')
  if (!names.every((name) => HEADER_NAME.test(name)) || new Set(names).size !== names.length) {
    throw malformed('"headers" is no list of different header names in small letters')
  }
  const missing = MUST_BE_SIGNED.filter((name) => !names.includes(name))
  if (missing.length > 0) {
    const message = `the signature does not cover ${missing.join(' and ')}`
    throw new HubleafError('signature_incomplete', message)
  }
  return names
}

function signatureBytes(text: string): Buffer {
  const bytes = decodeBase64(text)
  if (bytes === undefined || bytes.length === 0 || bytes.length > SIGNATURE_MAX_BYTES) {
    throw malformed('"signature" is no base64 of a signature')
  }
  return bytes
}

/** The bytes of canonical base64, or undefined: one spelling for each value, so none is a new one. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

function malformed(what: string): HubleafError {
  return new HubleafError('signature_malformed', `the "authorization" header is malformed: ${what}`)
}
