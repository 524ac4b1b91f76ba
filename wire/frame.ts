// The frame around a pack's body: magic, version, compression, checksum. It detects what TCP lets
// through (a broken proxy, a bad disk) and refuses versions it does not know, so that an old cloud
// and a new agent part with a code instead of nonsense.

import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { HubleafError, systemCodeOf } from '../base/errors.ts'
import { isJsonObject, numberAt } from '../base/json.ts'
import { PACK_HEADER_BYTES, PACK_MAX_BODY_BYTES } from './limits.ts'

// The layout:
//
//   byte 0     0x48, "H"
//   byte 1     version, now 1
//   byte 2     compression: 0 none, 1 deflate (raw)
//   byte 3     0, reserved
//   byte 4..7  CRC-32 of the body before compression, little endian
//   byte 8..   the body

const MAGIC = 0x48
const VERSION = 1
const COMPRESSION = { none: 0, deflate: 1 } as const

/** A framed body and its checksum. */
export interface Frame {
  readonly bytes: Uint8Array
  readonly checksum: number
}

/** Frames a body, compressed when that makes it smaller. Throws `pack_too_large`. */
export function frame(body: Uint8Array): Frame {
  if (body.length > PACK_MAX_BODY_BYTES) {
    const message = `a pack's body has ${body.length} bytes, over ${PACK_MAX_BODY_BYTES}`
    throw new HubleafError('pack_too_large', message)
  }
  const checksum = crc32(body)
  // Even a lone reading shrinks by a fifth; level 6 gains a tenth at most (docs/decisions/0002).
  const deflated = deflateRawSync(body, { level: 1 })
  const compressed = deflated.length < body.length
  const payload = compressed ? deflated : body
  const bytes = Buffer.allocUnsafe(PACK_HEADER_BYTES + payload.length)
  bytes[0] = MAGIC
  bytes[1] = VERSION
  bytes[2] = compressed ? COMPRESSION.deflate : COMPRESSION.none
  bytes[3] = 0
  bytes.writeUInt32LE(checksum, 4)
  bytes.set(payload, PACK_HEADER_BYTES)
  return { bytes, checksum }
}

/**
 * The body in a frame. Throws `pack_truncated`, `pack_magic`, `pack_version_unknown`,
 * `pack_compression_unknown`, `pack_too_large` or `pack_corrupt`.
 */
export function unframe(bytes: Uint8Array): Uint8Array {
  if (bytes.length < PACK_HEADER_BYTES) {
    throw new HubleafError('pack_truncated', `a pack has ${bytes.length} bytes, not even a header`)
  }
  const [magic, version, compression, reserved] = bytes
  if (magic !== MAGIC) throw new HubleafError('pack_magic', 'the bytes are not a pack')
  if (version !== VERSION) {
    const hint = 'upgrade the cloud before the agents; the message is kept as a dead letter'
    throw new HubleafError('pack_version_unknown', `pack version ${version} is unknown`, { hint })
  }
  if (reserved !== 0) throw new HubleafError('pack_malformed', 'the reserved byte is not zero')
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const body = decompress(compression ?? -1, view.subarray(PACK_HEADER_BYTES))
  if (crc32(body) !== view.readUInt32LE(4)) {
    throw new HubleafError('pack_corrupt', 'the checksum does not match the body')
  }
  return body
}

function decompress(compression: number, payload: Uint8Array): Uint8Array {
  switch (compression) {
    case COMPRESSION.none:
      if (payload.length > PACK_MAX_BODY_BYTES) {
        throw new HubleafError('pack_too_large', `a pack's body has ${payload.length} bytes`)
      }
      return payload
    case COMPRESSION.deflate:
      return inflate(payload)
    default:
      throw new HubleafError('pack_compression_unknown', `compression ${compression} is unknown`)
  }
}

function inflate(payload: Uint8Array): Uint8Array {
  let inflated: unknown
  try {
    inflated = inflateRawSync(payload, { maxOutputLength: PACK_MAX_BODY_BYTES, info: true })
  } catch (cause) {
    if (systemCodeOf(cause) === 'ERR_BUFFER_TOO_LARGE') {
      const message = `a pack's body decompresses to more than ${PACK_MAX_BODY_BYTES} bytes`
      throw new HubleafError('pack_too_large', message)
    }
    throw new HubleafError('pack_corrupt', 'the body does not decompress', { cause })
  }
  // zlib stops at the end of its stream and ignores what follows; a pack has nothing that follows.
  const { buffer, engine } = isJsonObject(inflated) ? inflated : {}
  const consumed = numberAt(engine, 'bytesWritten')
  if (!(buffer instanceof Uint8Array) || consumed !== payload.length) {
    throw new HubleafError('pack_corrupt', 'bytes follow the compressed body')
  }
  return buffer
}
