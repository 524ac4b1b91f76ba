import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { writeDurably } from '../../../base/durable-file.ts'
import { freePorts } from '../../../base/free-port.ts'
import { eventually } from '../../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../../test/fixtures/folder.ts'
import { needsMosquitto, prepareMosquitto } from '../../../test/fixtures/mosquitto.ts'
import { startPublisher } from '../../../test/fixtures/mqtt-publisher.ts'
import { startSource } from '../../../test/fixtures/mqtt-source.ts'
import type { RunningSource } from '../../../test/fixtures/mqtt-source.ts'
import { watchMqtt } from '../../../test/fixtures/mqtt-wire.ts'

const TOPICS = [{ topic: 'h/{device}/{type}', type: '{type}', device: '{device}' }]
const VERSIONS = ['5', '3.1.1'] as const
const WITHIN_MS = 10_000
const TLS = join(import.meta.dirname, '../../../test/fixtures/tls')
const tlsFile = (name: string): string => join(TLS, name)

const isUp = ({ source }: RunningSource) => source.status?.().isUp
const connected = async (running: RunningSource) =>
  eventually(
    () => isUp(running),
    (up) => up === true,
    WITHIN_MS,
  )
const reasonOf = ({ source }: RunningSource): string => source.status?.().check.reason ?? ''

/** The values that were kept, once there are enough of them. */
async function values(running: RunningSource, count: number): Promise<readonly unknown[]> {
  const now = () => running.kept.map(({ value }) => value)
  return eventually(now, (found) => found.length >= count, WITHIN_MS)
}

async function openBroker(t: Test) {
  const folder = temporaryFolder(t)
  const broker = await prepareMosquitto(t, { folder })
  await broker.start()
  return { folder, broker }
}

for (const version of VERSIONS) {
  t.test(`readings over MQTT ${version}, at QoS 0, 1 and 2`, needsMosquitto(), async (t) => {
    const { folder, broker } = await openBroker(t)
    const running = startSource(t, folder, { url: broker.url, version, topics: TOPICS })
    t.equal(await connected(running), true, 'connected')
    const client = await startPublisher(t, broker.url)
    for (const qos of [0, 1, 2] as const) {
      await client.publishAsync('h/kitchen/temperature', `${20 + qos}`, { qos })
    }
    t.strictSame(await values(running, 3), [20, 21, 22])
    t.match(running.kept[0], { type: 'temperature', device: 'kitchen', source: 'mqtt' })
    t.equal(running.source.status?.().check.state, 'ok')
    await client.publishAsync('h/kitchen/temperature', 'warm', { qos: 1 })
    await client.publishAsync('h/kitchen/temperature', '23', { qos: 1 })
    t.strictSame(await values(running, 4), [20, 21, 22, 23], 'a bad payload stops nothing')
    t.match(running.source.status?.(), { refused: { field_invalid: 1 }, messages: { read: 5 } })
  })

  t.test(
    `P1.13 MQTT ${version}: 6,000 messages in at most 60 commits of 50 ms, none acknowledged before its own`,
    needsMosquitto(),
    async (t) => {
      const { folder, broker } = await openBroker(t)
      const wire = await watchMqtt(t, broker.port, version === '5')
      const url = `mqtt://127.0.0.1:${wire.port}`
      const config = { url, version, topics: TOPICS, max_in_flight: 500 }
      const first = startSource(t, folder, config)
      await connected(first)
      await first.stop()
      const client = await startPublisher(t, broker.url)
      const sent = Array.from({ length: 6000 }, (_, index) => index)
      await Promise.all(sent.map((n) => client.publishAsync('h/d/x', `${n}`, { qos: 1 })))
      const running = startSource(t, folder, config, 50)
      let early = 0
      const now = () => {
        early = Math.max(early, wire.acknowledged.length - running.kept.length)
        return wire.acknowledged.length
      }
      t.equal(await eventually(now, (count) => count >= 6000, 30_000, 5), 6000, 'all acknowledged')
      t.strictSame(await values(running, 6000), sent, 'all kept, once, in order')
      t.equal(early, 0, 'never more acknowledged than kept')
      t.ok(running.asked() <= 60, `${running.asked()} commits: 2,000 messages/s at 50 ms each`)
      t.strictSame([...wire.strays, ...wire.disordered], [], 'in order, each on its connection')
      t.comment(`${wire.mostInFlight()} in flight at most`)
    },
  )

  t.test(
    `P5.5 MQTT ${version}: block withholds acknowledgements, and what is held comes after`,
    needsMosquitto(),
    async (t) => {
      const { folder, broker } = await openBroker(t)
      const wire = await watchMqtt(t, broker.port, version === '5')
      const url = `mqtt://127.0.0.1:${wire.port}`
      const running = startSource(t, folder, { url, version, topics: TOPICS })
      await connected(running)
      running.refuseWith('journal_blocked')
      const client = await startPublisher(t, broker.url)
      for (const n of [1, 2, 3]) await client.publishAsync('h/d/x', `${n}`, { qos: 1 })
      await eventually(running.asked, (asked) => asked >= 3, WITHIN_MS)
      t.strictSame(wire.acknowledged, [], 'nothing is acknowledged')
      t.match(running.source.status?.().check, { state: 'degraded', reason: /refused by the test/ })
      running.refuseWith(undefined)
      t.strictSame(await values(running, 3), [1, 2, 3])
      const acks = () => wire.acknowledged.map(({ payload }) => payload)
      t.strictSame(await eventually(acks, (all) => all.length === 3, WITHIN_MS), ['1', '2', '3'])
      t.equal(running.source.status?.().check.state, 'ok')
    },
  )

  t.test(
    `P5.5 MQTT ${version}: drop_newest is said with reason 0x97, or not acknowledged at all`,
    needsMosquitto(),
    async (t) => {
      const { folder, broker } = await openBroker(t)
      const wire = await watchMqtt(t, broker.port, version === '5')
      const url = `mqtt://127.0.0.1:${wire.port}`
      const running = startSource(t, folder, { url, version, topics: TOPICS })
      await connected(running)
      running.refuseWith('journal_full')
      const client = await startPublisher(t, broker.url)
      await client.publishAsync('h/d/x', '1', { qos: 1 })
      await client.publishAsync('h/d/x', '2', { qos: 1 })
      if (version === '5') {
        const acks = () => wire.acknowledged.length
        await eventually(acks, (count) => count === 2, WITHIN_MS)
        t.strictSame(wire.acknowledged, [
          { payload: '1', reason: 0x97 },
          { payload: '2', reason: 0x97 },
        ])
        t.match(running.source.status?.().refused, { journal_full: 2 })
      } else {
        await eventually(running.asked, (asked) => asked >= 3, WITHIN_MS)
        t.strictSame(wire.acknowledged, [])
      }
      running.refuseWith(undefined)
      await client.publishAsync('h/d/x', '3', { qos: 1 })
      const left = version === '5' ? [3] : [1, 2, 3]
      t.strictSame(await values(running, left.length), left)
    },
  )

  t.test(
    `P2.13 MQTT ${version}: a message that is delivered again after a cut is kept once`,
    needsMosquitto(),
    async (t) => {
      const { folder, broker } = await openBroker(t)
      const wire = await watchMqtt(t, broker.port, version === '5')
      const url = `mqtt://127.0.0.1:${wire.port}`
      const running = startSource(t, folder, { url, version, topics: TOPICS })
      await connected(running)
      running.refuseWith('journal_blocked')
      const client = await startPublisher(t, broker.url)
      for (const n of [1, 2]) await client.publishAsync('h/d/x', `${n}`, { qos: 1 })
      await eventually(
        () => wire.delivered.length,
        (count) => count === 2,
        WITHIN_MS,
      )
      wire.cut()
      const again = () => wire.delivered.length
      t.equal(await eventually(again, (count) => count === 4, WITHIN_MS), 4, 'delivered again')
      running.refuseWith(undefined)
      const acks = () => wire.acknowledged.map(({ payload }) => payload)
      t.strictSame(await eventually(acks, (all) => all.length === 2, WITHIN_MS), ['1', '2'])
      t.strictSame(await values(running, 2), [1, 2], 'each is kept once')
      t.match(running.source.status?.().messages, { repeated: 2 })
      t.strictSame(wire.strays, [])
    },
  )

  t.test(
    `P8.5 MQTT ${version}: what comes while the source is away waits in the session, over a restart of the broker`,
    needsMosquitto(),
    async (t) => {
      const { folder, broker } = await openBroker(t)
      const config = { url: broker.url, version, topics: TOPICS }
      const first = startSource(t, folder, config)
      await connected(first)
      await first.stop()
      const client = await startPublisher(t, broker.url)
      for (const n of [1, 2, 3]) await client.publishAsync('h/d/x', `${n}`, { qos: 1 })
      await broker.end('SIGTERM')
      const second = startSource(t, folder, config)
      const reason = await eventually(
        () => reasonOf(second),
        (text) => text.includes('mqtt_'),
        WITHIN_MS,
      )
      t.match(reason, /^mqtt_unreachable: the broker at mqtt:.+ECONNREFUSED/)
      await broker.start()
      t.strictSame(await values(second, 3), [1, 2, 3])
    },
  )
}

t.test('a stored state is known, and no reading; later ones are', needsMosquitto(), async (t) => {
  const { folder, broker } = await openBroker(t)
  const client = await startPublisher(t, broker.url)
  await client.publishAsync('h/d/x', '1', { qos: 1, retain: true })
  const running = startSource(t, folder, { url: broker.url, topics: TOPICS })
  await connected(running)
  const states = () => running.source.status?.().messages['state']
  t.equal(await eventually(states, (count) => count === 1, WITHIN_MS), 1)
  await client.publishAsync('h/d/x', '1', { qos: 1, retain: true })
  t.strictSame(await values(running, 1), [1], 'the same value as news')
})

t.test(
  'TLS: the right authority connects, another does not, and it is said',
  needsMosquitto(),
  async (t) => {
    const folder = temporaryFolder(t)
    const lines = [
      ...['allow_anonymous true', 'require_certificate true', `cafile ${tlsFile('ca.pem')}`],
      ...[`certfile ${tlsFile('server.pem')}`, `keyfile ${tlsFile('server.key')}`],
    ]
    const broker = await prepareMosquitto(t, { folder, lines })
    await broker.start()
    const url = `mqtts://localhost:${broker.port}`
    const ca_file = tlsFile('ca.pem')
    const tls = { ca_file, cert_file: tlsFile('client.pem'), key_file: tlsFile('client.key') }
    const good = startSource(t, folder, { url, tls, topics: TOPICS })
    t.equal(await connected(good), true)
    for (const [name, wrong, expected] of [
      [
        'stranger',
        { cert_file: tls.cert_file, key_file: tls.key_file },
        /^mqtt_tls_failed: no TLS/,
      ],
      ['nameless', { ...tls, server_name: 'other.example' }, /^mqtt_tls_failed: .+ALTNAME/],
      ['uncertified', { ca_file }, /^mqtt_tls_failed: /],
    ] as const) {
      const bad = startSource(t, folder, { name, url, tls: wrong, topics: TOPICS })
      const reason = await eventually(
        () => reasonOf(bad),
        (text) => text.includes('mqtt_'),
        WITHIN_MS,
      )
      t.match(reason, expected, name)
    }
  },
)

t.test('a wrong password is said, and a right one is read anew', needsMosquitto(), async (t) => {
  const folder = temporaryFolder(t)
  // "right", as mosquitto_passwd writes it (PBKDF2-SHA512, 101 rounds).
  const { pbkdf2Sync } = await import('node:crypto')
  const salt = Buffer.from('twelve bytes')
  const hash = pbkdf2Sync('right', salt, 101, 64, 'sha512').toString('base64')
  const passwords = join(folder, 'passwords')
  writeDurably(passwords, `me:$7$101$${salt.toString('base64')}$${hash}\n`)
  const lines = ['allow_anonymous false', `password_file ${passwords}`]
  const broker = await prepareMosquitto(t, { folder, lines })
  await broker.start()
  const password_file = join(folder, 'secret')
  for (const version of VERSIONS) {
    const config = { name: `v${version[0]}`, url: broker.url, version, topics: TOPICS }
    writeDurably(password_file, 'wrong\n')
    const running = startSource(t, folder, { ...config, username: 'me', password_file })
    const reason = await eventually(
      () => reasonOf(running),
      (text) => text.includes('mqtt_'),
      WITHIN_MS,
    )
    t.match(reason, /^mqtt_unauthorized: .+user name and password/)
    writeDurably(password_file, 'right\n')
    t.equal(await connected(running), true)
  }
})

t.test('a refused protocol version is said, whichever form the answer has', async (t) => {
  for (const [version, answer] of [
    ['5', [0x20, 3, 0, 132, 0]],
    ['5', [0x20, 2, 0, 1]],
    ['3.1.1', [0x20, 2, 0, 1]],
  ] as const) {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.once('data', () => socket.end(Uint8Array.from(answer)))
    })
    t.teardown(() => server.close())
    const [port = 0] = await freePorts(1)
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()))
    const url = `mqtt://127.0.0.1:${port}`
    const running = startSource(t, temporaryFolder(t), { url, version, topics: TOPICS })
    const reason = await eventually(
      () => reasonOf(running),
      (text) => text.includes('mqtt_'),
      WITHIN_MS,
    )
    const other = version === '5' ? '3.1.1' : '5'
    t.match(reason, new RegExp(`^mqtt_version_refused: .+set version: "${other}"`))
    await running.stop()
  }
})
