// One simulation: a world, its sites and its cloud, all from a seed. What happens in it is directed
// and judged elsewhere.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { randomInt, seededRandom } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import type { Outgoing } from '../../agent/forwarder/publisher.ts'
import { hubOf } from '../fixtures/readings.ts'
import { copyImage } from './card.ts'
import { CloudAsks } from './cloud-asks.ts'
import { SimCloud } from './cloud.ts'
import type { Fate } from './cloud.ts'
import { packIn } from './packs.ts'
import type { Plant, Settings, SiteRole, StateName } from './roles.ts'
import { toRefusal } from './refusal.ts'
import { Site } from './site.ts'
import { Sources } from './sources.ts'
import { Tally } from './table.ts'
import { numberOf, Truth } from './truth.ts'
import { Watch } from './watch.ts'
import { World } from './world.ts'

/** In how many leaps a long outage passes. */
const OUTAGE_LEAPS = 10

/** What a run is asked for. */
export interface RunOptions {
  readonly seed: number
  readonly plant: Plant
  /** A folder of its own, removed at the end. */
  readonly root: string
  readonly trace?: ((line: string) => void) | undefined
}

interface AwaitedFate {
  readonly site: Site
  readonly what: Fate
  readonly state: StateName | undefined
  readonly name: string
}

/** A simulation that is running. */
export class Run {
  readonly seed: number
  readonly world: World
  readonly random: Random
  readonly truth = new Truth()
  readonly watch: Watch
  readonly cloud: SimCloud
  readonly tally = new Tally()
  readonly sites: Site[] = []
  readonly root: string
  /** Fates that wait for a pack. */
  nextFates: AwaitedFate[] = []
  /** Readings that the stream will never take. */
  readonly poison = new Set<number>()
  /** Images that may be restored, by site. */
  readonly saved = new Map<Site, string>()
  damaged = false
  restored = false
  /** When the world last damaged or exchanged a card. */
  harmedAt = -Infinity
  readonly asks: CloudAsks
  readonly #plant: Plant
  readonly #sources = new Map<SiteRole, Sources>()
  readonly #settings: Settings
  #streamFate: Fate = 'stored'
  #streamUntil = 0

  constructor(options: RunOptions) {
    this.seed = options.seed
    this.world = new World(options.trace)
    this.random = seededRandom(options.seed)
    this.root = options.root
    this.#plant = options.plant
    this.#settings = chooseSettings(this.random)
    this.watch = new Watch(this.world, this.truth, this.sites)
    this.cloud = new SimCloud({
      world: this.world,
      store: (pack) => this.watch.heard(pack),
      fate: (pack) => this.#fateOf(pack),
      toRefusal,
    })
    this.asks = new CloudAsks(this.watch, this.random)
    this.watch.forget = (site) => this.sourcesOf(site).forget()
    this.addSite('house')
  }

  /** A house of the same hub, from an image or with an empty card. */
  addSite(name: string, folder?: string): Site {
    const { world, cloud, watch, root } = this
    const random = seededRandom(randomInt(this.random, 2 ** 32))
    const named = { name, hub: hubOf('h1'), plant: this.#plant, settings: this.#settings }
    const site = new Site({ ...named, world, random, cloud, watch, root }, folder)
    mkdirSync(site.folder, { recursive: true })
    this.sites.push(site)
    const sources = new Sources(site, watch, seededRandom(randomInt(this.random, 2 ** 32)))
    this.#sources.set(site, sources)
    site.machine.hasTimeService = this.random.float() < 0.7
    this.#keepTime(site)
    return site
  }

  sourcesOf(site: SiteRole): Sources {
    const sources = this.#sources.get(site)
    if (sources === undefined) throw new RangeError(`${site.name} has no sources`)
    return sources
  }

  /** A second agent begins with a copy of this one's card, under the same name. */
  clone(site: Site): void {
    if (this.sites.length > 1) return
    this.watch.hasTwins = true
    const folder = join(this.root, 'clone-0')
    copyImage(site.process?.folder ?? site.folder, folder)
    const clone = this.addSite('clone', folder)
    for (const epoch of site.epochs) clone.epochs.add(epoch)
    clone.start()
    this.sourcesOf(clone).pace(this.sourcesOf(site).tempoMs)
  }

  later(ms: number, action: () => void): void {
    this.world.after(ms, () => {
      for (const site of this.sites) site.disturb()
      action()
    })
  }

  /** The stream meets everybody with this for a while. */
  streamFor(fate: Fate, ms: number): void {
    this.#streamFate = fate
    this.#streamUntil = this.world.now + ms
    for (const site of this.sites) site.disturb(ms)
    this.later(ms, () => undefined)
  }

  /** How long the stream goes on as it was told, ms. */
  get streamLeftMs(): number {
    return this.#streamFate === 'stored' ? 0 : Math.max(0, this.#streamUntil - this.world.now)
  }

  /** No link for a long time, most of which passes in leaps; a few readings come between them. */
  outage(site: Site, ms: number): void {
    site.link.up = false
    for (const one of this.sites) this.sourcesOf(one).pace(1500)
    const leap = (left: number): void => {
      for (const one of this.sites) one.disturb()
      // A reading that is handed over before a leap and kept after it would be days late.
      if (this.sites.some(({ process }) => process?.isAppending === true)) {
        this.later(50, () => leap(left))
        return
      }
      // Who heals the world ends the outage, too.
      if (left === 0 || site.link.up) {
        site.link.up = true
        return
      }
      this.world.leap(ms / OUTAGE_LEAPS)
      this.later(300 + randomInt(this.random, 900), () => leap(left - 1))
    }
    this.later(1000, () => leap(OUTAGE_LEAPS))
  }

  /** The world does no more harm. */
  heal(): void {
    this.nextFates = []
    this.#streamFate = 'stored'
    for (const site of this.sites) {
      site.trap = undefined
      site.slowness = 5
      site.disk.failures.length = 0
      site.fillDisk(Infinity)
      site.link.up = true
      site.link.latencyMs = 20
      site.link.bytesPerSecond = 1_000_000
      this.sourcesOf(site).padding = 0
      this.sourcesOf(site).filler = 0
      this.sourcesOf(site).batchMax = 4
      site.disturb()
    }
  }

  #fateOf(pack: Outgoing): Fate {
    const site = this.sites.find(({ process }) => process?.isSending(pack) === true)
    const states = site?.process?.states() ?? []
    const index = this.nextFates.findIndex((one) => {
      return one.site === site && (one.state === undefined || states.includes(one.state))
    })
    const [awaited] = index < 0 ? [] : this.nextFates.splice(index, 1)
    if (awaited !== undefined) {
      this.tally.count(awaited.name, states)
      site?.disturb()
      if (awaited.what !== 'poison') return awaited.what
    }
    // What somebody waits for comes first, or it would not meet a forwarder that the stream refuses.
    const isRefusing = awaited === undefined && this.world.now < this.#streamUntil
    if (isRefusing && this.#streamFate !== 'stored') return this.#streamFate
    return this.#poisoned(pack, awaited !== undefined) ? 'poison' : 'stored'
  }

  /** True if a reading of the pack is poison; `more` makes one of them so. */
  #poisoned(pack: Outgoing, more: boolean): boolean {
    if (!more && this.poison.size === 0) return false
    const decoded = packIn(pack)
    if (typeof decoded === 'string' || decoded.type.startsWith('_')) return false
    const numbers = decoded.readings.flatMap(({ value }) => numberOf(value) ?? [])
    const chosen = numbers[randomInt(this.random, numbers.length)]
    if (more && chosen !== undefined) this.poison.add(chosen)
    return numbers.some((n) => this.poison.has(n))
  }

  /** The time service of a machine answers a while after there is a network. */
  #keepTime(site: Site): void {
    this.world.after(5000 + randomInt(this.random, 60_000), () => {
      if (site.link.up && site.machine.hasTimeService) site.machine.sync()
      this.#keepTime(site)
    })
  }
}

function chooseSettings(random: Random): Settings {
  const small = random.float() < 0.4
  return {
    flushIntervalMs: 1000,
    minSyncGapMs: random.float() < 0.3 ? 200 : 0,
    keepSettledMs: [0, 60_000, 3_600_000][randomInt(random, 3)] ?? 0,
    quotaBytes: small ? 2_000_000 : 64_000_000,
    keepFreeBytes: 400_000,
    ballastBytes: 131_072,
    whenFull:
      (['drop_oldest', 'drop_oldest', 'drop_newest', 'block'] as const)[randomInt(random, 4)] ??
      'drop_oldest',
    cloudTellsTime: random.float() < 0.6,
  }
}
