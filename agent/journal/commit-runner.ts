// Makes commits out of batches: decides what is shed or refused when room is short, carries what was
// settled, and tells the rest of the journal what came of it. One request to the writer at a time.

import type { Clock } from '../../base/clock.ts'
import { HubleafError, isHubleafError, messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { parseTypeName } from '../../wire/ids.ts'
import type { Batch } from './commit-queue.ts'
import type { EpochBook } from './epoch-book.ts'
import type { Fullness, IdRange, Origin, Waiting } from './journal.ts'
import type { Stamp } from './row-body.ts'
import type { Settlement } from './settlement.ts'
import { bytesToShed, isPressed, refusalBy, rowsFor } from './shedding.ts'
import type { RoomLimits, WhenFull } from './shedding.ts'
import type { Committed, JournalWriter, Opened, Removal, Usage } from './thread-protocol.ts'
import { waitingIn, without } from './waiting.ts'

/** What a runner needs. */
export interface CommitRunnerOptions extends RoomLimits {
  readonly whenFull: WhenFull
  readonly opened: Opened
  readonly writer: JournalWriter
  readonly epochs: EpochBook
  readonly settlement: Settlement
  readonly clock: Clock
  readonly log: Logger
  readonly stamp: () => Stamp
  /** Told of every error of the writer. */
  readonly onDamage: (error: unknown) => void
}

/** How often a journal that refuses looks for room again, ms. */
const LOOK_AGAIN_MS = 1000

/** Part of the quota that is deleted by one commit at most. */
const DELETE_SHARE = 1 / 16

/** Commits that only make room, before one commit, at most. */
const ROOM_COMMITS_MAX = 32

/** Nothing to add. */
const EMPTY: Batch = { types: [], bodies: [], events: [], extras: [] }

interface Plan {
  readonly shed: readonly IdRange[]
  readonly deleteThrough: number
}

/** The commits of one open journal. */
export class CommitRunner {
  readonly listeners: ((added: IdRange, origin: Origin) => void)[] = []
  readonly #options: CommitRunnerOptions
  readonly #openedAt: number
  #head: number
  #deletedThrough: number
  #usage: Usage
  #damaged: number
  #commits = 0
  #dropped: { [reason: string]: number } = {}
  #fullness: Fullness = 'room'
  #lookedAt = -Infinity
  /** Ids that a commit under way gives up. */
  #shedding: readonly IdRange[] = []
  #waiting: Waiting
  #turn: Promise<unknown> = Promise.resolve()
  #inTurn = 0

  constructor(options: CommitRunnerOptions) {
    const { opened, clock } = options
    this.#options = options
    this.#openedAt = clock.monotonic()
    this.#head = opened.head
    this.#deletedThrough = opened.deletedThrough
    this.#usage = opened.usage
    this.#damaged = opened.damaged
    this.#waiting = waitingIn(() => this.unsettled())
  }

  get head(): number {
    return this.#head
  }

  get waiting(): Waiting {
    return this.#waiting
  }

  /** True when rows would have to be shed before anything is added. */
  get isShort(): boolean {
    return bytesToShed(this.#usage, this.#options, 0) > 0
  }

  shedFrom(waiting: Waiting | undefined): void {
    this.#waiting = waiting ?? waitingIn(() => this.unsettled())
  }

  unsettled(): readonly IdRange[] {
    return without(this.#options.settlement.unsettled(this.#head), this.#shedding)
  }

  status() {
    const { bytes, diskFree } = this.#usage
    return {
      ...{ head: this.#head, bytes, diskFreeBytes: diskFree, commits: this.#commits },
      ...{ fullness: this.#fullness, dropped: this.#dropped, salvaging: this.#damaged },
    }
  }

  /** One commit. Throws `journal_*` codes; nothing of the batch is then in the file. */
  async commit(batch: Batch, closing: boolean): Promise<Committed> {
    const isFull = (error: unknown): boolean => isHubleafError(error, 'journal_disk_full')
    const { whenFull, clock } = this.#options
    try {
      if (this.#fullness === 'refusing' && batch.types.length > 0) await this.#lookAgain()
      const isFlooded = isPressed(this.#usage, this.#options, charsOf(batch))
      if (isFlooded) await this.#makeRoom(charsOf(batch))
      return await this.#commitWith(batch, this.#plan(batch, 0), closing)
    } catch (error) {
      if (!isFull(error)) throw error
      this.#lookedAt = clock.monotonic()
      this.#usage = { ...this.#usage, diskFree: 0 }
      if (whenFull !== 'drop_oldest') throw this.#refusal()
    }
    // The ballast is gone now: there is room for giving up old rows, and so for the new ones.
    this.#options.log.warn('journal_disk_full')
    return this.#commitWith(batch, this.#plan(batch, this.#options.quotaBytes / 100), closing)
  }

  /** The next rows of a damaged file. Throws like `commit`. */
  async salvage(): Promise<{ readonly rows: number; readonly lost: number }> {
    const { writer, epochs, stamp, onDamage } = this.#options
    const step = this.#alone(() => writer.salvage({ kind: 'salvage', stamp: stamp() }))
    step.catch(onDamage)
    const done = await step
    epochs.learn(done.epochs, done.marks)
    this.#damaged = done.damaged
    this.#usage = done.usage
    this.#count('corrupt', done.lost)
    this.#grow(done.records)
    const rows = done.first === 0 ? 0 : done.last - done.first + 1
    if (rows > 0) this.#added({ first: done.first, last: done.last }, 'salvaged')
    return { rows, lost: done.lost }
  }

  /** Whether the file is whole; what is wrong with it goes to `onDamage`. Throws like `commit`. */
  async check(): Promise<boolean> {
    try {
      const problem = await this.#alone(() => this.#options.writer.check())
      if (problem === undefined) return true
      throw new HubleafError('journal_corrupt', `the journal's file is damaged: ${problem}`)
    } catch (error) {
      this.#options.onDamage(error)
      if (isHubleafError(error, 'journal_corrupt')) return false
      throw error
    }
  }

  /** Old rows may be far smaller than the average: they go on going before new ones use up the room. */
  async #makeRoom(chars: number): Promise<void> {
    const limits = this.#options
    for (let step = 0; step < ROOM_COMMITS_MAX; step += 1) {
      if (!isPressed(this.#usage, limits, chars)) return
      const plan = this.#plan(EMPTY, bytesToShed(this.#usage, limits, chars) * 2 ** step)
      if (plan.shed.length === 0 && plan.deleteThrough <= this.#deletedThrough) return
      await this.#commitWith(EMPTY, plan, false)
    }
  }

  /** What must go before the batch can be added. Throws when the policy gives up the batch instead. */
  #plan(batch: Batch, atLeast: number): Plan {
    const { settlement, clock, whenFull, quotaBytes } = this.#options
    const kept = this.#head - this.#deletedThrough
    // A page that is given free is written to the log, too: all at once would not fit into the quota.
    const most = rowsFor(quotaBytes * DELETE_SHARE, this.#usage, kept)
    const aged = Math.min(settlement.deletable(clock.monotonic()), this.#deletedThrough + most)
    const bytes = Math.max(bytesToShed(this.#usage, this.#options, charsOf(batch)), atLeast)
    if (bytes === 0) {
      this.#fullness = 'room'
      return { shed: [], deleteThrough: aged }
    }
    const rows = Math.min(most, rowsFor(bytes, this.#usage, kept))
    // The cloud has these: nothing is lost with them.
    const settled = Math.min(settlement.through, this.#deletedThrough + rows)
    const deleteThrough = Math.max(aged, settled)
    const left = rows - Math.max(0, settled - this.#deletedThrough)
    if (left <= 0) return { shed: [], deleteThrough }
    if (whenFull !== 'drop_oldest') {
      this.#fullness = 'refusing'
      if (batch.types.some((type) => !type.startsWith('_'))) throw this.#refusal()
      return { shed: [], deleteThrough }
    }
    this.#fullness = 'shedding'
    return { shed: this.#waiting.withdraw(left), deleteThrough }
  }

  #refusal(): HubleafError {
    this.#fullness = 'refusing'
    return refusalBy(this.#options.whenFull)
  }

  /** A journal that refuses commits nothing, and so would never learn that there is room again. */
  async #lookAgain(): Promise<void> {
    const { clock } = this.#options
    if (clock.monotonic() - this.#lookedAt < LOOK_AGAIN_MS) return
    this.#lookedAt = clock.monotonic()
    await this.#commitWith(EMPTY, this.#plan(EMPTY, 0), false)
  }

  async #commitWith(batch: Batch, plan: Plan, closing: boolean): Promise<Committed> {
    const { settlement, clock, writer, stamp, onDamage } = this.#options
    const { types, bodies, events, extras } = batch
    const now = clock.monotonic()
    const asked = extras.flatMap(({ removal }) => (removal === undefined ? [] : [removal]))
    const shed: Removal = { ranges: plan.shed, reason: 'buffer_full', aside: false }
    const removals = plan.shed.length === 0 ? asked : [...asked, shed]
    const marks = extras.flatMap(({ mark }) => (mark === undefined ? [] : [mark]))
    const force = closing || types.length === 0 || plan.deleteThrough > this.#deletedThrough
    const settled = settlement.due(now, force)
    this.#shedding = removals.flatMap(({ ranges }) => ranges)
    try {
      const age = Math.round(now - this.#openedAt)
      const committed = await this.#alone(() =>
        writer.commit({
          ...{ kind: 'commit', types, bodies, events, removals, marks, settled, age },
          ...{ stamp: stamp(), deleteThrough: plan.deleteThrough },
        }),
      )
      for (const mark of marks) this.#options.epochs.marked(mark)
      this.#took(committed, batch, removals, plan)
      return committed
    } catch (error) {
      this.#shedding = []
      this.#waiting.restore(plan.shed)
      if (settled !== null) settlement.notWritten(now)
      onDamage(error)
      throw error
    }
  }

  #took(committed: Committed, batch: Batch, removals: readonly Removal[], plan: Plan): void {
    const { settlement, clock, epochs } = this.#options
    const now = clock.monotonic()
    this.#commits += 1
    this.#usage = committed.usage
    this.#deletedThrough = committed.deletedThrough
    for (const range of without(this.#shedding, committed.kept)) settlement.settle(range, now)
    this.#shedding = []
    this.#waiting.restore(committed.kept)
    for (const [index, { reason }] of removals.entries()) {
      this.#count(reason, committed.dropped[index] ?? 0)
    }
    for (const [index, type] of batch.types.entries()) {
      const name = parseTypeName(type)
      if (name !== undefined) epochs.grow(name, committed.seqs[index] ?? 0)
    }
    this.#grow(committed.records)
    if (plan.shed.length > 0) {
      this.#options.log.warn('journal_shed', { readings: committed.dropped.at(-1) ?? 0 })
    }
    if (committed.first > 0) {
      this.#added({ first: committed.first, last: committed.last }, 'accepted')
    }
  }

  #grow(records: readonly (readonly [type: string, seq: number])[]): void {
    for (const [type, seq] of records) {
      const name = parseTypeName(type)
      if (name !== undefined) this.#options.epochs.grow(name, seq)
    }
  }

  #count(reason: string, readings: number): void {
    if (readings === 0) return
    this.#dropped = { ...this.#dropped, [reason]: (this.#dropped[reason] ?? 0) + readings }
  }

  #added(added: IdRange, origin: Origin): void {
    this.#head = added.last
    for (const listener of this.listeners) {
      // A listener's trouble is its own: the rows are synced, and whoever waits must hear so.
      try {
        listener(added, origin)
      } catch (error) {
        this.#options.log.error('commit_listener_failed', { reason: messageOf(error) })
      }
    }
  }

  /** At once where nobody is before: the writer must not wait for what else this thread has to do. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#inTurn === 0 ? work() : this.#turn.then(work)
    this.#inTurn += 1
    // Whoever is next only waits; the error is for the one who asked.
    this.#turn = Promise.allSettled([mine]).then(() => (this.#inTurn -= 1))
    return mine
  }
}

function charsOf({ bodies }: Batch): number {
  return bodies.reduce((sum, body) => sum + body.length, 0)
}
