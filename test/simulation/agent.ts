// One process of the agent in simulation: the real journal and the real forwarder, put together as
// the agent puts them together, on simulated time, disk and link. It can be stopped or killed at any
// moment; what a dead process still does counts for nobody.

import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { seededRandom, randomInt } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { keepClock } from '../../agent/clock/clock-keeper.ts'
import type { ClockKeeper, KeptClock } from '../../agent/clock/clock-keeper.ts'
import { startForwarder } from '../../agent/forwarder/forwarder.ts'
import type { Forwarder } from '../../agent/forwarder/forwarder-status.ts'
import type { Outgoing, Publisher } from '../../agent/forwarder/publisher.ts'
import type { Accepted, Journal, Urgency } from '../../agent/journal/journal.ts'
import { openJournal } from '../../agent/journal/sqlite-journal.ts'
import type { SourceReading } from '../../wire/reading.ts'
import { beat } from './beat.ts'
import { processClock } from './machine.ts'
import type { ProcessClock } from './machine.ts'
import { packIn } from './packs.ts'
import type { AgentRole, SiteRole, StateName } from './roles.ts'
import type { KillPoint } from './writer.ts'
import { openSimWriter } from './writer.ts'
import type { WriterHost } from './writer.ts'

/** A process of the agent. */
export class AgentProcess implements AgentRole {
  readonly site: SiteRole
  readonly clock: ProcessClock
  readonly random: Random
  /** The image that it works on. */
  readonly folder: string
  readonly #died = new AbortController()
  readonly #done = Promise.withResolvers<undefined>()
  #busy: 'opening' | 'commit' | 'salvage' | undefined = 'opening'
  #journal: Journal | undefined
  #forwarder: Forwarder | undefined
  #kept: KeptClock | undefined
  readonly #flying = new Set<Outgoing>()
  #appending = 0
  #stopping = false
  /** The epoch that it has opened. */
  epoch = ''

  constructor(site: SiteRole, folder: string) {
    this.site = site
    this.folder = folder
    this.random = seededRandom(randomInt(site.random, 2 ** 32))
    this.clock = processClock(site.world, site.machine)
  }

  get alive(): boolean {
    return !this.#died.signal.aborted
  }

  /** Resolves when the process is gone, however it went. */
  get gone(): Promise<undefined> {
    return this.#done.promise
  }

  get journal(): Journal | undefined {
    return this.#journal
  }

  get forwarder(): Forwarder | undefined {
    return this.#forwarder
  }

  get accepting(): boolean {
    return this.alive && this.#journal !== undefined && !this.#stopping
  }

  /** True when all is sent and nothing is left to do. */
  get quiet(): boolean {
    const journal = this.#journal
    const status = this.#forwarder?.status()
    return (
      this.accepting &&
      this.#appending === 0 &&
      this.#busy === undefined &&
      status?.backlog === 0 &&
      status.inFlight === 0 &&
      journal?.status().salvaging === 0 &&
      journal.unsettled().length === 0
    )
  }

  /** Runs until it is stopped, killed or broken. */
  async run(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      if (!this.alive) return
      this.site.note(`start failed: ${messageOf(error)}`)
      this.site.openFailed(error)
      this.#end()
    }
  }

  /** Somebody waits for the answer to a reading. */
  get isAppending(): boolean {
    return this.alive && this.#appending > 0
  }

  isSending(pack: Outgoing): boolean {
    return this.#flying.has(pack)
  }

  /** A pack leaves. */
  sending(pack: Outgoing): void {
    this.#flying.add(pack)
  }

  /** A pack has its answer. */
  sent(pack: Outgoing): void {
    this.#flying.delete(pack)
  }

  /** The keys of the readings that are under way. */
  inFlight(): ReadonlySet<string> {
    const keys = new Set<string>()
    for (const flying of this.#flying) {
      const pack = packIn(flying)
      if (typeof pack === 'string') continue
      for (const { seq } of pack.readings) keys.add(`${pack.epoch} ${pack.type} ${seq}`)
    }
    return keys
  }

  /** What it is doing at this moment. */
  states(): readonly StateName[] {
    if (!this.alive) return []
    if (this.#stopping) return ['stopping', ...this.#fileStates()]
    const journal = this.#journal
    if (journal === undefined) return ['starting']
    const status = this.#forwarder?.status()
    const sending = status !== undefined && status.inFlight > 0
    const idle =
      this.#busy === undefined && this.#appending === 0 && !sending && status?.backlog === 0
    const state = status?.state
    return [
      ...(idle ? (['idle'] as const) : []),
      ...(this.#appending > 0 && this.#busy !== 'commit' ? (['appending'] as const) : []),
      ...this.#fileStates(),
      ...(state === undefined || state === 'stopped' || state === 'held' ? [] : [state]),
      ...(journal.status().fullness === 'room' ? [] : (['full'] as const)),
      ...(journal.status().salvaging === 0 ? [] : (['salvaging'] as const)),
    ]
  }

  /** Hands readings over, as a source does. Never settles when the process dies before the answer. */
  async append(
    readings: readonly SourceReading[],
    urgency: Urgency,
  ): Promise<readonly Accepted[] | 'dead'> {
    const journal = this.#journal
    if (journal === undefined || !this.accepting) return 'dead'
    this.#appending += 1
    try {
      const answer = journal.append(readings, urgency)
      if (this.site.reached(this, 'append')) answer.catch(noted)
      const accepted = await answer
      return this.alive ? accepted : 'dead'
    } catch (error) {
      if (!this.alive) return 'dead'
      throw error
    } finally {
      this.#appending -= 1
    }
  }

  /** Dies at once. Its files stay as they are; whoever killed it has made its copy. */
  kill(): void {
    if (!this.alive) return
    this.#died.abort()
    this.clock.kill()
    this.#end()
    this.#abandon(this.#journal).catch(noted)
  }

  /** Ends as SIGTERM ends it. */
  async stop(): Promise<void> {
    if (this.#stopping || !this.alive) return
    this.#stopping = true
    await this.#forwarder?.[Symbol.asyncDispose]()
    await this.#kept?.[Symbol.asyncDispose]()
    await this.#journal?.[Symbol.asyncDispose]()
    this.clock.kill()
    this.#end()
  }

  /** Lets go of the files of an image that nobody uses any more. */
  async #abandon(journal: Journal | undefined): Promise<void> {
    await journal?.[Symbol.asyncDispose]()
  }

  #end(): void {
    this.#died.abort()
    this.#done.resolve(undefined)
  }

  #fileStates(): readonly StateName[] {
    if (this.#busy === 'opening') return ['starting']
    return this.#busy === 'commit' ? ['committing'] : []
  }

  async #start(): Promise<void> {
    const { site, random, folder } = this
    const { machine, settings, plant } = site
    const { boot } = machine
    const log = this.#log()
    const time = { isSynced: () => machine.synced, look: async () => undefined }
    const clock = plant.clock(this.clock, this)
    const keeper = keepClock({ boot, clock, time, log })
    const journal = await openJournal(
      {
        ...settings,
        ...{ folder, boot, agentVersion: 'sim', log, random, clock: keeper.clock },
        timeQuality: () => keeper.quality(),
      },
      plant.openWriter(openSimWriter(this.#host()), this),
    )
    if (!this.alive) {
      await journal[Symbol.asyncDispose]()
      return
    }
    const shown = plant.journal(journal, this)
    this.#journal = shown
    journal.ended.addEventListener('abort', () => this.site.ended(this))
    this.#forward(shown, keeper)
  }

  #forward(journal: Journal, keeper: ClockKeeper): void {
    const { site, random } = this
    const { hub, plant } = site
    const { clock } = keeper
    const kept = keeper.keep(journal)
    this.#kept = kept
    const publisher: Publisher = plant.publisher(site.publisherOf(this), this)
    const log = this.#log()
    this.#forwarder = startForwarder({
      ...{ hub, journal, publisher, clock, random, log, gate: plant.gate(kept.decided) },
      onCorrupt: (row) => site.note(`corrupt row ${row.id}: ${row.corrupt}`),
    })
    beat({ process: this, journal, publisher, keeper, kept })
  }

  /** The cloud has said what time it is. */
  heard(sentMono: number): void {
    const receivedMono = this.clock.sinceBoot()
    this.#kept?.heard({ now: this.site.world.trueTime, sentMono, receivedMono })
  }

  #host(): WriterHost {
    const { site, clock } = this
    return {
      ...{ clock, disk: site.disk, died: this.#died.signal },
      latency: () => site.diskLatency(),
      reached: (point: KillPoint) => site.reached(this, point),
      busy: (what) => {
        this.#busy = what
      },
      opened: (opened) => site.opened(this, opened),
      opening: () => site.opening(this),
      cutting: () => site.cutting(this),
      committing: (request) => site.committing(this, request),
      committed: (request, answer) => site.committed(this, request, answer),
      salvaged: (answer) => site.salvaged(this, answer),
    }
  }

  #log(): Logger {
    const say = (event: string, fields?: { readonly [name: string]: unknown }): void => {
      if (this.alive) this.site.note(`log ${event} ${JSON.stringify(fields ?? {})}`)
    }
    return { debug: () => undefined, info: say, warn: say, error: say }
  }
}

/** What a dead or refusing journal says to somebody who does not wait any more. */
function noted(error: unknown): string {
  return messageOf(error)
}
