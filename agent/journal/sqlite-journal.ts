// The journal on SQLite. The file belongs to a thread, one message per commit; reads go through a
// connection of their own here. While a commit is under way, what arrives gathers for the next one:
// group commit by itself, exactly one sync on a lone reading's way. A journal that is full sheds or
// refuses by its policy; one that is damaged ends, and the next opening brings back what can be read.

import { join } from 'node:path'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { ensureFolder } from '../../base/folder.ts'
import { holdLock } from '../../base/sqlite.ts'
import type { EpochId, TypeName } from '../../wire/ids.ts'
import type { SourceReading } from '../../wire/reading.ts'
import type { DropReason } from '../../wire/records.ts'
import { CommitQueue } from './commit-queue.ts'
import { CommitRunner } from './commit-runner.ts'
import { markDamaged } from './damage.ts'
import { EpochBook } from './epoch-book.ts'
import { eventHash } from './event-ids.ts'
import { isDamage } from './file-error.ts'
import type * as port from './journal.ts'
import type { JournalOptions } from './journal-options.ts'
import { openRequest, stampNow } from './open-request.ts'
import { Reader } from './reader.ts'
import { encodeBody } from './row-body.ts'
import { runSalvage } from './run-salvage.ts'
import { Settlement } from './settlement.ts'
import { openInThread } from './thread-client.ts'
import type { JournalWriter, Opened, OpenWriter } from './thread-protocol.ts'
import { idRangesOf } from './waiting.ts'

/** A settlement that finds no commit to ride with is written after this long, ms. */
const IDLE_SETTLE_MS = 30_000

/** How long a check of the file is taken to hold, ms. */
const CHECK_HOLDS_MS = 60_000

/** Part of the quota that one commit may take, so that it fits into the room that is kept. */
const COMMIT_QUOTA_SHARE = 1 / 64

/** Opens the journal; each opening is a new epoch. Throws `journal_*` codes. */
export async function openJournal(
  options: JournalOptions,
  openWriter: OpenWriter = openInThread,
): Promise<port.Journal> {
  ensureFolder(options.folder)
  const lock = holdLock(join(options.folder, 'journal.lock'), 'journal_in_use', 'this journal')
  try {
    const { writer, opened } = await openWriter(openRequest(options))
    return new SqliteJournal(options, lock, writer, opened)
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

class SqliteJournal implements port.Journal {
  readonly epoch: EpochId
  readonly inOrder: boolean
  readonly ended: AbortSignal
  readonly #options: JournalOptions
  readonly #lock: Disposable
  readonly #writer: JournalWriter
  readonly #reader: Reader
  readonly #epochs: EpochBook
  readonly #settlement: Settlement
  readonly #queue: CommitQueue
  readonly #runner: CommitRunner
  readonly #damage = new AbortController()
  readonly #stop = new AbortController()
  readonly #salvage: Promise<void>
  #cancelIdle: (() => void) | undefined
  #cancelCheck: (() => void) | undefined
  #checking: Promise<boolean> | undefined
  #closed: Promise<void> | undefined

  constructor(options: JournalOptions, lock: Disposable, writer: JournalWriter, opened: Opened) {
    const { clock, folder, keepSettledMs, flushIntervalMs, minSyncGapMs, log } = options
    this.#options = options
    this.#lock = lock
    this.#writer = writer
    this.#epochs = new EpochBook(opened.epochs, opened.marks)
    this.epoch = this.#epochs.current
    this.inOrder = opened.inOrder
    this.ended = AbortSignal.any([writer.ended, this.#damage.signal])
    this.#settlement = new Settlement(opened.settled, keepSettledMs, clock.monotonic())
    const onDamage = (error: unknown): void => this.#damaged(error)
    this.#reader = new Reader({ folder, epochs: this.#epochs, onDamage, clock })
    this.#runner = new CommitRunner({
      ...{ ...options, opened, writer, epochs: this.#epochs, settlement: this.#settlement },
      ...{ stamp: () => stampNow(options), onDamage },
      // The ballast is the journal's own, too.
      quotaBytes: options.quotaBytes - options.ballastBytes,
    })
    this.#queue = new CommitQueue({
      ...{ clock, flushIntervalMs, minSyncGapMs },
      batchMaxChars: Math.floor(options.quotaBytes * COMMIT_QUOTA_SHARE),
      commit: (batch) => this.#runner.commit(batch, this.#closed !== undefined),
    })
    const flush = async (): Promise<void> => {
      await this.#queue.push([], 'waited')
    }
    const salvaging = { runner: this.#runner, flush, clock, log, signal: this.#stop.signal }
    this.#salvage = opened.damaged > 0 ? runSalvage(salvaging) : Promise.resolve()
  }

  async append(
    readings: readonly SourceReading[],
    urgency: port.Urgency,
  ): Promise<readonly port.Accepted[]> {
    this.#checkOpen()
    const stamp = stampNow(this.#options)
    const rows = readings.map((reading) => {
      const { type, source, eventId } = reading
      const event = eventId === undefined ? null : eventHash(source, eventId)
      return { type, body: encodeBody(reading, stamp, event), event }
    })
    const { seqs } = await this.#queue.push(rows, urgency)
    return readings.map((reading, index): port.Accepted => {
      const seq = seqs[index] ?? 0
      return seq === 0 ? { kind: 'repeated' } : { kind: 'stored', type: reading.type, seq }
    })
  }

  read(range: port.IdRange, limit: number): readonly (port.JournalRow | port.CorruptRow)[] {
    return this.#reader.read(range, limit)
  }

  async find(want: port.SeqRange, signal?: AbortSignal): Promise<readonly port.IdRange[]> {
    return this.#reader.find(want, this.#runner.head, signal)
  }

  settle(range: port.IdRange): void {
    this.#settlement.settle(range, this.#options.clock.monotonic())
    this.#writeSettlementLater()
  }

  unsettle(ranges: readonly port.IdRange[]): void {
    const now = this.#options.clock.monotonic()
    for (const range of ranges) this.#settlement.unsettle(range, now)
    this.#writeSettlementLater()
  }

  async setAside(ids: readonly number[], reason: DropReason): Promise<void> {
    this.#checkOpen()
    if (ids.length === 0) return
    const removal = { ranges: idRangesOf(ids), reason, aside: true }
    await this.#queue.push([], 'waited', { removal })
  }

  async drop(ranges: readonly port.IdRange[], reason: DropReason): Promise<number> {
    this.#checkOpen()
    const taken = this.#runner.waiting.withdrawFrom(ranges)
    if (taken.length === 0) return 0
    try {
      const removal = { ranges: taken, reason, aside: false }
      return (await this.#queue.push([], 'waited', { removal })).dropped
    } catch (error) {
      this.#runner.waiting.restore(taken)
      throw error
    }
  }

  missing(ranges: readonly port.IdRange[]): void {
    this.#checking ??= this.#check()
    this.#checking.then(
      (isWhole) => {
        if (isWhole) for (const range of ranges) this.settle(range)
      },
      (error: unknown) => {
        this.#checking = undefined
        this.#options.log.warn('journal_not_checked', { reason: messageOf(error) })
      },
    )
  }

  unsettled(): readonly port.IdRange[] {
    return this.#runner.unsettled()
  }

  onCommit(listener: (added: port.IdRange, origin: port.Origin) => void): void {
    this.#runner.listeners.push(listener)
  }

  shedFrom(waiting: port.Waiting | undefined): void {
    this.#runner.shedFrom(waiting)
  }

  durableSeq(epoch: EpochId, type: TypeName): number {
    return this.#epochs.durableSeq(epoch, type)
  }

  heads(): ReadonlyMap<TypeName, number> {
    return this.#epochs.currentHeads()
  }

  secretOf(epoch: EpochId): Uint8Array {
    return this.#epochs.byId(epoch).secret
  }

  undecidedBoots(): readonly string[] {
    return this.#epochs.undecidedBoots()
  }

  async markBoot(mark: port.BootMark): Promise<void> {
    this.#checkOpen()
    await this.#queue.push([], 'waited', { mark })
  }

  status(): port.JournalStatus {
    return { epoch: this.epoch, ...this.#runner.status(), quotaBytes: this.#options.quotaBytes }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#closed ??= this.#close())
  }

  #checkOpen(): void {
    if (this.#closed === undefined) return
    throw new HubleafError('journal_closed', 'the journal is closing and accepts nothing')
  }

  /** One check serves all rows that are missed within a minute. */
  async #check(): Promise<boolean> {
    const isWhole = await this.#runner.check()
    if (this.#closed !== undefined) return isWhole
    this.#cancelCheck = this.#options.clock.after(CHECK_HOLDS_MS, () => {
      this.#checking = undefined
    })
    return isWhole
  }

  #writeSettlementLater(): void {
    const { clock, log } = this.#options
    if (this.#closed !== undefined) return
    this.#cancelIdle ??= clock.after(IDLE_SETTLE_MS, () => {
      this.#cancelIdle = undefined
      if (this.#closed !== undefined || !this.#settlement.dirty) return
      this.#queue.push([], 'waited').catch((error: unknown) => {
        log.warn('settlement_not_written', { reason: messageOf(error) })
      })
    })
  }

  /** SQLite cannot read its file: the next opening moves it aside and brings its rows back. */
  #damaged(error: unknown): void {
    if (!isDamage(error) || this.#damage.signal.aborted) return
    this.#options.log.error('journal_corrupt', { reason: messageOf(error) })
    try {
      markDamaged(this.#options.folder)
    } catch (unmarked) {
      // The next opening will meet the same damage by itself.
      this.#options.log.error('journal_damage_not_marked', { reason: messageOf(unmarked) })
    }
    const hint = 'nothing is to be done: the agent starts again and brings back what can be read'
    const cause = { hint, cause: error }
    this.#damage.abort(new HubleafError('journal_corrupt', 'the journal is damaged', cause))
  }

  async #close(): Promise<void> {
    this.#cancelIdle?.()
    this.#cancelCheck?.()
    this.#stop.abort()
    await this.#salvage
    try {
      await this.#queue.drain()
      if (this.#settlement.dirty) await this.#queue.push([], 'waited')
    } catch (error) {
      this.#options.log.warn('journal_close_incomplete', { reason: messageOf(error) })
    }
    this.#reader.close()
    await this.#writer.close()
    this.#lock[Symbol.dispose]()
  }
}
