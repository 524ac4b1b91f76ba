// Directs a run: chooses faults and the states in which they are to meet the agent, brings the agent
// into those states, and lets time pass. At the end everything heals and the agent has to come to rest.

import { randomInt } from '../../base/random.ts'
import { STATES } from './roles.ts'
import type { StateName } from './roles.ts'
import { FAULTS } from './faults.ts'
import type { Fault } from './faults.ts'
import { damageImage, saveImage } from './losses.ts'
import type { Run } from './run.ts'
import type { Site } from './site.ts'

/** A run has at least so many steps and faults. */
const STEPS_MIN = 2000
const FAULTS_MIN = 20

/** No run is longer than this, steps. */
const STEPS_MAX = 200_000

/** The agent must have come to rest within this after everything has healed, ms. */
const REST_MS = 4 * 3_600_000

/** Runs a simulation up to the moment when it can be judged. */
export async function direct(run: Run): Promise<void> {
  const { world, watch, tally, random } = run
  const broken = (): boolean => watch.violations.length > 0
  for (const site of run.sites) {
    site.start()
    run.sourcesOf(site).pace(300)
  }
  await pass(run, 3000)
  while (!broken() && world.steps < STEPS_MAX) {
    if (world.steps >= STEPS_MIN && tally.faults >= FAULTS_MIN) break
    const site = run.sites[randomInt(random, run.sites.length)]
    if (site === undefined) break
    await act(run, site)
    if (random.float() < 0.04) await drainSlowly(run, site)
    if (random.float() < 0.1) saveImage(run, site)
  }
  if (!broken()) await comeToRest(run)
}

/** One fault in one state, and what follows. */
async function act(run: Run, site: Site): Promise<void> {
  const { random } = run
  const state = random.float() < 0.7 ? STATES[randomInt(random, STATES.length)] : undefined
  const fault = choose(run)
  const before = run.tally.faults
  const ready = state === undefined || (await stage(run, site, state))
  fault.apply(run, site, ready ? state : undefined)
  await run.world.runUntil(() => run.tally.faults > before, 5000)
  await pass(run, randomInt(random, 3000))
  run.nextFates = []
  site.trap = undefined
  if (random.float() < 0.3) run.heal()
  run.sourcesOf(site).pace(300)
}

function choose(run: Run): Fault {
  const sum = FAULTS.reduce((total, { weight }) => total + weight, 0)
  let left = run.random.float() * sum
  const chosen = FAULTS.find(({ weight }) => (left -= weight) < 0) ?? FAULTS[0]
  if (chosen === undefined) throw new RangeError('there are no faults')
  return chosen
}

/** Brings the agent into a state; false if it would not go there. */
async function stage(run: Run, site: Site, state: StateName): Promise<boolean> {
  const isThere = (): boolean => site.process?.states().includes(state) === true
  if (isThere()) return true
  if (state === 'starting' || state === 'salvaging') {
    const isBad = state === 'salvaging'
    site.strike({
      ...(isBad ? { power: 'right' as const } : {}),
      then: (folder) => (isBad ? damageImage(run, site, folder, 'base', 'block') : folder),
    })
  } else if (state === 'stopping') {
    await run.world.runUntil(() => site.process?.accepting === true, 30_000)
    site.process?.stop().catch((error: unknown) => site.note(`stop: ${String(error)}`))
  } else if (state === 'waiting' || state === 'probing') await trouble(run, site, state)
  else if (state === 'idle') run.sourcesOf(site).pace(5000)
  else if (state === 'full') {
    site.diskTroubleAt = run.world.now
    site.disk.roomBytes = site.usedBytes + site.settings.keepFreeBytes + 20_000
    run.later(25_000, () => (site.disk.roomBytes = Infinity))
  } else if (state === 'flowing') run.heal()
  const there = await run.world.runUntil(isThere, 20_000)
  return there
}

/** A link so slow that packs stay under way while the forwarder waits, or while it probes. */
async function trouble(run: Run, site: Site, state: 'waiting' | 'probing'): Promise<void> {
  site.link.latencyMs = 1500
  if (state === 'waiting' && run.random.float() < 0.5) {
    await pass(run, 500)
    run.streamFor('refused', 1700)
  } else site.link.up = false
  if (state === 'probing') {
    await pass(run, 1000)
    site.link.up = true
  }
  run.later(8000, () => {
    site.link.up = true
    site.link.latencyMs = 20
  })
}

/** A backlog drains over a slow link while readings arrive: live ones come first, all come in order. */
async function drainSlowly(run: Run, site: Site): Promise<void> {
  run.heal()
  const sources = run.sourcesOf(site)
  await run.world.runUntil(() => site.process?.accepting === true, 30_000)
  site.link.up = false
  sources.padding = 150
  sources.batchMax = 12
  sources.pace(60)
  await pass(run, 6000)
  sources.pace(300)
  sources.batchMax = 2
  site.disturb()
  site.link.bytesPerSecond = 10_000
  site.link.up = true
  // Rows that came back from a damaged or an older card have an order of their own.
  if (!run.damaged && !run.restored) run.watch.expectOrder()
  await run.world.runUntil(() => site.process?.forwarder?.status().backlog === 0, 60_000)
  run.watch.orderMatters = false
  sources.padding = 0
  sources.batchMax = 4
  site.disturb()
  site.link.bytesPerSecond = 1_000_000
}

async function pass(run: Run, ms: number): Promise<void> {
  await run.world.runUntil(() => run.watch.violations.length > 0, ms)
}

/** Nothing happens any more; all that is owed must arrive. */
async function comeToRest(run: Run): Promise<void> {
  run.heal()
  for (const site of run.sites) run.sourcesOf(site).pace(Infinity)
  await pass(run, 180_000)
  run.heal()
  const isQuiet = (): boolean => run.sites.every(({ process }) => process?.quiet === true)
  const done = (): boolean => run.watch.violations.length > 0 || isQuiet()
  const rested = await run.world.runUntil(done, REST_MS)
  if (rested) return
  for (const { name, process } of run.sites) {
    const status = process?.forwarder?.status()
    const journal = process?.journal?.status()
    run.watch.broken(
      'P8',
      `${name} does not come to rest: ${JSON.stringify({ status, journal, unsettled: process?.journal?.unsettled() })}`,
    )
  }
}
