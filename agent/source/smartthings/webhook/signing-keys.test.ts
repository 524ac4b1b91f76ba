import t from 'tap'
import { HubleafError } from '../../../../base/errors.ts'
import { certificate, rsaKeys } from '../../../../test/fixtures/certificate.ts'
import type { CertificateFacts } from '../../../../test/fixtures/certificate.ts'
import { handClock } from '../../../../test/fixtures/hand-clock.ts'
import { KEY_ID, SIGNED_AT, VENDOR_KEYS } from '../../../../test/fixtures/signed-request.ts'
import { readCertificate } from './certificate.ts'
import { KEY_FETCHES_MAX, KEY_REFUSALS_MAX, KEYS_MAX } from './limits.ts'
import { createSigningKeys } from './signing-keys.ts'
import type { VendorAnswer } from './vendor-get.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const root = rsaKeys()
const middle = rsaKeys()

/** A certificate of the signing key, by itself where no issuer is given. */
function pem(changes: Partial<CertificateFacts> = {}): string {
  return certificate({
    ...{ subject: 'signing', publicKey: VENDOR_KEYS.publicKey },
    issuer: { subject: 'signing', privateKey: VENDOR_KEYS.privateKey },
    ...{ notBefore: SIGNED_AT - DAY, notAfter: SIGNED_AT + 365 * DAY },
    ...changes,
  })
}

const rootIssuer = { subject: 'root', privateKey: root.privateKey }
const middleIssuer = { subject: 'middle', privateKey: middle.privateKey }
const rootPem = pem({ subject: 'root', publicKey: root.publicKey, issuer: rootIssuer, ca: true })
const middlePem = (changes: Partial<CertificateFacts> = {}): string =>
  pem({ subject: 'middle', publicKey: middle.publicKey, issuer: rootIssuer, ca: true, ...changes })
const leafPem = pem({ issuer: middleIssuer })

/** Key ids that differ. */
const keyId = (number: number): string =>
  `${KEY_ID.slice(0, -5)}${[number >> 8, number & 255].map((byte) => byte.toString(16).padStart(2, '0')).join('-')}`

/** A store of keys over a vendor that answers as the test says. */
function storeOf(answer: (path: string) => Promise<VendorAnswer> | VendorAnswer) {
  const clock = handClock(SIGNED_AT)
  const asked: string[] = []
  const keys = createSigningKeys(async (host, path) => {
    asked.push(`${host}${path}`)
    return answer(path)
  }, clock)
  const codeOf = async (id = KEY_ID): Promise<string> => {
    try {
      const key = await keys.keyFor(id)
      return key.equals(VENDOR_KEYS.publicKey) ? 'key' : 'another key'
    } catch (error) {
      return error instanceof HubleafError ? error.code : `threw ${String(error)}`
    }
  }
  return { clock, asked, keys, codeOf }
}

t.test('a certificate gives its key, and the chain its end', async (t) => {
  const alone = readCertificate(pem(), SIGNED_AT)
  t.ok(alone.key.equals(VENDOR_KEYS.publicKey))
  t.equal(alone.notAfter, SIGNED_AT + 365 * DAY - (SIGNED_AT % 1000))
  const short = middlePem({ notAfter: SIGNED_AT + DAY })
  const chain = readCertificate(`${leafPem}${short}${rootPem}`, SIGNED_AT)
  t.ok(chain.key.equals(VENDOR_KEYS.publicKey))
  t.equal(chain.notAfter, SIGNED_AT + DAY, 'the earliest end counts')
})

t.test('P9.22 a certificate that vouches for nothing is refused', async (t) => {
  const weak = rsaKeys(1024)
  const refused: readonly (readonly [string, string])[] = [
    ['expired', pem({ notAfter: SIGNED_AT - 1000 })],
    ['not valid yet', pem({ notBefore: SIGNED_AT + 1000 })],
    ['weak', pem({ publicKey: weak.publicKey })],
    ['nothing', ''],
    ['a page', '<html>sorry</html>'],
    ['a cut', pem().slice(0, 400)],
    ['a flipped byte', pem().replace(/\nMII/, '\nMAA')],
    ['a public key alone', String(VENDOR_KEYS.publicKey.export({ format: 'pem', type: 'spki' }))],
    ['a chain out of order', `${leafPem}${rootPem}${middlePem()}`],
    ['a chain with a gap', `${leafPem}${rootPem}`],
    ['a chain with another issuer', `${leafPem}${middlePem({ publicKey: root.publicKey })}`],
    ['an issuer that is no authority', `${leafPem}${middlePem({ ca: false })}${rootPem}`],
    ['an expired issuer', `${leafPem}${middlePem({ notAfter: SIGNED_AT - 1000 })}${rootPem}`],
    ['a long chain', pem().repeat(6)],
  ]
  for (const [what, text] of refused) {
    t.throws(
      () => readCertificate(text, SIGNED_AT),
      { code: 'signature_certificate_refused' },
      what,
    )
  }
})

t.test('a key is fetched once from the vendor’s host, kept a day, and fetched again', async (t) => {
  const { codeOf, asked, clock } = storeOf(() => ({ status: 200, body: pem() }))
  t.strictSame(await Promise.all([codeOf(), codeOf(), codeOf()]), ['key', 'key', 'key'])
  await clock.advance(DAY - 1)
  t.equal(await codeOf(), 'key')
  t.strictSame(asked, [`key.smartthings.com${KEY_ID}`], 'one fetch for all of them')
  await clock.advance(1)
  t.equal(await codeOf(), 'key')
  t.equal(asked.length, 2)
})

t.test(
  'P9.22 a key that was withdrawn is gone after a day, one that expired at once',
  async (t) => {
    let body = pem({ notAfter: SIGNED_AT + HOUR })
    let status = 200
    const { codeOf, asked, clock } = storeOf(() => ({ status, body }))
    t.equal(await codeOf(), 'key')
    await clock.advance(HOUR + 1000)
    t.equal(await codeOf(), 'signature_certificate_refused', 'it has ended')
    body = pem()
    await clock.advance(60_000)
    t.equal(await codeOf(), 'key', 'a renewed certificate')
    t.equal(asked.length, 3)
    status = 404
    await clock.advance(DAY)
    t.equal(await codeOf(), 'signature_key_refused')
  },
)

t.test('the vendor rotates: the new key is fetched beside the old one', async (t) => {
  const next = rsaKeys()
  const nextPem = pem({
    publicKey: next.publicKey,
    issuer: { subject: 'signing', privateKey: next.privateKey },
  })
  const { codeOf, keys } = storeOf((path) => ({
    status: 200,
    body: path === KEY_ID ? pem() : nextPem,
  }))
  t.equal(await codeOf(), 'key')
  t.ok((await keys.keyFor(keyId(1))).equals(next.publicKey))
  t.equal(await codeOf(), 'key')
})

t.test(
  'what the vendor says no to is asked again after a minute, trouble after seconds',
  async (t) => {
    let answer: VendorAnswer | Error = { status: 404, body: '' }
    const { codeOf, asked, clock } = storeOf(async () => {
      if (answer instanceof Error) throw answer
      return answer
    })
    t.equal(await codeOf(), 'signature_key_refused')
    await clock.advance(59_999)
    t.equal(await codeOf(), 'signature_key_refused')
    t.equal(asked.length, 1)
    await clock.advance(1)
    answer = new HubleafError('vendor_unreachable', 'no')
    t.equal(await codeOf(), 'signature_key_unavailable')
    await clock.advance(4999)
    t.equal(await codeOf(), 'signature_key_unavailable')
    t.equal(asked.length, 2)
    for (const [status, code] of [
      ...[
        [500, 'signature_key_unavailable'],
        [503, 'signature_key_unavailable'],
      ],
      ...[
        [429, 'signature_key_unavailable'],
        [301, 'signature_key_unavailable'],
      ],
      ...[
        [403, 'signature_key_refused'],
        [204, 'signature_key_unavailable'],
      ],
    ] as const) {
      answer = { status, body: pem() }
      await clock.advance(60_000)
      t.equal(await codeOf(), code, String(status))
    }
    answer = { status: 200, body: pem() }
    await clock.advance(5000)
    t.equal(await codeOf(), 'key')
  },
)

t.test(
  'P9.22 whoever invents key ids neither floods the vendor nor pushes a key out',
  async (t) => {
    const open: ((answer: VendorAnswer) => void)[] = []
    const { codeOf, asked } = storeOf(async (path) => {
      if (path === KEY_ID) return { status: 200, body: pem() }
      return new Promise((resolve) => void open.push(resolve))
    })
    t.equal(await codeOf(), 'key')
    const first = Array.from({ length: KEY_FETCHES_MAX }, async (_, at) => codeOf(keyId(at)))
    t.equal(await codeOf(keyId(99)), 'signature_key_unavailable', 'one more at once')
    t.equal(asked.length, 1 + KEY_FETCHES_MAX)
    for (const resolve of open.splice(0)) resolve({ status: 404, body: '' })
    await Promise.all(first)
    for (let at = 0; at < 2 * KEY_REFUSALS_MAX; at += 1) {
      const code = codeOf(keyId(1000 + at))
      for (const resolve of open.splice(0)) resolve({ status: 404, body: '' })
      await code
    }
    const before = asked.length
    t.equal(await codeOf(), 'key', 'the key in use is still there')
    t.equal(asked.length, before)
  },
)

t.test('keys are few: the oldest makes room', async (t) => {
  const { codeOf, asked } = storeOf(() => ({ status: 200, body: pem() }))
  for (let at = 0; at <= KEYS_MAX; at += 1) await codeOf(keyId(at))
  const before = asked.length
  t.equal(await codeOf(keyId(1)), 'key')
  t.equal(asked.length, before)
  t.equal(await codeOf(keyId(0)), 'key')
  t.equal(asked.length, before + 1)
})
