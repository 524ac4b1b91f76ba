// Claim: the webhook as a whole, with a real journal, a real web server and TLS to a server in the
// vendor's place: what was answered with 200 is on disk once, and nothing else got in.

import { createServer } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { fastify } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { openJournal } from '../../agent/journal/sqlite-journal.ts'
import type { SubscriptionsApi } from '../../agent/source/smartthings/api.ts'
import { addWebhookRoute } from '../../agent/source/smartthings/webhook/route.ts'
import { createSigningKeys } from '../../agent/source/smartthings/webhook/signing-keys.ts'
import { createReconciler } from '../../agent/source/smartthings/webhook/subscriptions.ts'
import { createVendorGet } from '../../agent/source/smartthings/webhook/vendor-get.ts'
import { createVerifier } from '../../agent/source/smartthings/webhook/verifier.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { certificate, rsaKeys } from '../fixtures/certificate.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { journalOptions } from '../fixtures/journal-options.ts'
import {
  KEY_ID,
  lifecycleBody,
  PATH,
  signed,
  utcDate,
  VENDOR_KEYS,
} from '../fixtures/signed-request.ts'
import type { SigningChanges } from '../fixtures/signed-request.ts'
import { INSTALLED, webhookWith } from '../fixtures/webhook.ts'

const DAY = 86_400_000

/** A server in the vendor's place that has one signing certificate; what it was asked for. */
async function vendor(t: Test) {
  const now = systemClock.now()
  const tls = rsaKeys()
  const times = { notBefore: now - DAY, notAfter: now + DAY }
  const host = 'key.smartthings.com'
  const issuer = { subject: host, privateKey: tls.privateKey }
  const cert = certificate({
    subject: host,
    publicKey: tls.publicKey,
    issuer,
    host,
    ca: true,
    ...times,
  })
  const { publicKey, privateKey } = VENDOR_KEYS
  const signer = { subject: 'signing', privateKey }
  const signing = certificate({ subject: 'signing', publicKey, issuer: signer, ...times })
  const asked: string[] = []
  const key = tls.privateKey.export({ format: 'pem', type: 'pkcs8' })
  const server = createServer({ key, cert }, (request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(request.url === KEY_ID ? 200 : 404).end(signing)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  const get = createVendorGet(systemClock, {
    ...{ port, ca: cert },
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  return { get, asked }
}

/** The webhook on a port of loopback, over the journal in `folder`. */
async function serve(t: Test, folder: string) {
  const journal = await openJournal(journalOptions(folder))
  const { get, asked } = await vendor(t)
  const keys = createSigningKeys(get, systemClock)
  const verify = createVerifier({ path: PATH, keys, clock: systemClock })
  const sink = { accept: journal.append.bind(journal) }
  const world = webhookWith({ get, verify, sink, clock: systemClock })
  const app = fastify()
  addWebhookRoute(app, PATH, world.webhook, silentLogger)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const stop = async (): Promise<void> => {
    await app.close()
    await journal[Symbol.asyncDispose]()
  }
  return { url, port: Number(new URL(url).port), asked, journal, stop, ...world }
}

const now = (changes: SigningChanges) => signed({ date: utcDate(systemClock.now()), ...changes })

async function send(url: string, { rawHeaders, body }: ReturnType<typeof signed>, path = PATH) {
  const pairs = rawHeaders.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : [],
  )
  const headers: [string, string][] = [...pairs, ['content-type', 'application/json']]
  return fetch(`${url}${path}`, { method: 'POST', headers, body: Buffer.from(body) })
}

const event = { body: lifecycleBody('event-device-multi.request.json') }

t.test('P1.20 P2.20 what was answered with 200 is on disk once, after a restart too', async (t) => {
  const folder = temporaryFolder(t)
  const first = await serve(t, folder)
  const request = now(event)
  t.equal((await send(first.url, request)).status, 200)
  t.equal((await send(first.url, request)).status, 200, 'the same request')
  const again = await send(first.url, now({ ...event, date: utcDate(systemClock.now() - 5000) }))
  t.equal(again.status, 200, 'the same events, signed again')
  t.equal((await send(first.url, now(event), `${PATH}?tenant=a`)).status, 200, 'with a query')
  t.strictSame(first.asked, [KEY_ID], 'one certificate for all')
  const idsOf = ({ journal }: typeof first) =>
    journal.read({ first: 1, last: journal.status().head }, 1000).flatMap((row) => {
      if ('corrupt' in row || row.reading.source !== 'smartthings') return []
      t.equal(row.reading.site, INSTALLED)
      return [`${row.type} ${row.reading.device} ${JSON.stringify(row.reading.value)}`]
    })
  const kept = idsOf(first)
  t.ok(kept.length >= 4)
  await first.stop()
  const second = await serve(t, folder)
  t.strictSame(idsOf(second), kept)
  t.equal((await send(second.url, request)).status, 200)
  t.strictSame(idsOf(second), kept, 'repeated after the restart')
  await second.stop()
})

t.test('P9.21 on the wire: repeated headers, tampering, other paths and methods', async (t) => {
  const served = await serve(t, temporaryFolder(t))
  const request = now(event)
  const tampered = { ...request, body: Buffer.from(`${Buffer.from(request.body).toString()} `) }
  t.equal((await send(served.url, tampered)).status, 401)
  for (const path of ['/', '/other', `${PATH}/`, `${PATH}%2f`, `/x/..${PATH}x`]) {
    t.equal((await send(served.url, request, path)).status, 404, path)
  }
  t.equal((await fetch(`${served.url}${PATH}`)).status, 404)
  t.equal((await send(served.url, { rawHeaders: [], body: new Uint8Array() })).status, 401)
  const large = await send(served.url, now({ body: Buffer.alloc(1_048_577, ' ') }))
  t.equal(large.status, 413)
  const lines = request.rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [`${name}: ${request.rawHeaders[at + 1] ?? ''}`] : [],
  )
  const twice = [...lines, lines[1] ?? '', `content-length: ${request.body.length}`]
  const head = `POST ${PATH} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${twice.join('\r\n')}\r\n\r\n`
  const socket = connect(served.port, '127.0.0.1')
  socket.end(Buffer.concat([Buffer.from(head), request.body]))
  const answer = await text(socket)
  t.match(answer, /^HTTP\/1\.1 401/)
  t.match(answer, 'signature_malformed')
  const before = served.journal.status().head
  t.equal((await send(served.url, request)).status, 200)
  t.ok(served.journal.status().head > before, 'only the sound one got in')
  t.equal(before, (await openEmpty(t)).head)
  await served.stop()
})

/** What a journal holds that nobody wrote a reading to. */
async function openEmpty(t: Test) {
  await using journal = await openJournal(journalOptions(temporaryFolder(t)))
  return { head: journal.status().head }
}

t.test('an installation leads to its subscriptions, after the answer', async (t) => {
  const served = await serve(t, temporaryFolder(t))
  t.equal(
    (await send(served.url, now({ body: lifecycleBody('install.request.json') }))).status,
    200,
  )
  const [change] = served.told
  if (change?.kind !== 'installed') throw new RangeError('not told of the installation')
  const names: string[] = []
  const api: SubscriptionsApi = {
    getAll: async () => [],
    async create(_app, request) {
      names.push(request.name)
      return { id: request.name, sourceType: request.sourceType, detail: {} }
    },
    delete: async () => undefined,
  }
  const { installedAppId, locationId } = change.app
  const reconciler = createReconciler(api, installedAppId, systemClock)
  const devices = [
    { deviceId: 'd', components: [{ id: 'main', capabilities: ['lock'], categories: [] }] },
  ]
  await reconciler.reconcile({ locationId, devices, hubs: false }, new AbortController().signal)
  t.strictSame(names, ['device-lifecycle', 'device-health', 'cap-lock'])
  await served.stop()
})
