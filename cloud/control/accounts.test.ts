// The account layout on real servers: a hub publishes through its leaf into the cloud's stream, is
// acknowledged, and reaches nothing else.

import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import t from 'tap'
import type { Test } from 'tap'
import { renderLeaf, AGENT_USER } from '../../agent/leaf/leaf-config.ts'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { startNatsProcess } from '../../base/nats-process.ts'
import { connectNats } from '../../base/nats.ts'
import { systemRandom } from '../../base/random.ts'
import { freePorts } from '../../base/free-port.ts'
import { prepareCloud } from '../../test/fixtures/cloud-server.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { hubOf } from '../../test/fixtures/readings.ts'

const hub = hubOf('h1')

/** A cloud server and the hub's leaf, connected; both end with the test. */
async function startPair(t: Test) {
  const folder = temporaryFolder(t)
  const cloud = await prepareCloud(t, folder, [hub])
  await cloud.start()
  const [localPort = 0] = await freePorts(1)
  const at = (name: string) => join(folder, name)
  const files = { pidFile: at('leaf.pid'), logFile: at('leaf.log') }
  const credentialsFile = cloud.keyring.hubCredentials.get(hub) ?? ''
  const access = { agentPassword: 'secret', cloudUrls: [cloud.leafUrl], credentialsFile }
  const leaf = await startNatsProcess({
    ...{
      role: 'leaf',
      binary: cloud.binary,
      configFile: at('leaf.conf'),
      port: localPort,
      ...files,
    },
    configText: renderLeaf({ hub, clientPort: localPort, ...access, ...files }),
    ...{ clock: systemClock, random: systemRandom, log: silentLogger },
  })
  t.teardown(() => leaf[Symbol.asyncDispose]())
  return { inside: await cloud.connect(), leafUrl: `127.0.0.1:${localPort}` }
}

t.test(
  'P9.1 a hub publishes through its leaf, is acknowledged, and reaches no other hub',
  async (t) => {
    const { inside, leafUrl } = await startPair(t)
    const log = silentLogger
    const manager = await jetstreamManager(inside)
    await manager.streams.add({ name: 'READINGS', subjects: ['readings.>'] })
    const login = { user: AGENT_USER, password: 'secret' }
    const inboxPrefix = '_INBOX.h1'
    const agent = await connectNats({ url: leafUrl, name: 'agent', log, login, inboxPrefix })
    t.teardown(() => agent.close())
    const js = jetstream(agent)
    const expect = { streamName: 'READINGS' }
    const publish = () => js.publish('readings.h1.live.temperature', 'x', { expect })
    const ack = await eventually(
      () => publish().catch(describe),
      (answer) => typeof answer === 'object',
      5000,
    )
    t.match(ack, { stream: 'READINGS', seq: 1 })
    await t.rejects(js.publish('readings.h2.live.temperature', 'x', { timeout: 1000 }))
    const info = await manager.streams.info('READINGS')
    t.equal(info.state.messages, 1)
    const local = await connectNats({ url: leafUrl, name: 'another program', log })
    t.teardown(() => local.close())
    const outside = jetstream(local).publish('readings.h1.live.temperature', 'x', { timeout: 1000 })
    await t.rejects(outside, 'a local program without the agent’s password does not get out')
    t.equal((await manager.streams.info('READINGS')).state.messages, 1)
  },
)

const describe = (error: unknown): string => String(error)
