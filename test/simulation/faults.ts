// The faults: what the world does to an agent. Each is applied to one site at one moment; those that
// last end by themselves or when the world heals. Kills come at points that the agent passes.

import { randomInt } from '../../base/random.ts'
import type { StateName } from './roles.ts'
import type { Fate } from './cloud.ts'
import { damageImage, damageLive, restoreImage, saveImage } from './losses.ts'
import type { Run } from './run.ts'
import type { Blow } from './roles.ts'
import type { Site } from './site.ts'
import type { KillPoint } from './writer.ts'

/** A fault by its name in the table. */
export interface Fault {
  readonly name: string
  /** How often it is chosen, beside others. */
  readonly weight: number
  /** Whether it can happen in this run; left out where it always can. */
  readonly isPossible?: (run: Run) => boolean
  /** What must be there before the state is. */
  readonly prepare?: (run: Run, site: Site) => void
  /** Lets it happen. Kills at a point say when it has happened by themselves. */
  apply(run: Run, site: Site, state: StateName | undefined): void
}

/** Waits for a point in the agent's way, and kills it there. */
function killAt(point: KillPoint): Fault {
  const name = `kill: ${point}`
  return trapped(name, point, () => ({}))
}

function trapped(name: string, point: KillPoint, blow: (run: Run, site: Site) => Blow): Fault {
  return {
    name,
    weight: 1,
    apply(run, site, state) {
      site.trap = {
        point,
        state,
        spring: (process) => {
          run.tally.count(name, process.states())
          site.strike(blow(run, site))
        },
      }
    },
  }
}

function blow(name: string, weight: number, make: (run: Run, site: Site) => Blow): Fault {
  return instant(name, weight, (run, site) => site.strike(make(run, site)))
}

/** Counts the states as they are, then happens. */
function instant(name: string, weight: number, happen: (run: Run, site: Site) => void): Fault {
  return {
    name,
    weight,
    apply(run, site) {
      run.tally.count(name, site.process?.states() ?? [])
      site.note(`fault ${name}`)
      site.disturb()
      happen(run, site)
    },
  }
}

/** The next pack that arrives meets this fate; so the agent has a pack under way then. */
function fate(name: string, what: Fate): Fault {
  return {
    name,
    weight: 1,
    apply(run, site, state) {
      run.nextFates.push({ site, what, state, name })
    },
  }
}

function bootClock(run: Run): 'right' | 'epoch' | 'old' {
  return (['right', 'epoch', 'old'] as const)[randomInt(run.random, 3)] ?? 'right'
}

function wall(days: number): (run: Run, site: Site) => void {
  return (_run, site) => site.machine.jump(days)
}

function diskFails(name: string, failure: 'full' | 'io' | 'sync'): Fault {
  return {
    name,
    weight: 1,
    apply(run, site, state) {
      site.trap = {
        point: 'commit',
        state,
        spring: (process) => {
          run.tally.count(name, process.states())
          site.note(`fault ${name}`)
          site.disturb()
          site.diskTroubleAt = run.world.now
          site.disk.failures.push(failure)
        },
      }
    },
  }
}

/** All faults; the names are the rows of the table. */
export const FAULTS: readonly Fault[] = [
  ...(
    ['append', 'begin', 'commit', 'committed', 'settle', 'settled', 'send', 'stored'] as const
  ).map(killAt),
  blow('kill: any moment', 2, () => ({})),
  trapped('cut: torn log', 'cut', (run) => ({ power: bootClock(run), tear: 'journal.db-wal' })),
  trapped('cut: torn database', 'cut', (run) => ({ power: bootClock(run), tear: 'journal.db' })),
  blow('cut: any moment', 1, (run) => ({ power: bootClock(run) })),
  ...(['base', 'log'] as const).flatMap((target) =>
    (['bits', 'block'] as const).map((how) =>
      blow(`damage: ${how} in the ${target === 'base' ? 'database' : 'log'}`, 0.7, (run, site) => ({
        power: 'right',
        then: (folder) => damageImage(run, site, folder, target, how),
      })),
    ),
  ),
  instant('damage: bits under the agent', 0.7, damageLive),
  diskFails('disk: no room once', 'full'),
  diskFails('disk: write error once', 'io'),
  diskFails('disk: sync fails once', 'sync'),
  instant('disk: filled by others', 1, (run, site) => {
    const { keepFreeBytes } = site.settings
    site.fillDisk(site.usedBytes + randomInt(run.random, keepFreeBytes + 200_000))
    run.later(2000 + randomInt(run.random, 30_000), () => site.fillDisk(Infinity))
  }),
  instant('disk: slow', 1, (run, site) => {
    site.slowness = 1000
    run.later(randomInt(run.random, 10_000), () => (site.slowness = 5))
  }),
  fate('ack: lost', 'ack_lost'),
  fate('ack: late', 'ack_late'),
  fate('ack: twice', 'ack_twice'),
  fate('ack: of another stream', 'foreign'),
  fate('stream: poison', 'poison'),
  instant('stream: full', 1, (run) => run.streamFor('full', 500 + randomInt(run.random, 15_000))),
  instant('stream: refuses', 1, (run) =>
    run.streamFor('refused', 500 + randomInt(run.random, 15_000)),
  ),
  instant('link: down for seconds', 2, (run, site) => {
    site.link.up = false
    run.later(200 + randomInt(run.random, 20_000), () => (site.link.up = true))
  }),
  instant('link: slow', 1, (run, site) => {
    site.link.bytesPerSecond = 4000
    run.later(5000 + randomInt(run.random, 30_000), () => (site.link.bytesPerSecond = 1_000_000))
  }),
  instant('link: down for hours', 0.4, (run, site) => {
    run.outage(site, 3_600_000 * (1 + randomInt(run.random, 8)))
  }),
  instant('link: down for weeks', 0.2, (run, site) => {
    run.outage(site, 7 * 86_400_000 * (1 + randomInt(run.random, 4)))
  }),
  instant('clock: two weeks back', 0.7, wall(-14)),
  instant('clock: years ahead', 0.7, wall(1000)),
  {
    ...blow('card: restored', 0.3, (run, site) => ({
      power: 'right',
      then: (folder) => restoreImage(run, site, folder),
    })),
    prepare: (run, site) => {
      if (!run.saved.has(site)) saveImage(run, site)
    },
  },
  {
    ...instant('card: cloned', 0.2, (run, site) => run.clone(site)),
    isPossible: (run) => run.sites.length === 1,
  },
  instant('quota: flooded', 0.5, (run, site) => flood(run, site)),
  instant('cloud: has lost rows', 0.7, (run, site) => run.asks.lose(site)),
  instant('cloud: sets a pace', 0.5, (run, site) => {
    const { random } = run
    site.pace({ back: 5 + randomInt(random, 100), forMs: 3000 + randomInt(random, 20_000) })
  }),
  instant('agent: stopped', 1, (_run, site) => {
    site.process?.stop().catch((error: unknown) => site.note(`stop: ${String(error)}`))
  }),
]

const LARGE_QUOTA_BYTES = 10_000_000

/** More than a small quota holds, in a few seconds, while nothing can be sent. */
function flood(run: Run, site: Site): void {
  const sources = run.sourcesOf(site)
  site.link.up = false
  sources.filler = 4000
  sources.batchMax = 8
  // A large quota is not filled in seconds: there it is only a burst.
  sources.pace(site.settings.quotaBytes < LARGE_QUOTA_BYTES ? 14 : 60)
  run.later(2000, () => {
    sources.filler = 0
    sources.batchMax = 4
    sources.pace(700)
  })
  run.later(4000, () => (site.link.up = true))
}

/** Their names, the rows of the table. */
export const FAULT_NAMES: readonly string[] = FAULTS.map(({ name }) => name)
