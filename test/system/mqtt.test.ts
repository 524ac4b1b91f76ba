// The agent as a process with a real MQTT broker: killed fifty times together, and on a card that takes
// 50 ms for each sync. The judge stands between the two and reads the acknowledgements from the wire.

import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { openJournal } from '../../agent/journal/sqlite-journal.ts'
import { systemClock } from '../../base/clock.ts'
import { isJsonObject, numberAt } from '../../base/json.ts'
import { randomInt, seededRandom } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { emittedProgram, prepareAgent } from '../fixtures/agent-process.ts'
import type { AgentProcess } from '../fixtures/agent-process.ts'
import { buildDiskShim, needsDiskShim } from '../fixtures/disk-shim.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { journalOptions } from '../fixtures/journal-options.ts'
import { needsMosquitto, prepareMosquitto } from '../fixtures/mosquitto.ts'
import type { Mosquitto } from '../fixtures/mosquitto.ts'
import { startMqttLoad } from '../fixtures/mqtt-load.ts'
import { startPublisher } from '../fixtures/mqtt-publisher.ts'
import { watchMqtt } from '../fixtures/mqtt-wire.ts'
import type { MqttWire } from '../fixtures/mqtt-wire.ts'
import { hubOf } from '../fixtures/readings.ts'
import { seedOr } from '../fixtures/seed.ts'

const AGENT_KILLS = 36
const BROKER_KILLS = 14
const LIFE_MAX_MS = 250
const PER_SECOND = 300
const WITHIN_MS = 20_000
const SLOW_MESSAGES = 6000

t.setTimeout(240_000)

interface World {
  readonly folder: string
  readonly port: number
  readonly version: '5' | '3.1.1'
  readonly program?: string
  readonly env?: { readonly [name: string]: string }
}

/** An agent without a cloud that reads `load/{device}/{channel}` of the broker at the port. */
async function prepareMqttAgent(t: Pick<Test, 'teardown'>, world: World): Promise<AgentProcess> {
  const { folder, port, version, program, env } = world
  const topic = { topic: 'load/{device}/{channel}', type: 'custom', device: '{device}' }
  const broker = { url: `mqtt://127.0.0.1:${port}`, version, topics: [topic] }
  const sources = { host: { enabled: false }, mqtt: { brokers: [broker] } }
  return prepareAgent(t, {
    ...{ folder, hub: hubOf('h1'), cloudUrl: '', credentialsFile: '' },
    more: { cloud: undefined, sources },
    ...(program === undefined ? {} : { program }),
    ...(env === undefined ? {} : { env }),
  })
}

/** Every number in the journal of an agent that has ended, as often as it is there. */
async function numbersIn(folder: string): Promise<readonly number[]> {
  await using journal = await openJournal(journalOptions(join(folder, 'agent/journal')))
  const { head } = journal.status()
  return journal.read({ first: 1, last: head }, head).flatMap((row) => {
    if ('corrupt' in row || row.type.startsWith('_')) return []
    return [Number(row.reading.value)]
  })
}

const acknowledged = (wire: MqttWire): ReadonlySet<number> =>
  new Set(wire.acknowledged.map(({ payload }) => Number(payload)))

async function moreAcknowledged(wire: MqttWire): Promise<void> {
  const before = wire.acknowledged.length
  const now = await eventually(
    () => wire.acknowledged.length,
    (count) => count > before,
    WITHIN_MS,
    5,
  )
  if (now === before) throw new RangeError('nothing is acknowledged any more')
}

async function killBroker(broker: Mosquitto, wire: MqttWire, random: Random): Promise<void> {
  for (let kill = 0; kill < BROKER_KILLS; kill += 1) {
    await moreAcknowledged(wire)
    await systemClock.sleep(randomInt(random, LIFE_MAX_MS))
    broker.save()
    await systemClock.sleep(randomInt(random, LIFE_MAX_MS))
    await broker.end('SIGKILL')
    await broker.start()
  }
}

t.test(
  'P1.14 fifty kills of agent and broker: no message that the agent acknowledged is lost',
  needsMosquitto(),
  async (t) => {
    const seed = seedOr(20_26)
    const random = seededRandom(seed)
    t.comment(`seed ${seed}`)
    const startedAt = systemClock.monotonic()
    const folder = temporaryFolder(t)
    const program = emittedProgram('mqtt-kills')
    const broker = await prepareMosquitto(t, { folder })
    await broker.start()
    const wire = await watchMqtt(t, broker.port, true)
    const agent = await prepareMqttAgent(t, { folder, port: wire.port, version: '5', program })
    agent.start()
    t.ok(isConnected(await eventually(() => agent.status(), isConnected, WITHIN_MS)), 'connected')
    const load = startMqttLoad(t, broker.url, PER_SECOND)
    for (let kill = 0; kill < AGENT_KILLS; kill += 1) {
      await moreAcknowledged(wire)
      await systemClock.sleep(randomInt(random, LIFE_MAX_MS))
      await agent.end('SIGKILL')
      agent.start()
    }
    await moreAcknowledged(wire)
    const promised = [...load.numbers]
    const left = (): number => {
      const has = acknowledged(wire)
      return promised.filter((number) => !has.has(number)).length
    }
    t.equal(await eventually(left, (count) => count === 0, WITHIN_MS), 0, 'the broker repeats all')
    await killBroker(broker, wire, random)
    await moreAcknowledged(wire)
    await load.stop()
    await agent.end('SIGTERM')
    const kept = await numbersIn(folder)
    const has = new Set(kept)
    const lost = [...acknowledged(wire)].filter((number) => !has.has(number))
    t.strictSame(lost, [], `${acknowledged(wire).size} acknowledged by the agent`)
    const unkept = promised.filter((number) => !has.has(number))
    t.strictSame(unkept, [], `${promised.length} acknowledged by the broker before it was killed`)
    t.strictSame(
      [...wire.strays, ...wire.disordered],
      [],
      'acknowledged in order, on its connection',
    )
    t.ok(promised.length > 1000, `${promised.length} messages`)
    t.comment(`${kept.length - has.size} twice, as MQTT has no event ids`)
    t.comment(`${Math.round(systemClock.monotonic() - startedAt)} ms`)
  },
)

const needs = { ...needsMosquitto(), ...needsDiskShim() }

t.test(
  'P1.13 the journal on a disk of 50 ms per sync takes 2,000 MQTT messages a second',
  needs,
  async (t) => {
    const folder = temporaryFolder(t)
    const broker = await prepareMosquitto(t, { folder })
    await broker.start()
    const wire = await watchMqtt(t, broker.port, true)
    const env = buildDiskShim(folder, { folder: join(folder, 'agent'), syncMs: 50 })
    const agent = await prepareMqttAgent(t, { folder, port: wire.port, version: '5', env })
    agent.start()
    t.ok(isConnected(await eventually(() => agent.status(), isConnected, WITHIN_MS)), 'connected')
    const before = await commits(agent)
    const client = await startPublisher(t, broker.url)
    const startedAt = systemClock.monotonic()
    const sent = Array.from({ length: SLOW_MESSAGES }, (_, index) => index + 1)
    await Promise.all(sent.map((n) => client.publishAsync('load/d/x', String(n), { qos: 1 })))
    const now = (): number => wire.acknowledged.length
    t.equal(await eventually(now, (count) => count >= SLOW_MESSAGES, WITHIN_MS), SLOW_MESSAGES)
    const seconds = (systemClock.monotonic() - startedAt) / 1000
    const used = (await commits(agent)) - before
    t.comment(`${Math.round(SLOW_MESSAGES / seconds)} messages/s`)
    t.ok(used > 1, 'they were synced')
    t.ok(used <= SLOW_MESSAGES / 100, `${used} commits of 50 ms for ${SLOW_MESSAGES} messages`)
    await agent.end('SIGTERM')
    const kept = await numbersIn(folder)
    t.strictSame(
      [...kept].sort((one, other) => one - other),
      sent,
      'each is kept once',
    )
  },
)

function isConnected(status: unknown): boolean {
  const checks = isJsonObject(status) ? status['checks'] : undefined
  const mqtt = isJsonObject(checks) ? checks['mqtt'] : undefined
  return isJsonObject(mqtt) && mqtt['state'] === 'ok'
}

async function commits(agent: AgentProcess): Promise<number> {
  const status = await agent.status()
  const journal = isJsonObject(status) ? status['journal'] : undefined
  return numberAt(journal, 'commits') ?? Number.NaN
}
