// Decides whether a request is the vendor's (Signing HTTP Messages, draft-cavage-03, RSA with SHA-256):
// its own claim first, then the key, then the signature. The one way from raw bytes to a body that may
// be acted on; the vendor's library is not used for it, because a changed body passes there.

import { constants, verify } from 'node:crypto'
import type { Clock } from '../../../../base/clock.ts'
import { HubleafError } from '../../../../base/errors.ts'
import { readClaim } from './signed-request.ts'
import type { RawRequest } from './signed-request.ts'
import type { SigningKeys } from './signing-keys.ts'

/** A request that the vendor signed. */
export interface Verified {
  readonly body: Uint8Array
  /** The same for the same request: RSA's padding here leaves one signature for each text. */
  readonly signature: string
}

/** Verifies requests that are posted to one path. */
export type Verifier = (request: RawRequest) => Promise<Verified>

/** What a verifier needs. `path` is that of the URL that the vendor posts to, without query. */
export interface VerifierOptions {
  readonly path: string
  readonly keys: SigningKeys
  readonly clock: Clock
}

/** A verifier; it throws `signature_*` or `digest_mismatch` and never gives an unverified body. */
export function createVerifier({ path, keys, clock }: VerifierOptions): Verifier {
  return async (request) => {
    const { keyId, signature, signed } = readClaim(request, path, clock.now())
    const key = await keys.keyFor(keyId)
    const scheme = { key, padding: constants.RSA_PKCS1_PADDING }
    if (!verify('sha256', Buffer.from(signed), scheme, signature)) {
      const message = 'the signature is not that of this request'
      const hint = `the path that the vendor signs must be ${path}`
      throw new HubleafError('signature_mismatch', message, { hint })
    }
    return { body: request.body, signature: signature.toString('base64') }
  }
}
