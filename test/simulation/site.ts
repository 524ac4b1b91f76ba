// A house with a hub: machine, card, link, and the agent that a supervisor starts again whenever it
// ends. Kills and power cuts fall here, at the places where a trap waits for them.

import { join } from 'node:path'
import { randomInt } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import type { HubId } from '../../wire/ids.ts'
import type { Outgoing, Publisher } from '../../agent/forwarder/publisher.ts'
import type {
  Committed,
  CommitRequest,
  Opened,
  Salvaged,
} from '../../agent/journal/thread-protocol.ts'
import { AgentProcess } from './agent.ts'
import { bytesOf, copyImage, folderBytes, SimDisk, tear } from './card.ts'
import type { Unsynced } from './card.ts'
import type { SimCloud } from './cloud.ts'
import { HubleafError } from '../../base/errors.ts'
import { READINGS_STREAM } from '../../wire/stream-facts.ts'
import { Link } from './link.ts'
import { Machine } from './machine.ts'
import { PaceJudge } from './pace-judge.ts'
import { packIn } from './packs.ts'
import type { Blow, Plant, Settings, SiteRole, StateName } from './roles.ts'
import type { Watch } from './watch.ts'
import type { World } from './world.ts'
import type { KillPoint } from './writer.ts'

/** After trouble with the disk refusals are to be expected for so long, ms. */
const DISK_TROUBLE_MS = 60_000

/** What a site is made of. */
export interface SiteOptions {
  readonly name: string
  readonly hub: HubId
  readonly world: World
  readonly random: Random
  readonly cloud: SimCloud
  readonly watch: Watch
  readonly plant: Plant
  readonly settings: Settings
  /** Where its images are. */
  readonly root: string
}

/** Waits for the agent to reach a point, in one of the states if any are named. */
export interface Trap {
  readonly point: KillPoint
  readonly state: StateName | undefined
  readonly spring: (process: AgentProcess) => void
}

/** One house. */
export class Site implements SiteRole {
  readonly options: SiteOptions
  readonly name: string
  readonly hub: HubId
  readonly world: World
  readonly random: Random
  readonly plant: Plant
  readonly settings: Settings
  readonly machine: Machine
  readonly disk = new SimDisk()
  readonly link: Link
  /** Epochs that were opened from this site's cards. */
  readonly epochs = new Set<string>()
  folder: string
  process: AgentProcess | undefined
  trap: Trap | undefined
  /** The card's answers take at most this long, ms. */
  slowness = 5
  /** When the world last did something to this site; Infinity while it lasts. */
  disturbedAt = 0
  /** When the disk was last told to refuse something. */
  diskTroubleAt = -Infinity
  /** Pages of the database that were damaged while an agent had it open. */
  readonly hurtPages = new Set<number>()
  /** Bytes of the card when others filled the disk. */
  usedWhenFilled = 0
  /** Whether the cloud's answers to heartbeats tell the time. */
  cloudTellsTime: boolean
  #pace: { readonly judge: PaceJudge; readonly process: AgentProcess } | undefined
  #images = 0
  #before: readonly Unsynced[] = []

  constructor(options: SiteOptions, folder?: string) {
    this.options = options
    this.name = options.name
    this.hub = options.hub
    this.world = options.world
    this.random = options.random
    this.plant = options.plant
    this.settings = options.settings
    this.cloudTellsTime = options.settings.cloudTellsTime
    this.machine = new Machine(options.world, options.random)
    this.link = new Link(options.world)
    this.folder = folder ?? this.newFolder()
  }

  note(text: string): void {
    this.world.note(`${this.name} ${text}`)
  }

  /** A path for a new image. */
  newFolder(): string {
    this.#images += 1
    return join(this.options.root, `${this.name}-${this.#images}`)
  }

  diskLatency(): number {
    return 0.2 + this.random.float() * this.slowness
  }

  /** Others leave so many bytes of the disk to the journal; Infinity ends that. */
  fillDisk(roomBytes: number): void {
    if (roomBytes === Infinity && this.disk.roomBytes === Infinity) return
    this.usedWhenFilled = this.usedBytes
    this.disk.roomBytes = roomBytes
    this.diskTroubleAt = this.world.now
  }

  /** True when the disk has refused something, or may. */
  get diskTrouble(): boolean {
    const recently = this.world.now - this.diskTroubleAt < DISK_TROUBLE_MS
    return recently || this.disk.failures.length > 0 || this.disk.roomBytes !== Infinity
  }

  /** Starts the agent, and again whenever it has ended by itself. */
  start(): void {
    const process = new AgentProcess(this, this.folder)
    this.process = process
    this.note(`agent starts on ${this.folder.slice(this.folder.lastIndexOf('-') + 1)}`)
    process.run().catch((error: unknown) => this.note(`bug: ${String(error)}`))
    process.gone
      .then(() => this.restartAfter(500 + randomInt(this.random, 8000)))
      .catch((error: unknown) => this.note(`bug: ${String(error)}`))
  }

  restartAfter(ms: number): void {
    this.disturb()
    this.world.after(ms, () => this.start())
  }

  /** Something out of the ordinary has happened here, or goes on for so long. */
  disturb(ms = 0): void {
    // What went onto a slow link stays ahead of what comes when it is fast again.
    const lasts = Math.max(ms, this.link.busyMs)
    this.disturbedAt = Math.max(this.disturbedAt, this.world.now + lasts)
  }

  /** Kills the agent now; the image is what a card would hold. */
  strike(blow: Blow): void {
    const process = this.process
    if (process === undefined || !process.alive) return
    const image = this.newFolder()
    copyImage(process.folder, image)
    const torn = this.#before.find(({ name }) => name === blow.tear)
    // A database that has grown meanwhile was written from a log that had been synced before.
    const base = this.#before.find(({ name }) => name === 'journal.db')
    const isSynced = base !== undefined && !bytesOf(image, base.name).equals(base.before)
    const isLog = torn?.name === 'journal.db-wal'
    if (torn !== undefined && !(isLog && isSynced)) tear(image, torn, this.random)
    this.#before = []
    this.options.watch.opening(this, image)
    this.folder = blow.then?.(image) ?? image
    if (blow.power !== undefined) this.machine.reboot(blow.power)
    this.plant.struck(this, blow)
    process.kill()
    this.disturb()
  }

  /** The agent has come to a point; true if that killed it. */
  reached(process: AgentProcess, point: KillPoint): boolean {
    const { trap } = this
    if (process !== this.process || !process.alive) return !process.alive
    if (trap?.point !== point) return false
    if (trap.state !== undefined && !process.states().includes(trap.state)) return false
    this.trap = undefined
    this.note(`trap at ${point}`)
    trap.spring(process)
    return !process.alive
  }

  /** The agent could not open its journal. */
  openFailed(error: unknown): void {
    this.options.watch.openFailed(this, error)
  }

  /** The journal can accept nothing any more: the agent ends, as its main does. */
  ended(process: AgentProcess): void {
    if (process !== this.process || !process.alive) return
    this.note('journal ended')
    process.stop().catch((error: unknown) => this.note(`stop: ${String(error)}`))
  }

  /** The agent is about to open its file. */
  opening(process: AgentProcess): void {
    this.options.watch.opening(this, process.folder)
  }

  opened(process: AgentProcess, opened: Opened): void {
    // What was damaged lies aside now, and the new file's pages are sound.
    if (opened.damaged > 0) this.hurtPages.clear()
    const newest = opened.epochs.reduce((best, one) => (one.number > best.number ? one : best))
    this.epochs.add(newest.id)
    for (const { id } of opened.epochs) this.epochs.add(id)
    this.options.watch.opened(this, newest.id, opened.damaged)
    this.note(`epoch ${newest.id} head ${opened.head} damaged ${opened.damaged}`)
    if (process !== this.process)
      this.note('an agent that is not the site’s has opened its journal')
  }

  /** Keeps what is on the card, if a power cut waits for what comes next. */
  cutting(process: AgentProcess): void {
    if (this.trap?.point !== 'cut') return
    this.#before = ['journal.db', 'journal.db-wal'].map((name) => {
      return { name, before: bytesOf(process.folder, name) }
    })
  }

  committing(process: AgentProcess, request: CommitRequest): void {
    this.options.watch.committing(this, process, request)
  }

  committed(process: AgentProcess, request: CommitRequest, answer: Committed): void {
    this.options.watch.committed(this, process, request, answer)
  }

  salvaged(process: AgentProcess, answer: Salvaged): void {
    this.options.watch.salvaged(this, process, answer)
  }

  /** Bytes of the card's image. */
  get usedBytes(): number {
    return folderBytes(this.process?.folder ?? this.folder)
  }

  /** How this site's agent reaches the cloud. */
  publisherOf(process: AgentProcess): Publisher {
    const { cloud } = this.options
    return {
      publish: async (pack) => {
        if (this.reached(process, 'send')) return new Promise(() => undefined)
        process.sending(pack)
        this.#paced(process, pack)
        const arrived = (stored: boolean): void => {
          if (stored) this.reached(process, 'stored')
        }
        try {
          const answer = await cloud.publish(this.link, pack, arrived)
          if (!process.alive) return await new Promise(() => undefined)
          this.#tellTime(process, pack)
          if (answer.stream !== READINGS_STREAM && !this.plant.anyStream) {
            throw new HubleafError('publish_refused', `${answer.stream} has answered`)
          }
        } catch (error) {
          if (!process.alive) return await new Promise(() => undefined)
          throw error
        } finally {
          process.sent(pack)
        }
      },
    }
  }

  /** The cloud asks the agent to send no more than so many readings of the backlog per second. */
  pace(request: { readonly back: number; readonly forMs: number }): void {
    const { process, world } = this
    if (process?.forwarder === undefined || !process.alive) return
    process.forwarder.limit({ live: null, ...request })
    this.#pace = { judge: new PaceJudge(request, world.now), process }
  }

  /** Tells if more leaves than the cloud has asked for. */
  #paced(process: AgentProcess, pack: Outgoing): void {
    if (this.#pace?.process !== process) return
    const problem = this.#pace.judge.left(pack, this.world.now)
    if (problem !== undefined) this.options.watch.broken('P4', problem)
  }

  /** The cloud answers some heartbeats with its time. */
  #tellTime(process: AgentProcess, pack: Outgoing): void {
    const decoded = packIn(pack)
    if (typeof decoded === 'string' || decoded.type !== '_heartbeat') return
    const sentMono = decoded.readings[0]?.monoMs
    if (sentMono !== undefined && this.cloudTellsTime) process.heard(sentMono)
  }
}
