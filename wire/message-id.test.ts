import { createHmac } from 'node:crypto'
import t from 'tap'
import { systemRandom } from '../base/random.ts'
import { parseSensorType } from './ids.ts'
import { MESSAGE_ID_SECRET_BYTES, messageId } from './message-id.ts'

const type = parseSensorType('temperature')
const other = parseSensorType('humidity')
if (type === undefined || other === undefined) throw new RangeError('fixture')
const pack = { type, first: 1, last: 256, checksum: 0xdeadbeef }
const secret = new Uint8Array(MESSAGE_ID_SECRET_BYTES).fill(7)

t.test('an id is an HMAC that stays the same, for old agents resend with it', async (t) => {
  const text = 'temperature 1 256 3735928559'
  const full = createHmac('sha256', secret).update(text).digest('base64url')
  t.equal(messageId(secret, pack), full.slice(0, 22))
  t.equal(messageId(secret, { ...pack }), messageId(secret, pack))
  t.match(messageId(secret, pack), /^[A-Za-z0-9_-]{22}$/)
})

t.test('an id cannot be made without the secret', async (t) => {
  const ids = Array.from({ length: 100 }, () =>
    messageId(systemRandom.bytes(MESSAGE_ID_SECRET_BYTES), pack),
  )
  t.equal(new Set(ids).size, 100)
  t.equal(MESSAGE_ID_SECRET_BYTES, 32)
})

t.test('every part of a pack counts, and parts do not run together', async (t) => {
  const variants = [
    pack,
    { ...pack, type: other },
    { ...pack, first: 2 },
    { ...pack, last: 255 },
    { ...pack, checksum: 1 },
    { ...pack, first: 12, last: 3 },
    { ...pack, first: 1, last: 23 },
    { ...pack, resend: 'abc' },
    { ...pack, resend: 'abd' },
  ]
  t.equal(new Set(variants.map((variant) => messageId(secret, variant))).size, variants.length)
})
