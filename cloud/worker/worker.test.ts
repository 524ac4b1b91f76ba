// A worker on a real nats-server with JetStream, over a storage that the test answers for.

import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { JetStreamManager } from '@nats-io/jetstream'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { silentLogger } from '../../base/log.ts'
import { connectNats } from '../../base/nats.ts'
import { seededRandom, systemRandom } from '../../base/random.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import { hubOf, sensorTypeOf } from '../../test/fixtures/readings.ts'
import { encodePack } from '../../wire/codec.ts'
import { makeEpochId } from '../../wire/ids.ts'
import type { Lane } from '../../wire/ids.ts'
import { readingsSubject } from '../../wire/subject.ts'
import type { Row, WriteOutcome } from '../storage/storage.ts'
import { ensureConsumers, unnamedTypes } from '../stream/consumers.ts'
import { purgeAcknowledged } from '../stream/purge.ts'
import { ensureStreams } from '../stream/streams.ts'
import { startWorker } from './worker.ts'

const type = sensorTypeOf('temperature')
const hub = hubOf('h1')
const epoch = makeEpochId(seededRandom(1))

const stored = (rows: readonly Row[]): WriteOutcome => ({
  stored: rows.length,
  repeated: 0,
  conflicts: [],
})

/** A server with streams and the type's consumers, and ways to publish to it. */
async function startCloud(t: Test) {
  const { url } = await startNatsServer(t, -1, ['-js', '-sd', temporaryFolder(t)])
  const connection = await connectNats({ url, name: 'test', log: silentLogger })
  t.teardown(() => connection.close())
  const manager = await jetstreamManager(connection)
  await ensureStreams(manager, { replicas: 1, maxBytes: 100_000_000 })
  await ensureConsumers(manager, type, 'named')
  const js = jetstream(connection)
  const publish = async (lane: Lane, first: number, count = 1): Promise<void> => {
    const readings = Array.from({ length: count }, (_, index) => ({
      ...{ seq: first + index, device: 'd', channel: 'main', source: 'test', value: first + index },
      ...{ observedAt: 1_790_000_000_000, receivedAt: 1_790_000_000_000, boot: 'b', monoMs: 1 },
      timeQuality: 'synced' as const,
    }))
    await js.publish(
      readingsSubject({ hub, lane, type }),
      encodePack({ epoch, type, readings, marks: { [type]: [999, 1] } }).bytes,
    )
  }
  return { connection, manager, js, publish }
}

function work(
  t: Test,
  cloud: Awaited<ReturnType<typeof startCloud>>,
  write: (rows: readonly Row[]) => Promise<WriteOutcome>,
) {
  const { connection } = cloud
  const worker = startWorker({
    connection,
    storage: { write },
    clock: systemClock,
    random: systemRandom,
    log: silentLogger,
  })
  t.teardown(() => worker[Symbol.asyncDispose]())
  return worker
}

async function unacknowledged(manager: JetStreamManager, lane: Lane): Promise<number> {
  const info = await manager.consumers.info('READINGS', `worker-temperature-${lane}`)
  return info.num_ack_pending + info.num_pending
}

t.test('P1.8 a pack is acknowledged only after storage has committed its rows', async (t) => {
  const cloud = await startCloud(t)
  await cloud.publish('live', 1, 3)
  let away = true
  const written: number[] = []
  const worker = work(t, cloud, async (rows) => {
    if (away) throw new HubleafError('storage_unavailable', 'storage is away')
    written.push(...rows.map((row) => row.seq))
    return stored(rows)
  })
  await worker.serve(type)
  await eventually(
    () => worker.status().trouble,
    (trouble) => trouble !== undefined,
    5000,
  )
  t.equal(await unacknowledged(cloud.manager, 'live'), 1)
  away = false
  const left = await eventually(
    () => unacknowledged(cloud.manager, 'live'),
    (count) => count === 0,
    10_000,
  )
  t.equal(left, 0)
  t.strictSame(written, [1, 2, 3])
  t.match(worker.status(), { stored: 3, trouble: undefined })
})

t.test('P4.8 live packs are stored before a backlog that waits', async (t) => {
  const cloud = await startCloud(t)
  const order: number[] = []
  const gate = Promise.withResolvers<undefined>()
  const worker = work(t, cloud, async (rows) => {
    await gate.promise
    order.push(...rows.map((row) => row.seq))
    return stored(rows)
  })
  await worker.serve(type)
  for (let seq = 1; seq <= 60; seq += 1) await cloud.publish('back', seq)
  await cloud.publish('live', 1000)
  const delivered = async (): Promise<number> => {
    const lanes = (['live', 'back'] as const).map(async (lane) => {
      const info = await cloud.manager.consumers.info('READINGS', `worker-temperature-${lane}`)
      return info.num_ack_pending
    })
    return (await Promise.all(lanes)).reduce((sum, count) => sum + count, 0)
  }
  t.equal(await eventually(delivered, (count) => count === 61, 5000), 61)
  gate.resolve(undefined)
  await eventually(
    () => order.length,
    (count) => count === 61,
    5000,
  )
  const place = order.indexOf(1000)
  t.ok(place < 40, `the live pack was stored in place ${place} of 61`)
})

t.test(
  'P3.5 what nobody can decode is kept byte for byte with its reason, and lets the rest pass',
  async (t) => {
    const cloud = await startCloud(t)
    const junk = Uint8Array.from([0x48, 9, 0, 0, 1, 2, 3, 4, 5])
    await cloud.js.publish('readings.h1.live.temperature', junk)
    await cloud.publish('live', 1)
    const worker = work(t, cloud, async (rows) => stored(rows))
    await worker.serve(type)
    const left = await eventually(
      () => unacknowledged(cloud.manager, 'live'),
      (count) => count === 0,
      5000,
    )
    t.equal(left, 0)
    t.match(worker.status(), { stored: 1, dead: 1 })
    const letter = await cloud.manager.streams.getMessage('DEAD', {
      last_by_subj: 'dead.h1.live.temperature',
    })
    t.strictSame(letter?.data, junk)
    t.equal(letter?.header.get('Hubleaf-Dead-Code'), 'pack_version_unknown')
    t.equal(letter?.header.get('Hubleaf-Dead-Stream-Sequence'), '1')
  },
)

t.test('P2.8 a known key with other content becomes a dead letter', async (t) => {
  const cloud = await startCloud(t)
  await cloud.publish('live', 1, 2)
  await cloud.publish('live', 3)
  const worker = work(t, cloud, async (rows) => {
    const conflicts = rows.filter((row) => row.seq === 2)
    return { stored: rows.length - conflicts.length, repeated: 0, conflicts }
  })
  await worker.serve(type)
  await eventually(
    () => unacknowledged(cloud.manager, 'live'),
    (count) => count === 0,
    5000,
  )
  t.match(worker.status(), { stored: 2, conflicts: 1, dead: 1 })
  const letter = await cloud.manager.streams.getMessage('DEAD', {
    last_by_subj: 'dead.h1.live.temperature',
  })
  t.equal(letter?.header.get('Hubleaf-Dead-Code'), 'key_conflict')
})

t.test('a write that storage will never take costs its own pack only', async (t) => {
  const cloud = await startCloud(t)
  for (const seq of [1, 2, 3]) await cloud.publish('live', seq)
  const worker = work(t, cloud, async (rows) => {
    if (rows.some((row) => row.seq === 2)) throw new HubleafError('storage_request_malformed', 'no')
    return stored(rows)
  })
  await worker.serve(type)
  await eventually(
    () => unacknowledged(cloud.manager, 'live'),
    (count) => count === 0,
    5000,
  )
  t.match(worker.status(), { stored: 2, dead: 1 })
})

t.test('others serve what nobody names, and what is acknowledged is purged, no more', async (t) => {
  const cloud = await startCloud(t)
  await cloud.publish('live', 1)
  await cloud.js.publish('readings.h1.live.humidity', 'x')
  t.strictSame(await unnamedTypes(cloud.manager), ['humidity'])
  await ensureConsumers(cloud.manager, sensorTypeOf('humidity'), 'others')
  t.strictSame(await unnamedTypes(cloud.manager), ['humidity'])
  t.equal(await purgeAcknowledged(cloud.manager), 0)
  const worker = work(t, cloud, async (rows) => stored(rows))
  await worker.serve(type)
  await eventually(
    () => unacknowledged(cloud.manager, 'live'),
    (count) => count === 0,
    5000,
  )
  t.equal(
    await eventually(
      () => purgeAcknowledged(cloud.manager),
      (count) => count > 0,
      5000,
    ),
    1,
  )
  t.equal((await cloud.manager.streams.info('READINGS')).state.messages, 1)
})

t.test('a stream that is not as it must be is refused with the difference', async (t) => {
  const cloud = await startCloud(t)
  await cloud.manager.streams.update('READINGS', { max_age: 3_600_000_000_000 })
  await t.rejects(ensureStreams(cloud.manager, { replicas: 1, maxBytes: 100_000_000 }), {
    code: 'stream_drift',
    message: /max_age is 3600000000000, not 0/,
  })
})
