// What a worker keeps while it runs, on a real nats-server: nothing of a pack that is stored, and no
// type half served.

import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { connectNats } from '../../base/nats.ts'
import { seededRandom, systemRandom } from '../../base/random.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import { hubOf, sensorTypeOf } from '../../test/fixtures/readings.ts'
import { encodePack } from '../../wire/codec.ts'
import { makeEpochId } from '../../wire/ids.ts'
import { readingsSubject } from '../../wire/subject.ts'
import { ensureConsumers } from '../stream/consumers.ts'
import { ensureStreams } from '../stream/streams.ts'
import { startWorker } from './worker.ts'

const type = sensorTypeOf('temperature')
const hub = hubOf('h1')
const epoch = makeEpochId(seededRandom(1))

async function startCloud(t: Test) {
  const { url } = await startNatsServer(t, -1, ['-js', '-sd', temporaryFolder(t)])
  const connection = await connectNats({ url, name: 'test', log: silentLogger })
  t.teardown(() => connection.close())
  const manager = await jetstreamManager(connection)
  await ensureStreams(manager, { replicas: 1, maxBytes: 100_000_000 })
  const worker = work(t, connection)
  const js = jetstream(connection)
  const publish = async (seq: number): Promise<void> => {
    const times = { observedAt: 1_790_000_000_000, receivedAt: 1_790_000_000_000, monoMs: 1 }
    const named = { seq, device: 'd', channel: 'main', source: 'test', value: seq, boot: 'b' }
    const readings = [{ ...named, ...times, timeQuality: 'synced' as const }]
    const { bytes } = encodePack({ epoch, type, readings, marks: { [type]: [999, 1] } })
    await js.publish(readingsSubject({ hub, lane: 'live', type }), bytes)
  }
  return { connection, manager, worker, js, publish }
}

function work(t: Test, connection: NatsConnection) {
  const worker = startWorker({
    connection,
    storage: {
      write: async (rows) => ({ stored: rows.length, repeated: 0, conflicts: [] }),
    },
    ...{ clock: systemClock, random: systemRandom, log: silentLogger },
  })
  t.teardown(() => worker[Symbol.asyncDispose]())
  return worker
}

t.test('a pack that is stored is let go of', async (t) => {
  const { manager, worker, publish } = await startCloud(t)
  await ensureConsumers(manager, type, 'named')
  await worker.serve(type)
  for (let seq = 1; seq <= 20; seq += 1) await publish(seq)
  const status = await eventually(
    () => worker.status(),
    ({ stored }) => stored === 20,
    5000,
  )
  t.match(status, { stored: 20, held: 0 })
})

t.test('a type whose serving failed can be served later', async (t) => {
  const { manager, worker, publish } = await startCloud(t)
  await t.rejects(worker.serve(type), 'its consumers are not there yet')
  t.strictSame(worker.status().types, [])
  await ensureConsumers(manager, type, 'others')
  await worker.serve(type)
  await publish(1)
  const status = await eventually(
    () => worker.status(),
    ({ stored }) => stored === 1,
    5000,
  )
  t.match(status, { stored: 1, types: [type] })
})

t.test(
  'a stream that was removed under a worker ends it, so that a new start makes it',
  async (t) => {
    const { manager, worker, publish } = await startCloud(t)
    await ensureConsumers(manager, type, 'named')
    await worker.serve(type)
    await publish(1)
    await eventually(
      () => worker.status(),
      ({ stored }) => stored === 1,
      5000,
    )
    t.notOk(worker.broken.aborted)
    await manager.streams.delete('READINGS')
    await eventually(
      () => worker.broken.aborted,
      (broken) => broken,
      10_000,
    )
    t.match(worker.broken.reason, { code: 'stream_lost' })
  },
)

t.test('a dead letter of a stream made anew is not taken for one of the old stream', async (t) => {
  const { connection, manager, worker, js } = await startCloud(t)
  await ensureConsumers(manager, type, 'named')
  await worker.serve(type)
  await js.publish('readings.h1.live.temperature', 'junk 1')
  await eventually(
    () => worker.status(),
    ({ dead }) => dead === 1,
    5000,
  )
  await manager.streams.delete('READINGS')
  await ensureStreams(manager, { replicas: 1, maxBytes: 100_000_000 })
  await ensureConsumers(manager, type, 'named')
  const next = work(t, connection)
  await next.serve(type)
  await js.publish('readings.h1.live.temperature', 'junk 2')
  await eventually(
    () => next.status(),
    ({ dead }) => dead === 1,
    5000,
  )
  t.equal((await manager.streams.info('DEAD')).state.messages, 2)
})
