import { createServer } from 'node:https'
import type { RequestListener } from 'node:http'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../../../base/clock.ts'
import { isHubleafError } from '../../../../base/errors.ts'
import { certificate, rsaKeys } from '../../../../test/fixtures/certificate.ts'
import { confirm, confirmationPath } from './confirmation.ts'
import { VENDOR_ANSWER_MAX_BYTES, VENDOR_GET_MS } from './limits.ts'
import { createVendorGet } from './vendor-get.ts'
import type { Connection } from './vendor-get.ts'

const APP = 'a9900000-0000-4000-8000-000000000001'
const DAY = 86_400_000
const keys = rsaKeys()

/** A server certificate for a host, and its own authority. */
function certificateFor(host: string): string {
  const now = systemClock.now()
  const issuer = { subject: host, privateKey: keys.privateKey }
  const times = { notBefore: now - DAY, notAfter: now + DAY }
  return certificate({ subject: host, publicKey: keys.publicKey, issuer, host, ca: true, ...times })
}

const KEY_HOST = certificateFor('key.smartthings.com')
const API_HOST = certificateFor('api.smartthings.com')

/** A TLS server on loopback in the vendor's place; `names` are those that were looked up. */
async function vendor(t: Test, listener: RequestListener, cert = KEY_HOST) {
  const key = keys.privateKey.export({ format: 'pem', type: 'pkcs8' })
  const server = createServer({ key, cert }, listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const names: string[] = []
  const connection: Connection = {
    port: typeof address === 'object' ? (address?.port ?? 0) : 0,
    ca: [KEY_HOST, API_HOST],
    lookup: (name, _options, done) => {
      names.push(name)
      done(null, [{ address: '127.0.0.1', family: 4 }])
    },
  }
  return { names, connection, get: createVendorGet(systemClock, connection) }
}

t.test('P9.22 a fetch is TLS to the vendor’s name, and gives status and body', async (t) => {
  const seen: (string | undefined)[] = []
  const { get, names } = await vendor(t, (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host}`)
    response.writeHead(200).end('hello')
  })
  t.strictSame(await get('key.smartthings.com', '/pl/a?b'), { status: 200, body: 'hello' })
  t.match(seen, [/^GET \/pl\/a\?b key\.smartthings\.com/])
  t.strictSame(names, ['key.smartthings.com'])
  const wrong = await vendor(t, (_request, response) => response.end('x'), API_HOST)
  const failure = wrong.get('key.smartthings.com', '/')
  await t.rejects(failure, {
    code: 'vendor_unreachable',
    cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  })
  const stranger = createVendorGet(systemClock, { ...wrong.connection, ca: [] })
  await t.rejects(stranger('api.smartthings.com', '/'), { code: 'vendor_unreachable' })
})

t.test('P9.22 a redirect is an answer, not a way to somewhere else', async (t) => {
  const { get, names } = await vendor(t, (_request, response) => {
    response.writeHead(302, { location: 'https://evil.example/k' }).end()
  })
  t.equal((await get('key.smartthings.com', '/')).status, 302)
  t.strictSame(names, ['key.smartthings.com'])
})

t.test('P9.22 an answer is bounded in size and time', async (t) => {
  const { get } = await vendor(t, (_request, response) => {
    response.end(Buffer.alloc(VENDOR_ANSWER_MAX_BYTES + 1, 'x'))
  })
  await t.rejects(get('key.smartthings.com', '/'), { code: 'vendor_unreachable' })
  const arrived = Promise.withResolvers<undefined>()
  const silent = await vendor(t, () => arrived.resolve(undefined))
  let expire: (() => void) | undefined
  const clock = {
    ...systemClock,
    after(ms: number, action: () => void) {
      t.equal(ms, VENDOR_GET_MS)
      expire = action
      return () => undefined
    },
  }
  const failure = createVendorGet(clock, silent.connection)('key.smartthings.com', '/')
  await arrived.promise
  expire?.()
  await t.rejects(failure, { code: 'vendor_unreachable', message: /no answer in/ })
})

t.test('P9.22 a path cannot end the request line', async (t) => {
  const { get, names } = await vendor(t, (_request, response) => response.end('x'))
  for (const path of [
    '',
    'x',
    '//a\r\nhost: b',
    '/a b',
    '/a\tb',
    '/ä',
    '/\u0000',
    '@evil.example/',
  ]) {
    await t.rejects(get('key.smartthings.com', path), { code: 'vendor_unreachable' }, path)
  }
  t.strictSame(names, [])
})

t.test('P9.22 only the vendor’s confirmation page of this app is fetched', async (t) => {
  const page = `https://api.smartthings.com/apps/${APP}/confirm-registration`
  t.equal(confirmationPath(`${page}?token=a`, APP), `/apps/${APP}/confirm-registration?token=a`)
  const versioned = page.replace('/apps', '/v1/apps')
  t.equal(confirmationPath(versioned, APP), `/v1/apps/${APP}/confirm-registration`)
  const swap = (from: string, to: string): string => page.replace(from, to)
  for (const url of [
    ...['', 'x', '/apps', 'javascript:alert(1)', 'file:///etc/hostname', swap('https', 'http')],
    ...[swap('https', 'ftp'), swap('api.smartthings.com', '127.0.0.1'), swap('api.', 'key.')],
    ...[swap('.com', '.com.evil.example'), swap('.com', '.com@example.net'), swap('api', 'x@api')],
    ...[
      swap('.com', '.com:8443'),
      swap('.com', '.com:80'),
      swap('api.', ''),
      swap('api.', 'xapi.'),
    ],
    ...[swap('https://', 'https:\\\\'), swap('.com/', '.com\\'), swap('api', 'evil.example\\@api')],
    ...[
      swap('.com', '.com.'),
      swap('https://', 'https:'),
      swap('https://', 'https:///'),
      ` ${page}`,
    ],
    ...[`${page}\n`, swap('api', 'a\tpi'), `${page}#x`, swap('/apps/', '/apps/../apps/x/')],
    ...[swap(APP, 'b0000000-0000-4000-8000-000000000002'), swap('confirm-registration', '')],
    ...[
      swap('/apps', '/apps/x/..%2f'),
      `${page}/..`,
      swap('api.', 'аpi.'),
      `${page}?${'x'.repeat(2048)}`,
    ],
    ...[
      swap('/apps', '/v2/apps'),
      swap('api.smartthings.com', '[::1]'),
      swap('api.', 'api.smartthings.com/'),
    ],
  ]) {
    t.throws(() => confirmationPath(url, APP), { code: 'confirmation_refused' }, url)
  }
})

t.test('a confirmation fails with what the vendor said, and may be tried again', async (t) => {
  const page = `https://api.smartthings.com/apps/${APP}/confirm-registration?token=a`
  const asked: string[] = []
  const answer = (status: number) => async (host: string, path: string) => {
    asked.push(`${host}${path}`)
    return { status, body: '' }
  }
  await confirm(answer(200), page, APP)
  t.strictSame(asked, [page.slice('https://'.length)])
  for (const status of [302, 404, 500]) {
    await t.rejects(confirm(answer(status), page, APP), { code: 'confirmation_failed' })
  }
  const closed = createVendorGet(systemClock, {
    port: 1,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  const failure = await confirm(closed, page, APP).catch((error: unknown) => error)
  t.ok(isHubleafError(failure, 'confirmation_failed'))
})
