// The vendor's signing keys by key id: fetched once, kept for a day or until their certificate ends,
// a withdrawn one gone after that. Whoever invents key ids costs the vendor few fetches and pushes out
// no key that is in use.

import type { KeyObject } from 'node:crypto'
import type { Clock } from '../../../../base/clock.ts'
import { HubleafError, isHubleafError } from '../../../../base/errors.ts'
import { readCertificate } from './certificate.ts'
import {
  KEY_FETCHES_MAX,
  KEY_KEEP_MS,
  KEY_REFUSAL_KEEP_MS,
  KEY_REFUSALS_MAX,
  KEY_TROUBLE_KEEP_MS,
  KEYS_MAX,
} from './limits.ts'
import type { VendorGet } from './vendor-get.ts'

/** Where the verifier gets keys from. */
export interface SigningKeys {
  /**
   * The key of a well-formed key id. Throws `signature_key_refused` (the vendor has none),
   * `signature_certificate_refused`, or `signature_key_unavailable` (it could not be asked).
   */
  keyFor(keyId: string): Promise<KeyObject>
}

interface KeptKey {
  readonly key: KeyObject
  /** On the monotonic clock. */
  readonly until: number
  /** Epoch ms. */
  readonly notAfter: number
}

interface KeptRefusal {
  readonly error: HubleafError
  readonly until: number
}

/** Keys from the vendor's key host. */
export function createSigningKeys(get: VendorGet, clock: Clock): SigningKeys {
  const keys = new Map<string, KeptKey>()
  const refusals = new Map<string, KeptRefusal>()
  const fetches = new Map<string, Promise<KeyObject>>()
  const load = async (keyId: string): Promise<KeyObject> => {
    try {
      const certified = readCertificate(await pemOf(get, keyId), clock.now())
      keep(keys, KEYS_MAX, keyId, { ...certified, until: clock.monotonic() + KEY_KEEP_MS })
      return certified.key
    } catch (cause) {
      const error = asRefusal(cause)
      const keepMs = error.kind === 'passing' ? KEY_TROUBLE_KEEP_MS : KEY_REFUSAL_KEEP_MS
      keep(refusals, KEY_REFUSALS_MAX, keyId, { error, until: clock.monotonic() + keepMs })
      throw error
    } finally {
      fetches.delete(keyId)
    }
  }
  return {
    async keyFor(keyId) {
      const kept = keys.get(keyId)
      if (kept !== undefined && clock.monotonic() < kept.until && clock.now() <= kept.notAfter) {
        return kept.key
      }
      keys.delete(keyId)
      const refusal = refusals.get(keyId)
      if (refusal !== undefined && clock.monotonic() < refusal.until) throw refusal.error
      const under = fetches.get(keyId)
      if (under !== undefined) return under
      if (fetches.size >= KEY_FETCHES_MAX) throw unavailable('too many keys are being fetched')
      const fetched = load(keyId)
      fetches.set(keyId, fetched)
      return fetched
    },
  }
}

async function pemOf(get: VendorGet, keyId: string): Promise<string> {
  const { status, body } = await get('key.smartthings.com', keyId)
  if (status === 200) return body
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
    throw new HubleafError('signature_key_refused', `the vendor has no key ${keyId} (${status})`)
  }
  throw unavailable(`the vendor's key host answered ${status}`)
}

function asRefusal(error: unknown): HubleafError {
  if (isHubleafError(error, 'vendor_unreachable')) return unavailable(error.message, error)
  if (isHubleafError(error)) return error
  return unavailable('the key could not be fetched', error)
}

function unavailable(why: string, cause?: unknown): HubleafError {
  const message = `no signing key: ${why}`
  const hint = 'this machine must reach https://key.smartthings.com'
  return new HubleafError('signature_key_unavailable', message, { hint, cause })
}

/** Adds to a bounded map; the oldest makes room. */
function keep<T>(map: Map<string, T>, most: number, id: string, value: T): void {
  map.delete(id)
  map.set(id, value)
  const [oldest] = map.keys()
  if (map.size > most && oldest !== undefined) map.delete(oldest)
}
