// What a request says of its own signature, checked as far as that goes without a key: each header
// that counts is there once, the digest is the body's, the date is of now. Pure. Whether the signature
// is the vendor's is decided by the verifier, with the text that is put together here.

import { createHash, timingSafeEqual } from 'node:crypto'
import { HubleafError } from '../../../../base/errors.ts'
import { parseHttpDate } from './http-date.ts'
import { DATE_SKEW_MS } from './limits.ts'
import { decodeBase64, parseSignatureParams } from './signature-params.ts'

/** A request as it arrived; nothing of it is believed. */
export interface RawRequest {
  /** Names and values by turns, as Node gives them: repeated headers are still apart. */
  readonly rawHeaders: readonly string[]
  /** The bytes that were sent; parsing comes after verification. */
  readonly body: Uint8Array
}

/** What has to be checked with a key. */
export interface SignatureClaim {
  readonly keyId: string
  readonly signature: Buffer
  /** The text that was signed. */
  readonly signed: string
}

const DIGEST_PREFIX = 'SHA256='

/**
 * The claim of a request that was posted to `path` (without query) at `now` (epoch ms). Throws
 * `signature_*` or `digest_mismatch`.
 */
export function readClaim(request: RawRequest, path: string, now: number): SignatureClaim {
  const { keyId, signature, headers } = parseSignatureParams(header(request, 'authorization'))
  checkDigest(request.body, header(request, 'digest'))
  checkDate(header(request, 'date'), now)
  const lines = headers.map((name) => {
    if (name === '(request-target)') return `(request-target): post ${path}`
    const value = header(request, name)
    if (value === undefined) {
      const message = `the signature covers "${name}", and the request has no such header`
      throw new HubleafError('signature_incomplete', message)
    }
    return `${name}: ${value}`
  })
  return { keyId, signature, signed: lines.join('\n') }
}

/** The one value of a header; throws `signature_malformed` if it is there twice. */
function header({ rawHeaders }: RawRequest, wanted: string): string | undefined {
  let found: string | undefined
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== wanted) continue
    if (found !== undefined) {
      const message = `the header "${wanted}" is there twice: which one was signed?`
      throw new HubleafError('signature_malformed', message)
    }
    found = rawHeaders[at + 1]
  }
  return found
}

function checkDigest(body: Uint8Array, digest: string | undefined): void {
  const told = digest?.startsWith(DIGEST_PREFIX)
    ? decodeBase64(digest.slice(DIGEST_PREFIX.length))
    : undefined
  const actual = createHash('sha256').update(body).digest()
  if (told?.length !== actual.length || !timingSafeEqual(told, actual)) {
    throw new HubleafError('digest_mismatch', 'the "digest" header is not the SHA-256 of the body')
  }
}

function checkDate(text: string | undefined, now: number): void {
  const date = text === undefined ? undefined : parseHttpDate(text)
  if (date === undefined) {
    throw new HubleafError('signature_date', 'the "date" header is missing, or is no HTTP date')
  }
  if (Math.abs(now - date) > DATE_SKEW_MS) {
    const minutes = Math.round(Math.abs(now - date) / 60_000)
    const message = `the request is dated ${minutes} min ${date < now ? 'ago' : 'ahead'}`
    const hint = 'if the vendor sent it just now, set the clock of this machine'
    throw new HubleafError('signature_date', message, { hint })
  }
}
