// Brings an agent into a state in which a fault is to meet it, and holds it there: most faults need
// only a moment, a settlement that is written while nothing gets through needs half a minute.

import { randomInt } from '../../base/random.ts'
import { damageImage } from './losses.ts'
import type { StateName } from './roles.ts'
import type { Run } from './run.ts'
import type { Site } from './site.ts'

/** A stage that lasts only for what follows at once, ms; and one that outlasts a settlement. */
const SHORT_MS = 8000
const LONG_MS = 45_000

/** How long an agent may take to get into a state, ms. */
const PATIENCE_MS = 20_000

/** How slow a link must be for packs to be under way while the forwarder waits, ms one way. */
const SLOW_LINK_MS = 1500

/** How slow a card must be for a commit to be met by something else, ms. */
const SLOW_CARD_MS = 300

/** How long a fault may take to meet the agent, ms. */
export function patienceFor(fault: string): number {
  return isLong(fault) ? LONG_MS : 5000
}

/** Brings the agent into a state for a fault; false if it would not go there. */
export async function stage(
  run: Run,
  site: Site,
  state: StateName,
  fault: string,
): Promise<boolean> {
  const isThere = (): boolean => site.process?.states().includes(state) === true
  if (isThere() && !needsMore(state, fault)) return true
  await SET[state](run, site, fault)
  return run.world.runUntil(isThere, PATIENCE_MS)
}

/** What was set up for a state ends with the fault. */
export function strikeStage(run: Run, site: Site): void {
  site.disturbedAt = run.world.now
  site.disturb(run.streamLeftMs)
  site.slowness = 5
  site.link.latencyMs = 20
  run.sourcesOf(site).pace(700)
}

/** Settlements are written with a commit once they are half a minute old. */
function isLong(fault: string): boolean {
  return fault.startsWith('kill: settle')
}

/** Faults that need a pack under way. */
function needsPack(fault: string): boolean {
  return /^(ack:|stream: poison|kill: stored)/.test(fault)
}

function needsMore(state: StateName, fault: string): boolean {
  const isHeld = state === 'waiting' || state === 'probing' || state === 'salvaging'
  return (isHeld && (isLong(fault) || needsPack(fault))) || (isHeld && fault === 'kill: append')
}

type Set = (run: Run, site: Site, fault: string) => Promise<void>

const SET: Readonly<Record<StateName, Set>> = {
  async starting(_run, site) {
    site.strike({})
  },
  async idle(run, site) {
    run.sourcesOf(site).pace(5000)
  },
  async appending(run, site) {
    run.sourcesOf(site).pace(100)
  },
  async committing(run, site) {
    site.slowness = SLOW_CARD_MS
    run.sourcesOf(site).pace(100)
  },
  async flowing(run) {
    run.heal()
  },
  async full(run, site) {
    fill(run, site, 25_000)
  },
  async stopping(run, site, fault) {
    if (needsPack(fault)) slowLink(site, SLOW_LINK_MS / 2)
    await run.world.runUntil(() => site.process?.accepting === true, 30_000)
    const isSending = (): boolean => (site.process?.forwarder?.status().inFlight ?? 0) > 0
    if (needsPack(fault)) await run.world.runUntil(isSending, 5000)
    site.process?.stop().catch((error: unknown) => site.note(`stop: ${String(error)}`))
  },
  salvaging,
  waiting,
  probing,
}

function slowLink(site: Site, latencyMs: number): void {
  // As long as a stage may take; its end is told by `strikeStage`.
  site.disturb(2 * LONG_MS)
  site.link.latencyMs = latencyMs
}

/** Others fill the disk up to the journal's reserve. */
function fill(run: Run, site: Site, ms: number): void {
  site.fillDisk(site.usedBytes + site.settings.keepFreeBytes + 20_000)
  run.later(ms, () => site.fillDisk(Infinity))
}

/** A damaged file on a slow card; with a full disk its salvage has to wait. */
async function salvaging(run: Run, site: Site, fault: string): Promise<void> {
  // Without a power cut the time stays known, and rows are sent at once.
  const power = run.random.float() < 0.5 && !isLong(fault) ? { power: 'right' as const } : {}
  site.strike({
    ...power,
    then: (folder) => damageImage(run, site, folder, 'base', 'block'),
  })
  site.slowness = SLOW_CARD_MS
  run.sourcesOf(site).pace(fault === 'kill: append' ? 20 : 150)
  if (isLong(fault) || needsPack(fault)) fill(run, site, LONG_MS)
}

/** The stream refuses what is under way, or the link is gone. */
async function waiting(run: Run, site: Site, fault: string): Promise<void> {
  if (needsPack(fault)) {
    await flow(run, site)
    slowLink(site, SLOW_LINK_MS)
    run.sourcesOf(site).pace(60)
    await run.world.runUntil(() => false, SLOW_LINK_MS)
    run.streamFor('refused', SHORT_MS)
    return
  }
  if (isLong(fault)) await flow(run, site)
  site.link.up = false
  run.later(isLong(fault) ? LONG_MS : SHORT_MS, () => (site.link.up = true))
}

/** Nothing that is sent is answered; or one pack at a time has a long way. */
async function probing(run: Run, site: Site, fault: string): Promise<void> {
  if (isLong(fault)) {
    await flow(run, site)
    run.streamFor('ack_lost', LONG_MS)
    return
  }
  site.link.up = false
  await run.world.runUntil(() => false, 1000)
  slowLink(site, SLOW_LINK_MS)
  site.link.up = true
}

/** Some packs get through, so that there is something to settle. */
async function flow(run: Run, site: Site): Promise<void> {
  run.heal()
  const isFlowing = (): boolean => site.process?.forwarder?.status().state === 'flowing'
  await run.world.runUntil(isFlowing, PATIENCE_MS)
  await run.world.runUntil(() => false, 500 + randomInt(run.random, 1000))
}
