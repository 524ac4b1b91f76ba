// The account layout on real servers: a hub publishes through its leaf into the cloud's stream, is
// acknowledged, and reaches nothing else.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import t from 'tap'
import { renderLeaf, AGENT_USER } from '../../agent/leaf/leaf-config.ts'
import { systemClock } from '../../base/clock.ts'
import { findNatsServer } from '../../base/find-nats-server.ts'
import { silentLogger } from '../../base/log.ts'
import { startNatsProcess } from '../../base/nats-process.ts'
import { connectNats } from '../../base/nats.ts'
import { systemRandom } from '../../base/random.ts'
import { freePorts } from '../../base/free-port.ts'
import { parseHubId } from '../../wire/ids.ts'
import { openKeyring } from './keyring.ts'
import { renderCloudServer } from './server-config.ts'

t.test('a hub publishes through its leaf and is acknowledged by the cloud’s stream', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hubleaf-accounts-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const hub = parseHubId('h1')
  const binary = await findNatsServer(process.env)
  if (hub === undefined || binary === undefined) throw new Error('nats-server is missing')
  const [clientPort = 0, leafPort = 0, monitorPort = 0, localPort = 0] = await freePorts(4)
  const keyring = await openKeyring(join(folder, 'keys'), [hub])
  const shared = { binary, clock: systemClock, random: systemRandom, log: silentLogger }
  const at = (name: string) => join(folder, name)
  await using cloud = await startNatsProcess({
    ...shared,
    ...{ role: 'cloud', configFile: at('cloud.conf'), pidFile: at('cloud.pid') },
    ...{ logFile: at('cloud.log'), port: clientPort },
    configText: renderCloudServer({
      ...{ serverName: 'n1', clientPort, leafPort, monitorPort, storeFolder: at('store') },
      ...{ pidFile: at('cloud.pid'), logFile: at('cloud.log'), keyring },
    }),
  })
  await using leaf = await startNatsProcess({
    ...shared,
    ...{ role: 'leaf', configFile: at('leaf.conf'), pidFile: at('leaf.pid') },
    ...{ logFile: at('leaf.log'), port: localPort },
    configText: renderLeaf({
      ...{ hub, clientPort: localPort, agentPassword: 'secret', pidFile: at('leaf.pid') },
      ...{ logFile: at('leaf.log'), cloudUrls: [`nats-leaf://127.0.0.1:${leafPort}`] },
      credentialsFile: keyring.hubCredentials.get(hub) ?? '',
    }),
  })
  t.not(cloud.pid(), leaf.pid())
  const inside = await connectNats({
    ...{ url: `127.0.0.1:${clientPort}`, name: 'test', log: silentLogger },
    credentialsFile: keyring.cloudCredentials,
  })
  t.teardown(() => inside.close())
  const manager = await jetstreamManager(inside)
  await manager.streams.add({ name: 'READINGS', subjects: ['readings.>'] })
  const agent = await connectNats({
    ...{ url: `127.0.0.1:${localPort}`, name: 'agent', log: silentLogger },
    ...{ login: { user: AGENT_USER, password: 'secret' }, inboxPrefix: '_INBOX.h1' },
  })
  t.teardown(() => agent.close())
  const js = jetstream(agent)
  const publish = () =>
    js.publish('readings.h1.live.temperature', 'x', { expect: { streamName: 'READINGS' } })
  let ack
  for (let attempt = 0; attempt < 100 && ack === undefined; attempt += 1) {
    ack = await publish().catch(() => systemClock.sleep(50).then(() => undefined))
  }
  t.match(ack, { stream: 'READINGS', seq: 1 })
  await t.rejects(js.publish('readings.h2.live.temperature', 'x', { timeout: 1000 }))
  const info = await manager.streams.info('READINGS')
  t.equal(info.state.messages, 1)
})
