// Hubs that are killed two hundred times together under full load, at any moment of their life, starts
// included; now and then their leaf too. A million readings, judged by what is in the stream.

import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { isAlive } from '../../base/process.ts'
import { randomInt, seededRandom } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { emittedProgram, prepareAgent } from '../fixtures/agent-process.ts'
import type { AgentProcess } from '../fixtures/agent-process.ts'
import { followStream } from '../fixtures/arrivals.ts'
import { startBatches } from '../fixtures/batches.ts'
import type { Batches } from '../fixtures/batches.ts'
import { prepareCloud } from '../fixtures/cloud-server.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { hubOf } from '../fixtures/readings.ts'
import { seedOr } from '../fixtures/seed.ts'

interface Plan {
  readonly name: string
  readonly kills: number
  readonly readings: number
  readonly readingsPerSecond: number
  /** With them what was not answered is repeated; without, the sender goes on with new numbers. */
  readonly hasEventIds: boolean
}

// An agent that knows a million event ids takes longer to start, so the hub that has them is killed
// less often.
const PLANS: readonly Plan[] = [
  { name: 'h1', kills: 40, readings: 200_000, readingsPerSecond: 2000, hasEventIds: true },
  { name: 'h2', kills: 80, readings: 400_000, readingsPerSecond: 4000, hasEventIds: false },
  { name: 'h3', kills: 80, readings: 400_000, readingsPerSecond: 4000, hasEventIds: false },
]

/** A life after its first accepted reading, ms; one in eight ends before it has accepted anything. */
const LIFE_MAX_MS = 800
const YOUNG_MAX_MS = 600
const ACCEPTS_WITHIN_MS = 30_000
const DRAINS_WITHIN_MS = 120_000

/** A look at a million readings takes a good part of a second. */
const LOOK_MS = 2000

t.setTimeout(600_000)

/** Kills until both numbers are reached; resolves to the number of kills. */
async function storm(
  plan: Plan,
  agent: AgentProcess,
  load: Batches,
  random: Random,
): Promise<number> {
  let kills = 0
  while (kills < plan.kills || load.accepted() < plan.readings) {
    agent.start()
    const before = load.accepted()
    if (randomInt(random, 8) === 0) await systemClock.sleep(randomInt(random, YOUNG_MAX_MS))
    else {
      const now = await eventually(load.accepted, (count) => count > before, ACCEPTS_WITHIN_MS)
      if (now === before) throw new RangeError(`nothing accepted after kill ${kills}`)
      await systemClock.sleep(randomInt(random, LIFE_MAX_MS))
    }
    const leaf = agent.leafPid()
    await agent.end('SIGKILL')
    kills += 1
    if (kills % 10 === 0 && isAlive(leaf)) process.kill(leaf, 'SIGKILL')
  }
  agent.start()
  return kills
}

/** One hub's storm. */
async function runHub(
  t: Test,
  world: {
    readonly plan: Plan
    readonly folder: string
    readonly program: string
    readonly cloud: Awaited<ReturnType<typeof prepareCloud>>
    readonly seed: number
  },
) {
  const { plan, folder, program, cloud, seed } = world
  const { name } = plan
  const hub = hubOf(name)
  const agent = await prepareAgent(t, {
    ...{ folder: join(folder, name), hub, cloudUrl: cloud.leafUrl, program },
    credentialsFile: cloud.keyring.hubCredentials.get(hub) ?? '',
  })
  const load = startBatches({ ...plan, url: agent.url, device: name })
  t.teardown(() => load.stop())
  const kills = await storm(plan, agent, load, seededRandom(seed))
  await load.stop()
  return { name, load, kills }
}

t.test(
  'P1.2 P2.2 P2.4 P3.1 two hundred kills in a million readings: nothing lost, nothing twice',
  async (t: Test) => {
    const seed = seedOr(20_26)
    t.comment(`seed ${seed}`)
    const folder = temporaryFolder(t)
    const program = emittedProgram('kill-storm')
    const names = PLANS.map(({ name }) => name)
    const cloud = await prepareCloud(t, folder, names.map(hubOf))
    await cloud.start()
    const arrivals = await followStream(t, await cloud.connect())
    const startedAt = systemClock.monotonic()
    const hubs = await Promise.all(
      PLANS.map(async (plan, index) =>
        runHub(t, { plan, folder, program, cloud, seed: seed + index }),
      ),
    )
    t.comment(`${Math.round(systemClock.monotonic() - startedAt)} ms of storm`)
    const accepted = hubs.reduce((sum, { load }) => sum + load.accepted(), 0)
    const kills = hubs.reduce((sum, hub) => sum + hub.kills, 0)
    for (const { name, load } of hubs) {
      const verdict = await eventually(
        () => arrivals.verdict(name, load.sent(), load.perhaps()),
        ({ missing }) => missing.length === 0,
        DRAINS_WITHIN_MS,
        LOOK_MS,
      )
      t.strictSame(
        verdict,
        { missing: [], twice: [], unknown: [] },
        `${load.accepted()} of ${name}`,
      )
    }
    t.ok(kills >= 200, `${kills} kills`)
    t.ok(accepted >= 1_000_000, `${accepted} readings accepted`)
    const settled = await eventually(
      () => [...arrivals.holes(), ...arrivals.brokenChains()],
      (found) => found.length === 0,
      DRAINS_WITHIN_MS,
      LOOK_MS,
    )
    t.strictSame(settled, [], 'no hole in any sequence, no tail that a next epoch misses')
    t.strictSame(arrivals.conflicts, [], 'no key with two contents')
    t.strictSame(arrivals.undecodable, [], 'every pack can be read')
    t.ok(arrivals.epochs.length > 120, `${arrivals.epochs.length} epochs opened`)
    t.comment(
      `${Math.round(systemClock.monotonic() - startedAt)} ms, ${arrivals.messages} messages`,
    )
  },
)
