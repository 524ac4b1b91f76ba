// Scenes that take longer than a fault: a backlog that drains over a slow link, and a boot that learns
// the time only after its readings have gone out.

import type { Run } from './run.ts'
import type { Site } from './site.ts'

/** A backlog drains over a slow link while readings arrive: live ones come first, all come in order. */
export async function drainSlowly(run: Run, site: Site): Promise<void> {
  run.heal()
  const sources = run.sourcesOf(site)
  await run.world.runUntil(() => site.process?.accepting === true, 30_000)
  site.link.up = false
  sources.padding = 150
  sources.batchMax = 12
  sources.pace(120)
  await pass(run, 6000)
  sources.pace(500)
  sources.batchMax = 2
  site.disturb()
  site.link.bytesPerSecond = 10_000
  site.link.up = true
  // Rows that came back from a damaged or an older card, or were asked for, have an order of their own,
  // and so have those in a pack that is split because one of them is poison.
  const isPlain = !run.damaged && !run.restored && run.poison.size === 0
  if (isPlain && run.asks.isDone) run.watch.expectOrder()
  await run.world.runUntil(() => site.process?.forwarder?.status().backlog === 0, 60_000)
  run.watch.orderMatters = false
  sources.padding = 0
  sources.batchMax = 4
  site.disturb()
  site.link.bytesPerSecond = 1_000_000
}

/** A boot in 1970 sends as it is, and is told the time when most of it is sent. */
export async function learnTimeLate(run: Run, site: Site): Promise<void> {
  run.heal()
  site.machine.hasTimeService = false
  site.cloudTellsTime = false
  site.strike({ power: 'epoch' })
  await run.world.runUntil(() => site.process?.accepting === true, 30_000)
  run.sourcesOf(site).pace(2000)
  await run.world.runUntil(() => site.process?.forwarder?.status().state === 'flowing', 90_000)
  await pass(run, 3000)
  site.machine.hasTimeService = true
}

/** Lets time pass, up to the first broken promise. */
export async function pass(run: Run, ms: number): Promise<void> {
  await run.world.runUntil(() => run.watch.violations.length > 0, ms)
}
