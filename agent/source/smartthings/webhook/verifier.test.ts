import { createHmac, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parseIsoTime, systemClock } from '../../../../base/clock.ts'
import { HubleafError } from '../../../../base/errors.ts'
import { isJsonObject, parseJson, textAt } from '../../../../base/json.ts'
import { certificate, rsaKeys } from '../../../../test/fixtures/certificate.ts'
import {
  KEY_ID,
  PATH,
  signed,
  SIGNED_AT,
  utcDate,
  VENDOR_KEYS,
  withHeader,
} from '../../../../test/fixtures/signed-request.ts'
import { DATE_SKEW_MS } from './limits.ts'
import type { RawRequest } from './signed-request.ts'
import { createSigningKeys } from './signing-keys.ts'
import { createVerifier } from './verifier.ts'

/** A verifier of requests to `path` that knows one key, and what it was asked for. */
function verifierOf(publicKey: KeyObject, now = SIGNED_AT, path = PATH) {
  const asked: string[] = []
  const keys = {
    async keyFor(keyId: string) {
      asked.push(keyId)
      return publicKey
    },
  }
  return {
    asked,
    verify: createVerifier({ path, keys, clock: { ...systemClock, now: () => now } }),
  }
}

/** The code with which a request is refused; `verified` if it is not. */
async function outcome(request: RawRequest, now = SIGNED_AT): Promise<string> {
  const { verify, asked } = verifierOf(VENDOR_KEYS.publicKey, now)
  try {
    const { body } = await verify(request)
    return body === request.body ? 'verified' : 'another body'
  } catch (error) {
    if (!(error instanceof HubleafError)) return `threw ${String(error)}`
    const early = error.code !== 'signature_mismatch' && asked.length > 0
    return early ? `${error.code}, after a key was fetched` : error.code
  }
}

const authorization = (change: (value: string) => string | undefined, request = signed()) =>
  withHeader(request, 'authorization', change)

t.test('P9.21 the stored requests are taken or refused as they say', async (t) => {
  const folder = fileURLToPath(
    new URL('../../../../test/fixtures/smartthings/signed/', import.meta.url),
  )
  const certified = createPublicKey(readFileSync(`${folder}signing-cert.pem`))
  const files = globSync('*.json', { cwd: folder })
  t.ok(files.length >= 11)
  for (const file of files) {
    const stored = parseJson(readFileSync(`${folder}${file}`, 'utf8'))
    const request = isJsonObject(stored) ? stored['request'] : undefined
    const headers = isJsonObject(request) ? request['headers'] : undefined
    const at = parseIsoTime(textAt(stored, 'verifyAt') ?? '')
    if (!isJsonObject(headers)) throw new RangeError(file)
    const bodyFile = `${folder}../lifecycle/${basename(textAt(request, 'bodyFile') ?? '')}`
    const raw = {
      rawHeaders: Object.entries(headers).flatMap(([name, value]) => [name, String(value)]),
      body: readFileSync(bodyFile),
    }
    const { verify, asked } = verifierOf(certified, at)
    const result = await verify(raw).then(
      () => 'accept',
      (error: unknown) => (error instanceof HubleafError ? 'reject' : 'threw'),
    )
    t.equal(result, textAt(stored, 'expect'), file)
    if (file.startsWith('bad-keyid')) t.strictSame(asked, [], `${file}: no key is asked for`)
  }
})

t.test('a sound request is verified, whatever order and case its headers have', async (t) => {
  t.equal(await outcome(signed()), 'verified')
  t.equal(await outcome(signed({ body: 'ä\u0000"' })), 'verified')
  t.equal(await outcome(signed({ date: utcDate(SIGNED_AT).replace('UTC', 'GMT') })), 'verified')
  t.equal(await outcome(signed({ covers: ['date', '(request-target)', 'digest'] })), 'verified')
  const more = { more: ['x-st-correlation', 'c'], covers: ['(request-target)', 'digest', 'date'] }
  t.equal(await outcome(signed(more)), 'verified')
  t.equal(
    await outcome(signed({ ...more, covers: [...more.covers, 'x-st-correlation'] })),
    'verified',
  )
  const spaced = authorization((value) => value.replaceAll('",', '" ,\t'))
  t.equal(await outcome(spaced), 'verified')
})

t.test('P9.21 a body, path, date or key other than the signed one is refused', async (t) => {
  const other = { ...signed(), body: Buffer.from('{ }') }
  t.equal(await outcome(other), 'digest_mismatch')
  t.equal(await outcome({ ...signed(), body: new Uint8Array() }), 'digest_mismatch')
  const swapped = signed({ body: '{"a":1}' })
  const forged = withHeader({ ...signed(), body: swapped.body }, 'digest', () => {
    return swapped.rawHeaders[swapped.rawHeaders.indexOf('digest') + 1]
  })
  t.equal(await outcome(forged), 'signature_mismatch', 'a digest that fits another body')
  for (const path of ['/', '/other', '/smartthings/', '/smartthings?a', '/SmartThings', '//x']) {
    t.equal(await outcome(signed({ path })), 'signature_mismatch', path)
  }
  const later = withHeader(signed(), 'date', () => utcDate(SIGNED_AT + 1000))
  t.equal(await outcome(later), 'signature_mismatch')
  t.equal(await outcome(signed({ privateKey: rsaKeys().privateKey })), 'signature_mismatch')
})

t.test('P9.21 the digest is the body’s SHA-256 in the one spelling there is', async (t) => {
  const right = signed().rawHeaders[5] ?? ''
  const base64 = right.slice('SHA256='.length)
  t.match(right, /^SHA256=[\w+/]{43}=$/)
  for (const digest of [
    ...[base64, `SHA-256=${base64}`, `sha256=${base64}`, `SHA256= ${base64}`, `${right},${right}`],
    ...[right.slice(0, -1), `${right}=`, right.slice(0, -3), 'SHA256=', '', `MD5=${base64}`],
    `SHA256=${Buffer.from(base64, 'base64').toString('hex')}`,
    `SHA256=${Buffer.alloc(32).toString('base64')}`,
  ]) {
    t.equal(await outcome(signed({ digest })), 'digest_mismatch', digest)
  }
  t.equal(await outcome(withHeader(signed(), 'digest', () => undefined)), 'digest_mismatch')
})

t.test('P9.21 the date is within a quarter of an hour, in the one form there is', async (t) => {
  t.equal(await outcome(signed(), SIGNED_AT + DATE_SKEW_MS), 'verified')
  t.equal(await outcome(signed(), SIGNED_AT - DATE_SKEW_MS), 'verified')
  t.equal(await outcome(signed(), SIGNED_AT + DATE_SKEW_MS + 1), 'signature_date')
  t.equal(await outcome(signed(), SIGNED_AT - DATE_SKEW_MS - 1), 'signature_date')
  for (const date of [
    ...['', 'now', String(SIGNED_AT), new Date(SIGNED_AT).toISOString()],
    ...[
      'Thu, 20 Nov 2026 08:15:33 UTC',
      'Fri, 20 Nov 2026 08:15:33',
      'fri, 20 nov 2026 08:15:33 utc',
    ],
    ...[
      'Fri, 20 Nov 2026 08:15:33 +0000',
      'Fri, 20 Nov 2026 08:15:33 PST',
      'Fri, 20 Nov 26 08:15:33 UTC',
    ],
    ...[
      'Sun, 31 Feb 2026 08:15:33 UTC',
      'Fri, 20 Nov 2026 24:15:33 UTC',
      'Fri, 20 Nov 2026 08:60:00 UTC',
    ],
    ...[
      'Friday, 20-Nov-26 08:15:33 GMT',
      'Fri Nov 20 08:15:33 2026',
      ' Fri, 20 Nov 2026 08:15:33 UTC',
    ],
  ]) {
    t.equal(await outcome(signed({ date })), 'signature_date', date)
  }
  t.equal(await outcome(withHeader(signed(), 'date', () => undefined)), 'signature_date')
})

t.test('P9.21 a signature that does not cover the request proves nothing', async (t) => {
  for (const covers of [
    ...[['date'], ['digest', 'date'], ['(request-target)', 'date'], ['(request-target)', 'digest']],
    ['request-target', 'digest', 'date'],
  ]) {
    t.equal(await outcome(signed({ covers })), 'signature_incomplete', covers.join(' '))
  }
  for (const covers of [
    ...[
      ['(request-target)', 'digest', 'date', 'date'],
      ['(request-target)', 'digest', 'Date'],
    ],
    ...[
      ['(request-target)', '', 'digest', 'date'],
      ['(request-target)', 'digest', 'date', 'a:b'],
    ],
    ['(request-target)', 'digest', 'date', ...Array.from({ length: 14 }, (_, n) => `x-${n}`)],
  ]) {
    t.equal(await outcome(signed({ covers })), 'signature_malformed', covers.join(' '))
  }
  const absent = ['(request-target)', 'digest', 'date', 'x-absent']
  t.equal(await outcome(signed({ covers: absent })), 'signature_incomplete')
  const order = authorization((value) => value.replace('digest date', 'date digest'))
  t.equal(await outcome(order), 'signature_mismatch', 'in another order than it was signed')
})

t.test('P9.21 a header that counts is there once, or nobody knows which was signed', async (t) => {
  const sound = signed()
  for (const name of ['authorization', 'digest', 'date', 'Date', 'DIGEST']) {
    const value =
      sound.rawHeaders[
        sound.rawHeaders.findIndex((each) => each.toLowerCase() === name.toLowerCase()) + 1
      ]
    for (const twice of [value ?? '', 'x']) {
      const before = { ...sound, rawHeaders: [name, twice, ...sound.rawHeaders] }
      const behind = { ...sound, rawHeaders: [...sound.rawHeaders, name, twice] }
      t.equal(await outcome(before), 'signature_malformed', `${name} before`)
      t.equal(await outcome(behind), 'signature_malformed', `${name} behind`)
    }
  }
  const covers = ['(request-target)', 'digest', 'date', 'x-a']
  const repeated = signed({ covers, more: ['x-a', '1', 'X-A', '1'] })
  t.equal(await outcome(repeated), 'signature_malformed', 'a covered header')
  const free = { ...sound, rawHeaders: [...sound.rawHeaders, 'accept', 'a', 'accept', 'b'] }
  t.equal(await outcome(free), 'verified', 'a header that nobody signed')
})

t.test('P9.21 the algorithm is RSA with SHA-256, whatever the request says', async (t) => {
  for (const algorithm of [
    'hmac-sha256',
    'rsa-sha1',
    'none',
    '',
    'RSA-SHA256',
    'hs2019',
    'ed25519',
  ]) {
    t.equal(await outcome(signed({ algorithm })), 'signature_algorithm', algorithm)
  }
  const without = authorization((value) => value.replace(',algorithm="rsa-sha256"', ''))
  t.equal(await outcome(without), 'signature_algorithm')
  // The public key as an HMAC secret: the classic confusion.
  const secret = VENDOR_KEYS.publicKey.export({ format: 'pem', type: 'spki' })
  const lines = `(request-target): post ${PATH}\ndigest: x\ndate: y`
  const mac = createHmac('sha256', secret).update(lines).digest('base64')
  const confused = authorization((value) =>
    value.replace(/signature="[^"]*"/, `signature="${mac}"`),
  )
  t.equal(await outcome(confused), 'signature_mismatch')
})

t.test('P9.21 only a key id of the vendor’s form is ever asked for', async (t) => {
  for (const keyId of [
    ...[
      '',
      '/',
      '/pl/',
      'pl/useast2/x',
      '//evil.example/k',
      'https://evil.example/k',
      '@evil.example/k',
    ],
    ...[
      '.evil.example/k',
      ':8443/pl/x',
      '/pl/../../x',
      '/SmartThings/key',
      `${KEY_ID}/`,
      ` ${KEY_ID}`,
    ],
    ...[`${KEY_ID}?a`, `${KEY_ID}#a`, `${KEY_ID}%2f..`, KEY_ID.toUpperCase(), KEY_ID.slice(0, -1)],
    ...[
      KEY_ID.replace('useast2', '..'),
      KEY_ID.replace('useast2', 'a/b'),
      KEY_ID.replaceAll('-', ':'),
    ],
    ...[KEY_ID.replace('useast2', 'a'.repeat(33)), `${KEY_ID}\n`, KEY_ID.replace('useast2', '')],
  ]) {
    t.equal(await outcome(signed({ keyId })), 'signature_key_refused', keyId)
  }
})

t.test('P9.21 what is no signature header is refused, however long', async (t) => {
  t.equal(await outcome(authorization(() => undefined)), 'signature_missing')
  for (const value of ['', 'Signature', 'Bearer x', 'signature keyId="a"', 'Basic Signature ']) {
    t.equal(await outcome(authorization(() => value)), 'signature_missing', value)
  }
  for (const change of [
    ...[() => 'Signature ', () => 'Signature  x', () => `Signature ${','.repeat(500)}`],
    ...[(v: string) => `${v},`, (v: string) => `${v} `, (v: string) => `${v},keyId="${KEY_ID}"`],
    ...[(v: string) => v.replace('",', '"'), (v: string) => v.replace('",', '";')],
    ...[(v: string) => v.replaceAll('"', "'"), (v: string) => v.replaceAll('"', '')],
    ...[(v: string) => v.replace('keyId="', 'keyId="\\"'), (v: string) => v.replace('=="', '="')],
    ...[(v: string) => v.replace('signature="', 'signature=" '), (v: string) => v.slice(0, -1)],
    ...[(v: string) => v.replace(/signature="[^"]*"/, 'signature=""')],
    ...[(v: string) => v.replace(/signature="[^"]*",/, '')],
    ...[(v: string) => v.replace(/signature="/, `signature="${'A'.repeat(1368)}`)],
    ...[
      (v: string) => `${v},x="${'y'.repeat(100_000)}"`,
      (v: string) => `${v}${',x'.repeat(50_000)}`,
    ],
  ]) {
    const request = authorization(change)
    t.equal(
      await outcome(request),
      'signature_malformed',
      request.rawHeaders[1]?.slice(0, 80) ?? '',
    )
  }
  const many = Array.from({ length: 20_000 }, (_, at) => `x-${at}`)
  t.equal(await outcome({ ...signed(), rawHeaders: many }), 'signature_missing')
})

t.test('P9.21 a certificate of another kind of key verifies nothing', async (t) => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = { subject: 'issuer', privateKey: rsaKeys().privateKey }
  const times = { notBefore: SIGNED_AT - 1000, notAfter: SIGNED_AT + 1000 }
  const body = certificate({ subject: 'ec', publicKey, issuer, ...times })
  const clock = { ...systemClock, now: () => SIGNED_AT }
  const keys = createSigningKeys(async () => ({ status: 200, body }), clock)
  const verify = createVerifier({ path: PATH, keys, clock })
  await t.rejects(verify(signed()), { code: 'signature_certificate_refused' })
})
