// The agent alone: with no cloud, no network and no nats-server it accepts; what it accepted, also
// before restarts, arrives when there is a cloud.

import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import t from 'tap'
import type { Test } from 'tap'
import { startAgent } from '../../agent/agent.ts'
import { loadAgentConfig } from '../../agent/config.ts'
import { systemClock } from '../../base/clock.ts'
import { writeDurably } from '../../base/durable-file.ts'
import { freePorts } from '../../base/free-port.ts'
import { silentLogger } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { ensureStreams } from '../../cloud/stream/streams.ts'
import { decodePack } from '../../wire/codec.ts'
import type { Reading } from '../../wire/reading.ts'
import { parseReadingsSubject } from '../../wire/subject.ts'
import { prepareCloud } from '../fixtures/cloud-server.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { hubOf } from '../fixtures/readings.ts'

async function runAgent(folder: string, lines: readonly string[], binary: string | undefined) {
  const file = join(folder, 'agent.yaml')
  const common = [
    'hub: h1',
    'clock: { trust: true }',
    `data_dir: ${folder}/agent`,
    'http: { listen: "127.0.0.1:0" }',
  ]
  writeDurably(file, [...common, ...lines].join('\n'))
  return startAgent({
    ...{ config: loadAgentConfig({ file, env: {} }), version: '0', sources: [] },
    natsServer: async () => binary,
    ...{ clock: systemClock, random: systemRandom, log: silentLogger },
  })
}

async function push(t: Test, port: number, value: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/readings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'temperature', device: 'd', value, unit: 'C' }),
  })
  t.equal(answer.status, 200, `reading ${value} is accepted`)
}

t.test(
  'P8.1 with no cloud and no nats-server the agent accepts, and says what is wrong',
  async (t) => {
    const folder = temporaryFolder(t)
    const alone = await runAgent(folder, [], undefined)
    await push(t, alone.port, 1)
    const status = await fetch(`http://127.0.0.1:${alone.port}/readyz`)
    t.match(await status.json(), { checks: { uplink: { reason: 'no cloud is configured' } } })
    await alone[Symbol.asyncDispose]()
    const cloud = 'cloud: { urls: ["nats-leaf://127.0.0.1:1"], credentials_file: /nowhere }'
    const without = await runAgent(folder, [cloud], undefined)
    t.teardown(() => without[Symbol.asyncDispose]())
    await push(t, without.port, 2)
    const uplink = await eventually(
      async () => (await fetch(`http://127.0.0.1:${without.port}/status`)).json(),
      (found) => JSON.stringify(found).includes('no nats-server'),
      5000,
    )
    t.match(uplink, {
      checks: { uplink: { state: 'degraded', reason: 'no nats-server was found' } },
    })
  },
)

t.test('P8.2 P7.5 what was accepted offline, also before a restart, arrives whole', async (t) => {
  const folder = temporaryFolder(t)
  const cloud = await prepareCloud(t, folder, [hubOf('h1')])
  const [leafPort = 0] = await freePorts(1)
  const credentials = cloud.keyring.hubCredentials.get(hubOf('h1')) ?? ''
  const lines = [
    `cloud: { urls: ["${cloud.leafUrl}"], credentials_file: ${credentials} }`,
    `leaf: { port: ${leafPort} }`,
  ]
  const before = systemClock.now()
  for (const values of [
    [1, 2],
    [3, 4],
  ]) {
    const agent = await runAgent(folder, lines, cloud.binary)
    for (const value of values) await push(t, agent.port, value)
    await agent[Symbol.asyncDispose]()
  }
  await cloud.start()
  const manager = await jetstreamManager(await cloud.connect())
  await ensureStreams(manager, { replicas: 1, maxBytes: 100_000_000 })
  const agent = await runAgent(folder, lines, cloud.binary)
  t.teardown(() => agent[Symbol.asyncDispose]())
  await push(t, agent.port, 5)
  const arrived = async (): Promise<Reading[]> => {
    const { state } = await manager.streams.info('READINGS')
    const readings: Reading[] = []
    for (let seq = 1; seq <= state.last_seq; seq += 1) {
      const message = await manager.streams.getMessage('READINGS', { seq })
      const { type } = parseReadingsSubject(message?.subject ?? '')
      if (message === null || type !== 'temperature') continue
      readings.push(...decodePack(message.data, type).readings)
    }
    return readings.sort((a, b) => Number(a.value) - Number(b.value))
  }
  const readings = await eventually(arrived, (found) => found.length >= 5, 20_000)
  t.strictSame(
    readings.map(({ value }) => value),
    [1, 2, 3, 4, 5],
  )
  for (const reading of readings) {
    t.match(reading, { boot: /^[0-9a-z]{16,}$/, timeQuality: /^(un)?synced$/, source: 'http' })
    t.ok(reading.receivedAt >= before && reading.receivedAt <= systemClock.now())
    t.ok(reading.monoMs > 0 && Number.isInteger(reading.monoMs))
  }
})

t.test('P9.6 an agent that would listen for other machines is refused', async (t) => {
  const folder = temporaryFolder(t)
  for (const listen of ['0.0.0.0:8686', '[::]:8686', '192.168.1.7:8686']) {
    const file = join(folder, 'agent.yaml')
    writeDurably(file, `hub: h1\ndata_dir: ${folder}\nhttp: { listen: "${listen}" }\n`)
    t.throws(() => loadAgentConfig({ file, env: {} }), {
      code: 'config_invalid',
      message: /http\.listen: must be a loopback address/,
    })
  }
})
