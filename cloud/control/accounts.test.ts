// The account layout on real servers: a hub publishes through its leaf into the cloud's stream, is
// acknowledged, and reaches nothing else.

import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import t from 'tap'
import type { Test } from 'tap'
import { renderLeaf, AGENT_USER } from '../../agent/leaf/leaf-config.ts'
import { systemClock } from '../../base/clock.ts'
import { findNatsServer } from '../../base/find-nats-server.ts'
import { silentLogger } from '../../base/log.ts'
import { startNatsProcess } from '../../base/nats-process.ts'
import { connectNats } from '../../base/nats.ts'
import { systemRandom } from '../../base/random.ts'
import { freePorts } from '../../base/free-port.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { hubOf } from '../../test/fixtures/readings.ts'
import { openKeyring } from './keyring.ts'
import { renderCloudServer } from './server-config.ts'

const hub = hubOf('h1')

/** A cloud server and the hub's leaf, connected; both end with the test. */
async function startPair(t: Test) {
  const folder = temporaryFolder(t)
  const binary = await findNatsServer(process.env)
  if (binary === undefined) throw new Error('nats-server is missing')
  const [clientPort = 0, leafPort = 0, monitorPort = 0, localPort = 0] = await freePorts(4)
  const keyring = await openKeyring(join(folder, 'keys'), [hub])
  const at = (name: string) => join(folder, name)
  const start = async (role: string, port: number, configText: string) => {
    const files = { configFile: at(`${role}.conf`), pidFile: at(`${role}.pid`) }
    const world = { clock: systemClock, random: systemRandom, log: silentLogger }
    const logFile = at(`${role}.log`)
    const server = await startNatsProcess({
      role,
      binary,
      ...files,
      logFile,
      port,
      configText,
      ...world,
    })
    t.teardown(() => server[Symbol.asyncDispose]())
  }
  const cloudFiles = {
    pidFile: at('cloud.pid'),
    logFile: at('cloud.log'),
    storeFolder: at('store'),
  }
  const ports = { clientPort, leafPort, monitorPort }
  const named = { serverName: 'n1', keyring }
  await start('cloud', clientPort, renderCloudServer({ ...named, ...ports, ...cloudFiles }))
  const leafFiles = { pidFile: at('leaf.pid'), logFile: at('leaf.log') }
  const cloudUrls = [`nats-leaf://127.0.0.1:${leafPort}`]
  const credentialsFile = keyring.hubCredentials.get(hub) ?? ''
  const leaf = { hub, clientPort: localPort, agentPassword: 'secret', cloudUrls, credentialsFile }
  await start('leaf', localPort, renderLeaf({ ...leaf, ...leafFiles }))
  return { keyring, cloudUrl: `127.0.0.1:${clientPort}`, leafUrl: `127.0.0.1:${localPort}` }
}

t.test('a hub publishes through its leaf, is acknowledged, and reaches no other hub', async (t) => {
  const { keyring, cloudUrl, leafUrl } = await startPair(t)
  const credentialsFile = keyring.cloudCredentials
  const log = silentLogger
  const inside = await connectNats({ url: cloudUrl, name: 'test', log, credentialsFile })
  t.teardown(() => inside.close())
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
})

const describe = (error: unknown): string => String(error)
