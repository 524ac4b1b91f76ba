import t from 'tap'
import { temporaryFolder } from '../../../test/fixtures/folder.ts'
import { eventually } from '../../../test/fixtures/eventually.ts'
import { needsMosquitto, prepareMosquitto } from '../../../test/fixtures/mosquitto.ts'
import { startPublisher } from '../../../test/fixtures/mqtt-publisher.ts'
import { startSource } from '../../../test/fixtures/mqtt-source.ts'

const TOPICS = [{ topic: 'h/{device}/{type}', type: '{type}', device: '{device}' }]

for (const version of ['5', '3.1.1']) {
  t.test(`readings over MQTT ${version}, at QoS 0, 1 and 2`, needsMosquitto(), async (t) => {
    const folder = temporaryFolder(t)
    const broker = await prepareMosquitto(t, { folder })
    await broker.start()
    const running = startSource(t, folder, { url: broker.url, version, topics: TOPICS })
    const isUp = () => running.source.status?.().isUp
    t.equal(await eventually(isUp, (up) => up === true, 5000), true, 'connected')
    const client = await startPublisher(t, broker.url)
    for (const qos of [0, 1, 2] as const) {
      await client.publishAsync('h/kitchen/temperature', `${20 + qos}`, { qos })
    }
    const kept = () => running.kept.map(({ value }) => value)
    t.strictSame(await eventually(kept, (values) => values.length === 3, 5000), [20, 21, 22])
    t.match(running.kept[0], { type: 'temperature', device: 'kitchen', channel: 'main' })
    t.equal(running.source.status?.().check.state, 'ok')
  })
}
