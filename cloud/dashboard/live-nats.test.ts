import { connect } from '@nats-io/transport-node'
import t from 'tap'
import { connectNats } from '../../base/nats.ts'
import { silentLogger } from '../../base/log.ts'
import type { Logger } from '../../base/log.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import { parseCommitted } from './live-feed.ts'
import { natsFeed } from './live-nats.ts'
import type { LivePoint } from './shapes.ts'

const point = {
  ...{ hub: 'house', type: 'power', site: null, device: 'washer', channel: 'main', at: 1000 },
  ...{ value: 12, number: 12, unit: 'W', flags: ['out_of_range'] },
}

t.test('committed points arrive; what is none is logged once and left out', async (t) => {
  const server = await startNatsServer(t)
  const warned: string[] = []
  const log: Logger = { ...silentLogger, warn: (event) => warned.push(event) }
  const connection = await connectNats({ url: server.url, name: 'feed', log })
  t.teardown(() => connection.close())
  const feed = natsFeed(connection, log)
  const arrived = new Promise<readonly LivePoint[]>((resolve) => {
    feed.subscribe({ onPoints: resolve, onMissed: () => t.fail('nothing was missed') })
  })
  await connection.flush()
  for (const text of ['', '{}', '[1]', '[{"hub":"house"}]', JSON.stringify([point])]) {
    connection.publish('committed.power', text)
  }
  t.strictSame(await arrived, [point])
  t.strictSame(warned, ['live_message_malformed'])
  t.ok(feed.connected())
  await feed[Symbol.asyncDispose]()
  await feed[Symbol.asyncDispose]()
  await connection.close()
  t.notOk(feed.connected())
})

t.test(
  'after a restart of the server the feed goes on and says that it missed something',
  async (t) => {
    const server = await startNatsServer(t)
    const connection = await connectNats({ url: server.url, name: 'feed', log: silentLogger })
    t.teardown(() => connection.close())
    const feed = natsFeed(connection, silentLogger)
    const missed = Promise.withResolvers<boolean>()
    const arrived = Promise.withResolvers<readonly LivePoint[]>()
    feed.subscribe({ onPoints: arrived.resolve, onMissed: () => missed.resolve(feed.connected()) })
    const lost = (async () => {
      for await (const { type } of connection.status()) if (type === 'disconnect') return
    })()
    await server.stop()
    await lost
    await startNatsServer(t, server.port)
    t.ok(await missed.promise, 'told when it is back')
    await connection.flush()
    const other = await connect({ servers: server.url })
    other.publish('committed.power', JSON.stringify([point]))
    await other.drain()
    t.strictSame(await arrived.promise, [point])
  },
)

t.test('site and unit may be absent', async (t) => {
  const bare = Object.fromEntries(
    Object.entries(point).filter(([key]) => key !== 'site' && key !== 'unit'),
  )
  t.match(parseCommitted(JSON.stringify([bare])), [{ site: null, unit: null }])
  t.equal(parseCommitted(JSON.stringify([{ ...point, at: '1000' }])), undefined)
})
