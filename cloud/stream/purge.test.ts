// Purging on a real server: only what the workers of a type have acknowledged may go.

import { AckPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream'
import t from 'tap'
import { silentLogger } from '../../base/log.ts'
import { connectNats } from '../../base/nats.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import { sensorTypeOf } from '../../test/fixtures/readings.ts'
import { ensureConsumers } from './consumers.ts'
import { purgeAcknowledged } from './purge.ts'
import { ensureStreams } from './streams.ts'

t.test('what others read or acknowledge is not purged: only workers store', async (t) => {
  const { url } = await startNatsServer(t, -1, ['-js', '-sd', temporaryFolder(t)])
  const connection = await connectNats({ url, name: 'test', log: silentLogger })
  t.teardown(() => connection.close())
  const manager = await jetstreamManager(connection)
  await ensureStreams(manager, { replicas: 1, maxBytes: 100_000_000 })
  await ensureConsumers(manager, sensorTypeOf('temperature'), 'named')
  const js = jetstream(connection)
  for (const hub of ['h1', 'h2']) await js.publish(`readings.${hub}.live.temperature`, 'x')
  // As a person's look into the stream makes them, and a tool that acknowledges.
  const looks = [
    { name: 'look', ack_policy: AckPolicy.None, filter_subject: 'readings.>' },
    {
      durable_name: 'tool',
      ack_policy: AckPolicy.All,
      filter_subject: 'readings.*.live.temperature',
    },
  ]
  for (const look of looks) {
    await manager.consumers.add('READINGS', look)
    const consumer = await js.consumers.get('READINGS', look.name ?? look.durable_name)
    for await (const message of await consumer.fetch({ max_messages: 2, expires: 2000 })) {
      if (look.ack_policy === AckPolicy.All) await message.ackAck()
    }
    const { ack_floor: floor } = await consumer.info()
    t.equal(floor.stream_seq, 2, 'the look has a floor of its own')
  }
  t.equal(await purgeAcknowledged(manager), 0)
  t.equal((await manager.streams.info('READINGS')).state.messages, 2)
})
