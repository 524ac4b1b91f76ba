// What counts as an acknowledgement, on a real nats-server.

import { jetstreamManager } from '@nats-io/jetstream'
import t from 'tap'
import type { Test } from 'tap'
import { silentLogger } from '../../base/log.ts'
import { connectNats } from '../../base/nats.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import { leafPublisher } from './publisher.ts'

const pack = {
  subject: 'readings.h1.live.temperature',
  bytes: Uint8Array.from([1, 2, 3]),
  messageId: 'id-1',
}

async function connectTo(t: Test, args: readonly string[]) {
  const { url } = await startNatsServer(t, -1, args)
  const connection = await connectNats({ url, name: 'test', log: silentLogger })
  t.teardown(() => connection.close())
  return connection
}

t.test('P1.12 an answer in the name of another stream is no acknowledgement', async (t) => {
  const connection = await connectTo(t, [])
  const answers = ['{"stream":"LOCAL","seq":1}', '{"stream":"READINGS","seq":1}']
  connection.subscribe('readings.>', {
    callback: (_error, message) => {
      message.respond(answers.shift() ?? '')
    },
  })
  await connection.flush()
  const publisher = leafPublisher(connection)
  await t.rejects(publisher.publish(pack), {
    code: 'publish_refused',
    message: 'the stream LOCAL answered in place of READINGS',
  })
  await publisher.publish(pack)
  t.equal(answers.length, 0)
})

t.test('P1.12 another stream on the same subjects stores nothing of ours', async (t) => {
  const connection = await connectTo(t, ['-js', '-sd', temporaryFolder(t)])
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'LOCAL', subjects: ['readings.>'] })
  const refused = { code: 'publish_refused', message: /server code 10060/ }
  await t.rejects(leafPublisher(connection).publish(pack), refused)
  t.equal((await manager.streams.info('LOCAL')).state.messages, 0)
})

t.test('P2.11 the broker keeps one of two packs with one message id', async (t) => {
  const connection = await connectTo(t, ['-js', '-sd', temporaryFolder(t)])
  const manager = await jetstreamManager(connection)
  await manager.streams.add({ name: 'READINGS', subjects: ['readings.>'] })
  const publisher = leafPublisher(connection)
  await publisher.publish(pack)
  await publisher.publish({ ...pack, subject: 'readings.h1.back.temperature' })
  t.equal((await manager.streams.info('READINGS')).state.messages, 1)
})

t.test('with nobody there the reason says so', async (t) => {
  const connection = await connectTo(t, [])
  await t.rejects(leafPublisher(connection).publish(pack), {
    code: 'publish_refused',
    message: 'the cloud cannot be reached',
  })
})
