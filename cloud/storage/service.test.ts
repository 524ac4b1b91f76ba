import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { connect } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { silentLogger } from '../../base/log.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { hubOf } from '../../test/fixtures/readings.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import { deviceRow } from '../../test/fixtures/devices-called.ts'
import { rowOf, ROWS_START, rowsFrom, typeOf } from '../../test/fixtures/rows.ts'
import { parseCommitted } from '../dashboard/live-feed.ts'
import { storageClient } from './client.ts'
import { committedSubject } from './committed.ts'
import type { StorageEngine } from './engine.ts'
import { serveStorage } from './service.ts'
import { DATABASE_FILE, openSqliteStorage } from './sqlite-storage.ts'
import type { Storage } from './storage.ts'

interface World {
  readonly folder: string
  readonly url: string
  readonly engine: StorageEngine
  readonly own: NatsConnection
  readonly other: NatsConnection
  readonly client: Storage
}

async function connection(t: Test, url: string): Promise<NatsConnection> {
  const connected = await connect({ servers: url, maxReconnectAttempts: -1, reconnectTimeWait: 50 })
  t.teardown(() => connected.close())
  return connected
}

/** A server, a database and a client on a connection of its own; no service yet. */
async function createWorld(t: Test): Promise<World> {
  const folder = temporaryFolder(t)
  const { url } = await startNatsServer(t)
  const engine = await openSqliteStorage({ folder })
  t.teardown(() => engine[Symbol.asyncDispose]())
  const own = await connection(t, url)
  const other = await connection(t, url)
  return { folder, url, engine, own, other, client: storageClient(other, { timeoutMs: 5000 }) }
}

async function serve(t: Test, { own, engine }: World, instead: Partial<StorageEngine> = {}) {
  const commit: StorageEngine['commit'] = async (tables) => engine.commit(tables)
  const wrapped: StorageEngine = {
    ...{ commit, broken: engine.broken, write: async (rows) => engine.write(rows) },
    ...{
      latest: async () => engine.latest(),
      devices: async () => engine.devices(),
      range: async (range) => engine.range(range),
    },
    ...{ count: async () => engine.count() },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
    ...instead,
  }
  const clock = systemClock
  const service = await serveStorage({ connection: own, engine: wrapped, clock, log: silentLogger })
  t.teardown(() => service[Symbol.asyncDispose]())
  return service
}

t.test('the client is the port: what it writes is read back', async (t) => {
  const world = await createWorld(t)
  const service = await serve(t, world)
  const { client, engine } = world
  const rows = [...rowsFrom(1, 50), rowOf(51, { value: 'half \ud83d 😀 \0', number: null })]
  t.same(await client.write(rows), { stored: 51, repeated: 0, conflicts: [] })
  const { hub, epoch, type } = rowOf(1)
  t.same(
    await client.write([rowOf(1), rowOf(2, { value: 1 }), rowOf(60, { flags: ['time_suspect'] })]),
    {
      stored: 1,
      repeated: 1,
      conflicts: [{ hub, epoch, type, seq: 2 }],
    },
  )
  t.same(await client.write([]), { stored: 0, repeated: 0, conflicts: [] })
  await client.write([deviceRow(1, { device: 'd1', source: 'mqtt', name: 'Lamp' })])
  t.equal(await client.count(), 53)
  t.same(await client.latest(), await engine.latest())
  const called = await client.devices()
  t.same(called, await engine.devices())
  t.match(called, [{ device: 'd1', name: 'Lamp', room: null }])
  const range = { hub, type, site: null, device: 'd1', channel: 'main', points: 100 }
  const span = { from: ROWS_START, to: ROWS_START + 10_000 }
  t.same(await client.range({ ...range, ...span }), await engine.range({ ...range, ...span }))
  t.match(service.status(), { stored: 53, repeated: 1, conflicts: 1, refused: 0, waiting: 0 })
})

t.test('what is too large for one message travels in several', async (t) => {
  const world = await createWorld(t)
  await serve(t, world)
  const large = Array.from({ length: 120 }, (_row, place) =>
    rowOf(place + 1, { device: `d${place}`, value: 'ü'.repeat(7900), number: null }),
  )
  t.equal((await world.client.write(large)).stored, 120)
  t.equal((await world.client.write(rowsFrom(1000, 12_000))).stored, 11_001)
  const latest = await world.client.latest()
  t.same(new Set(latest.map((row) => row.device)).size, 120)
  t.equal(latest.length, 120)
})

t.test('each row that is new becomes one live point, others none', async (t) => {
  const world = await createWorld(t)
  await serve(t, world)
  const seen: string[] = []
  world.other.subscribe(committedSubject('*'), {
    callback: (_error, message) => {
      seen.push(`${message.subject} ${message.string()}`)
    },
  })
  const write = async (...rows: Parameters<Storage['write']>[0]) => {
    await world.client.write(rows)
    await world.own.flush()
    await world.other.flush()
    return seen.splice(0)
  }
  const [message = '', ...more] = await write(
    rowOf(1),
    rowOf(2, { site: 's', flags: ['time_suspect'] }),
  )
  t.same(more, [])
  const [subject = '', text = ''] = message.split(/ (.*)/)
  t.equal(subject, 'committed.temperature')
  const same = { hub: 'hub1', type: 'temperature', device: 'd1', channel: 'main', unit: 'C' }
  t.same(parseCommitted(text), [
    { ...same, site: null, at: ROWS_START + 1000, value: 20.1, number: 20.1, flags: [] },
    {
      ...same,
      site: 's',
      at: ROWS_START + 2005,
      value: 20.2,
      number: 20.2,
      flags: ['time_suspect'],
    },
  ])
  t.same(await write(rowOf(1)), [], 'a repeat is no news')
  t.match(await write(rowOf(1), rowOf(2, { value: 0 }), rowOf(3)), [/"at":1790000003000.*\}\]$/])
  t.same(await write(rowOf(1, { type: typeOf('_heartbeat'), number: null })), [], 'nor a record')
  const [named = ''] = await write(deviceRow(1, { device: 'd1', source: 'mqtt', name: 'Lamp' }))
  t.match(
    named,
    /^committed\._device \[\{.*"device":"d1".*"name":"Lamp"/,
    'but what names a device',
  )
  const many = await write(...rowsFrom(100, 700))
  t.equal(many.flatMap((each) => parseCommitted(each.split(/ (.*)/)[1] ?? '') ?? []).length, 601)
})

const KIND = {
  ...{ device: 'd', channel: 'c', site: null, source: 's', boot: 'b', timeQuality: 'synced' },
  ...{ unit: null, canonicalUnit: null },
}

const RUN = {
  ...{ hub: 'h', epoch: 'aaaaaaaaaaaaaaaa', type: 'power', kinds: [KIND], seq: [1], kind: [0] },
  ...{ observedAt: [1], receivedAt: [1], monoMs: [1], value: [1], number: [1], flags: [0] },
}

const WRONG_PARTS: readonly object[] = [
  ...[{ hub: 'H' }, { epoch: 'x' }, { type: '_x' }, { seq: [0] }, { seq: [1.5] }, { seq: [] }],
  ...[{ seq: [1, 2] }, { kind: [1] }, { kinds: [] }, { observedAt: [1e300] }, { monoMs: [-1] }],
  ...[{ value: [null] }, { value: [] }, { value: ['x'.repeat(20_000)] }, { number: ['1'] }],
  ...[{ flags: [16] }, { flags: [-1] }, { more: 1 }, { kinds: [{ ...KIND, device: '' }] }],
  ...[{ kinds: [{ ...KIND, device: 'a\nb' }] }, { kinds: [{ ...KIND, timeQuality: 'x' }] }],
]

t.test('requests that are none are refused with a code', async (t) => {
  const world = await createWorld(t)
  const service = await serve(t, world)
  const text = (run: object): string => JSON.stringify({ runs: [run] })
  const writes = ['', 'no json', '{}', '[]', '{"runs":[]}', '{"runs":{}}']
  const bad: readonly (readonly [string, string | Uint8Array])[] = [
    ...writes.map((body) => ['storage.write', body] as const),
    ...WRONG_PARTS.map((part) => ['storage.write', text({ ...RUN, ...part })] as const),
    ['storage.write', Buffer.from(text({ ...RUN, value: ['\xff'] }), 'latin1')],
    ['storage.latest', 'x'],
    ['storage.devices', 'x'],
    ['storage.count', '{"all":true}'],
    ['storage.range', '{}'],
  ]
  for (const [place, [subject, body]] of bad.entries()) {
    const answer = await world.other.request(subject, body, { timeout: 5000 })
    const error = { code: 'storage_request_malformed' }
    t.match(parseJson(answer.string()), { error }, `request ${place} to ${subject}`)
  }
  t.equal(service.status().refused, bad.length)
  t.equal(await world.engine.count(), 0)
  const answer = await world.other.request('storage.write', text(RUN))
  t.match(parseJson(answer.string()), { ok: { stored: 1 } }, 'the same without a fault is taken')
})

t.test('writes that wait are committed together, each with its own outcome', async (t) => {
  const world = await createWorld(t)
  const sizes: number[] = []
  const first = Promise.withResolvers<undefined>()
  const commit: StorageEngine['commit'] = async (tables) => {
    sizes.push(tables.length)
    if (sizes.length === 1) await first.promise
    return world.engine.commit(tables)
  }
  await serve(t, world, { commit })
  const writes = Array.from({ length: 20 }, (_write, place) =>
    world.client.write(rowsFrom(place * 10 + 1, place * 10 + 15)),
  )
  await world.other.flush()
  await world.own.flush()
  first.resolve(undefined)
  const outcomes = await Promise.all(writes)
  t.same(sizes, [1, 19])
  t.same(
    outcomes.map(({ stored, repeated }) => [stored, repeated]),
    outcomes.map((_outcome, place) => (place === 0 ? [15, 0] : [10, 5])),
  )
})

t.test('trouble of the database is told to the writer, and passes', async (t) => {
  const world = await createWorld(t)
  const service = await serve(t, world)
  const other = new DatabaseSync(join(world.folder, DATABASE_FILE))
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  await t.rejects(world.client.write([rowOf(1)]), {
    code: 'storage_unavailable',
    message: /locked/,
  })
  t.match(service.status().trouble, /locked/)
  t.equal(await world.client.count(), 0, 'reads are answered meanwhile')
  other.exec('ROLLBACK')
  t.equal((await world.client.write([rowOf(1)])).stored, 1)
  t.equal(service.status().trouble, undefined)
})

t.test('a write that brings out a bug takes no other with it', async (t) => {
  const world = await createWorld(t)
  const commit: StorageEngine['commit'] = async (tables) => {
    const torn = tables.some(({ runs }) => runs.some(({ kinds }) => kinds[0]?.device === 'bad'))
    if (torn) throw new HubleafError('internal', 'a bug')
    return world.engine.commit(tables)
  }
  await serve(t, world, { commit })
  const devices = ['first', 'good', 'bad', 'fine']
  const writes = devices.map(async (device) =>
    world.client.write([rowOf(1, { device, hub: hubOf(device) })]),
  )
  const told = await Promise.allSettled(writes)
  t.same(
    told.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  )
  t.match(told[2], { reason: { code: 'internal' } })
})

t.test('the end waits for what has arrived, and answers it', async (t) => {
  const world = await createWorld(t)
  const held = Promise.withResolvers<undefined>()
  const commit: StorageEngine['commit'] = async (tables) => {
    await held.promise
    return world.engine.commit(tables)
  }
  const service = await serve(t, world, { commit })
  const writes = Array.from({ length: 5 }, async (_, place) =>
    world.client.write([rowOf(place + 1)]),
  )
  await world.other.flush()
  const ended = service[Symbol.asyncDispose]()
  await world.own.flush()
  held.resolve(undefined)
  await ended
  await world.own.close()
  t.equal((await Promise.all(writes)).length, 5)
})

t.test('too many waiting writes are refused at once', async (t) => {
  const world = await createWorld(t)
  const held = Promise.withResolvers<undefined>()
  const commit: StorageEngine['commit'] = async (tables) => {
    await held.promise
    return world.engine.commit(tables)
  }
  await serve(t, world, { commit })
  const writes = Array.from({ length: 1100 }, (_write, place) =>
    world.client.write([rowOf(place + 1)]).then(
      () => 'stored',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    ),
  )
  await world.other.flush()
  await world.own.flush()
  held.resolve(undefined)
  const told = await Promise.all(writes)
  t.same(new Set(told), new Set(['stored', 'storage_unavailable']))
  t.equal(told.filter((word) => word === 'stored').length, 1025, 'one under way, 1,024 waiting')
  t.equal(await world.engine.count(), 1025)
})

t.test('without a service, and after its end, storage is unavailable', async (t) => {
  const world = await createWorld(t)
  const { client } = world
  const away = { code: 'storage_unavailable' }
  const start = systemClock.monotonic()
  await t.rejects(client.write([rowOf(1)]), away)
  await t.rejects(client.latest(), away)
  await t.rejects(client.count(), away)
  t.ok(systemClock.monotonic() - start < 4000, 'told by the server, not by the timeout')
  const service = await serve(t, world)
  const writing = Array.from({ length: 50 }, (_, place) => client.write([rowOf(place + 1)]))
  await world.other.flush()
  await Promise.all([service[Symbol.asyncDispose](), service[Symbol.asyncDispose]()])
  await Promise.all(writing)
  t.equal(await world.engine.count(), 50, 'what had arrived is answered')
  await t.rejects(client.count(), away)
  await world.other.close()
  await t.rejects(client.count(), away)
})

t.test('a silent service and a wrong answer count as no answer', async (t) => {
  const world = await createWorld(t)
  const impatient = storageClient(world.other, { timeoutMs: 100 })
  const answers = ['', '{"ok":{}}', '{"ok":{"rows":-1}}', '{"error":"x"}', 'x']
  world.own.subscribe('storage.count', {
    callback: (_error, message) => {
      const answer = answers.shift()
      if (answer !== undefined) message.respond(answer)
    },
  })
  world.own.subscribe('storage.latest', {
    callback: (_error, message) => {
      message.respond('{"ok":{"part":0,"parts":2,"latest":[]}}')
      message.respond('')
    },
  })
  await world.own.flush()
  const away = { code: 'storage_unavailable' }
  for (let asked = 0; asked < 6; asked += 1) await t.rejects(impatient.count(), away)
  await t.rejects(impatient.latest(), { ...away, message: /1 of 2 parts/ })
  const unknown = '{"error":{"code":"storage_request_malformed","message":"m"}}'
  answers.push(unknown)
  await t.rejects(impatient.count(), { code: 'storage_request_malformed', message: 'm' })
})
