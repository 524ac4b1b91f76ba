import { crc32, deflateRawSync } from 'node:zlib'
import t from 'tap'
import { isHubleafError } from '../base/errors.ts'
import { seededRandom } from '../base/random.ts'
import { reframe } from '../test/fixtures/mutations.ts'
import { frame, unframe } from './frame.ts'
import { PACK_HEADER_BYTES, PACK_MAX_BODY_BYTES } from './limits.ts'

/** The code that `unframe` refuses the bytes with, or undefined. */
function refusal(bytes: Uint8Array): string | undefined {
  try {
    unframe(bytes)
    return undefined
  } catch (error) {
    return isHubleafError(error) ? error.code : String(error)
  }
}

/** `bytes` with one byte replaced. */
function withByte(bytes: Uint8Array, place: number, byte: number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[place] = byte
  return copy
}

const long = Buffer.from('{"readings":"'.repeat(100))
const short = Buffer.from('{}')

t.test('a frame is as the contract draws it', async (t) => {
  const { bytes, checksum } = frame(short)
  t.equal(checksum, crc32(short))
  t.equal(Buffer.from(bytes).toString('hex'), `48010000${le(checksum)}7b7d`, 'not compressed')
  const deflated = frame(long)
  t.equal(deflated.bytes[2], 1, 'compressed')
  t.equal(deflated.checksum, crc32(long), 'of the body before compression')
  t.ok(deflated.bytes.length < long.length)
  const payload = Buffer.from(deflated.bytes).subarray(PACK_HEADER_BYTES)
  t.strictSame(payload, deflateRawSync(long, { level: 1 }))
})

function le(number: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes.toString('hex')
}

t.test('a body survives, also from the middle of a larger buffer', async (t) => {
  for (const body of [short, long, Buffer.alloc(PACK_MAX_BODY_BYTES, 'ab')]) {
    const { bytes } = frame(body)
    t.strictSame(Buffer.from(unframe(bytes)), body)
    const around = Buffer.concat([Buffer.from('xxx'), bytes, Buffer.from('yyy')])
    t.strictSame(Buffer.from(unframe(around.subarray(3, 3 + bytes.length))), body)
  }
})

t.test('a body that compression cannot shrink travels as it is, up to the limit', async (t) => {
  const noise = Buffer.from(seededRandom(1).bytes(1000))
  t.equal(frame(noise).bytes[2], 0)
  t.strictSame(Buffer.from(unframe(frame(noise).bytes)), noise)
  t.equal(refusal(reframe(Buffer.alloc(PACK_MAX_BODY_BYTES + 1, 'a'))), 'pack_too_large')
  t.equal(refusal(reframe(Buffer.alloc(PACK_MAX_BODY_BYTES, 'a'))), undefined)
  t.throws(() => frame(Buffer.alloc(PACK_MAX_BODY_BYTES + 1)), { code: 'pack_too_large' })
})

t.test('each refusal has its code', async (t) => {
  const { bytes } = frame(long)
  for (let length = 0; length < PACK_HEADER_BYTES; length += 1) {
    t.equal(refusal(bytes.subarray(0, length)), 'pack_truncated')
  }
  t.equal(refusal(withByte(bytes, 0, 0x47)), 'pack_magic')
  for (const version of [0, 2, 255]) {
    t.equal(refusal(withByte(bytes, 1, version)), 'pack_version_unknown')
  }
  for (const way of [2, 255]) t.equal(refusal(withByte(bytes, 2, way)), 'pack_compression_unknown')
  t.equal(refusal(withByte(bytes, 3, 1)), 'pack_malformed')
  t.equal(refusal(withByte(bytes, 4, (bytes[4] ?? 0) ^ 1)), 'pack_corrupt')
  t.equal(refusal(bytes.subarray(0, -1)), 'pack_corrupt', 'truncated while compressed')
  t.equal(refusal(Buffer.concat([bytes, Buffer.of(0)])), 'pack_corrupt', 'bytes that follow')
  t.equal(refusal(frame(short).bytes.subarray(0, -1)), 'pack_corrupt', 'truncated in the open')
  t.equal(refusal(withByte(frame(long).bytes, 2, 0)), 'pack_corrupt', 'says it is not compressed')
})

t.test('an unknown version comes with advice', async (t) => {
  try {
    unframe(withByte(frame(short).bytes, 1, 2))
    t.fail('accepted')
  } catch (error) {
    t.ok(isHubleafError(error) && error.hint?.includes('upgrade the cloud'))
  }
})

t.test('a decompression bomb is refused at the limit', async (t) => {
  const bomb = reframe(Buffer.alloc(20_000_000, ' '), true)
  t.ok(bomb.length < 100_000, `${bomb.length} bytes that would become 20 MB`)
  t.equal(refusal(bomb), 'pack_too_large')
  t.equal(refusal(reframe(Buffer.alloc(PACK_MAX_BODY_BYTES + 1, ' '), true)), 'pack_too_large')
  t.equal(refusal(reframe(Buffer.alloc(PACK_MAX_BODY_BYTES, ' '), true)), undefined)
})

t.test('every single flipped bit of a pack is noticed', async (t) => {
  for (const { bytes } of [frame(long), frame(short)]) {
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const place = bit >> 3
      const spoilt = withByte(bytes, place, (bytes[place] ?? 0) ^ (1 << (bit & 7)))
      if (refusal(spoilt) === undefined && !Buffer.from(unframe(spoilt)).equals(unframe(bytes))) {
        return t.fail(`bit ${bit} went unnoticed`)
      }
    }
  }
  return t.pass('all bits')
})
