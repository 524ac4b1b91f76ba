// A certificate of the vendor's key host, judged: PEM of one certificate or a chain, each link signed
// by the next, all within their time, the first with an RSA key that is large enough. That the answer
// came from the vendor is TLS's word; the vendor publishes no root that it could be traced to.

import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { HubleafError } from '../../../../base/errors.ts'
import { CHAIN_MAX_CERTIFICATES, RSA_MIN_BITS } from './limits.ts'

/** A public key, and until when its certificates vouch for it. */
export interface CertifiedKey {
  readonly key: KeyObject
  /** Epoch ms: the earliest end of the chain. */
  readonly notAfter: number
}

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,16384}?-----END CERTIFICATE-----/g

/** The key in `pem` at `now` (epoch ms). Throws `signature_certificate_refused`. */
export function readCertificate(pem: string, now: number): CertifiedKey {
  const chain = (pem.match(PEM) ?? []).map(certificateOf)
  const [leaf] = chain
  if (leaf === undefined || chain.length > CHAIN_MAX_CERTIFICATES) {
    throw refused(`it holds ${chain.length} certificates`)
  }
  for (const [place, certificate] of chain.entries()) {
    if (now < certificate.validFromDate.getTime()) throw refused('it is not valid yet')
    if (now > certificate.validToDate.getTime()) throw refused('it has expired')
    const above = chain[place + 1]
    if (above !== undefined && !isSignedBy(certificate, above)) {
      throw refused('a certificate of the chain is not signed by the next one')
    }
  }
  const key = leaf.publicKey
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  if (key.asymmetricKeyType !== 'rsa' || bits < RSA_MIN_BITS) {
    throw refused(`its key is not RSA of at least ${RSA_MIN_BITS} bits`)
  }
  return { key, notAfter: Math.min(...chain.map(({ validToDate }) => validToDate.getTime())) }
}

function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (cause) {
    throw refused('it cannot be read', cause)
  }
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
}

function refused(why: string, cause?: unknown): HubleafError {
  const message = `the vendor's signing certificate is refused: ${why}`
  return new HubleafError('signature_certificate_refused', message, { cause })
}
