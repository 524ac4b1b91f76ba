// Directs a run: chooses faults and the states in which they are to meet the agent, brings the agent
// into those states, and lets time pass. At the end everything heals and the agent has to come to rest.

import { randomInt } from '../../base/random.ts'
import { FAULTS } from './faults.ts'
import type { Fault } from './faults.ts'
import { excuseHurt, saveImage } from './losses.ts'
import { STATES } from './roles.ts'
import type { StateName } from './roles.ts'
import type { Run } from './run.ts'
import { drainSlowly, learnTimeLate, pass } from './scenes.ts'
import type { Site } from './site.ts'
import { patienceFor, stage, strikeStage } from './stages.ts'
import { reasonFor } from './table.ts'

/** A run has at least so many steps and faults. */
const STEPS_MIN = 2000
const FAULTS_MIN = 20

/** No run is longer than this, steps. */
const STEPS_MAX = 200_000

/** Of the faults of a run the first are aimed at cells of the table, in turn from seed to seed. */
const WISHES_PER_RUN = 7

/** How often the cloud is asked to ask again for what it has lost, at the end. */
const ASKS_MAX = 20

/** The agent must have come to rest within this after everything has healed, ms. */
const REST_MS = 4 * 3_600_000

interface Wish {
  readonly fault: Fault
  readonly state: StateName | undefined
}

/** Runs a simulation up to the moment when it can be judged. */
export async function direct(run: Run): Promise<void> {
  const { world, watch, tally, random } = run
  const broken = (): boolean => watch.violations.length > 0
  watch.opening = (role, folder) => {
    const site = run.sites.find(({ name }) => name === role.name)
    if (site !== undefined) excuseHurt(run, site, folder)
  }
  for (const site of run.sites) {
    site.start()
    run.sourcesOf(site).pace(700)
  }
  await pass(run, 3000)
  for (let turn = 0; !broken() && world.steps < STEPS_MAX; turn += 1) {
    if (world.steps >= STEPS_MIN && tally.faults >= FAULTS_MIN) break
    const site = run.sites[randomInt(random, run.sites.length)]
    if (site === undefined) break
    await act(run, site, turn < WISHES_PER_RUN ? wished(run, turn) : chance(run))
    if (random.float() < 0.04) await drainSlowly(run, site)
    if (random.float() < 0.1) saveImage(run, site)
  }
  const [site] = run.sites
  if (!broken() && site !== undefined && random.float() < 0.1) await learnTimeLate(run, site)
  if (!broken()) await comeToRest(run)
}

/** One fault in one state, and what follows. */
async function act(run: Run, site: Site, { fault, state }: Wish): Promise<void> {
  const { random, tally, world } = run
  fault.prepare?.(run, site)
  site.disturb()
  const ready = state === undefined || (await stage(run, site, state, fault.name))
  const before = tally.faults
  fault.apply(run, site, ready ? state : undefined)
  await world.runUntil(() => tally.faults > before, patienceFor(fault.name))
  await pass(run, randomInt(random, 3000))
  run.nextFates = []
  site.trap = undefined
  if (state !== undefined) strikeStage(run, site)
  if (random.float() < 0.3) run.heal()
  run.sourcesOf(site).pace(700)
}

const CELLS: readonly Wish[] = FAULTS.flatMap((fault) =>
  STATES.filter((state) => reasonFor(fault.name, state) === undefined).map((state) => {
    return { fault, state }
  }),
)

/** The next cell that this seed is to fill. */
function wished(run: Run, turn: number): Wish {
  const cell = CELLS[(run.seed * WISHES_PER_RUN + turn) % CELLS.length]
  return cell?.fault.isPossible?.(run) === false || cell === undefined ? chance(run) : cell
}

/** Any fault, mostly in some state. */
function chance(run: Run): Wish {
  const { random } = run
  const state = random.float() < 0.5 ? STATES[randomInt(random, STATES.length)] : undefined
  const fault = choose(run)
  const isVain = state === undefined || reasonFor(fault.name, state) !== undefined
  return { fault, state: isVain ? undefined : state }
}

function choose(run: Run): Fault {
  const possible = FAULTS.filter((fault) => fault.isPossible?.(run) !== false)
  const sum = possible.reduce((total, { weight }) => total + weight, 0)
  let left = run.random.float() * sum
  const chosen = possible.find(({ weight }) => (left -= weight) < 0) ?? possible[0]
  if (chosen === undefined) throw new RangeError('there are no faults')
  return chosen
}

/** Nothing happens any more; all that is owed must arrive. */
async function comeToRest(run: Run): Promise<void> {
  run.heal()
  for (const site of run.sites) run.sourcesOf(site).pace(Infinity)
  await pass(run, 180_000)
  run.heal()
  const isQuiet = (): boolean => run.sites.every(({ process }) => process?.quiet === true)
  const done = (): boolean => run.watch.violations.length > 0 || isQuiet()
  let rested = await run.world.runUntil(done, REST_MS)
  for (let asked = 0; rested && !run.asks.isDone && asked < ASKS_MAX; asked += 1) {
    run.asks.again()
    await pass(run, 5000)
    rested = await run.world.runUntil(done, REST_MS)
  }
  if (rested) return
  for (const { name, process } of run.sites) {
    const status = process?.forwarder?.status()
    const journal = process?.journal?.status()
    const unsettled = process?.journal?.unsettled()
    const facts = JSON.stringify({ status, journal, unsettled })
    run.watch.broken('P8', `${name} does not come to rest: ${facts}`)
  }
}
