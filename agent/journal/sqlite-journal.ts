// The journal on SQLite. The file belongs to a thread, one message per commit; reads go through a
// connection of their own here. While a commit is under way, what arrives gathers for the next one:
// group commit by itself, exactly one sync on a lone reading's way.

import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Clock } from '../../base/clock.ts'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { ensureFolder } from '../../base/folder.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { holdLock } from '../../base/sqlite.ts'
import { makeEpochId } from '../../wire/ids.ts'
import type { EpochId, TypeName } from '../../wire/ids.ts'
import { MESSAGE_ID_SECRET_BYTES } from '../../wire/message-id.ts'
import type { SourceReading } from '../../wire/reading.ts'
import { CommitQueue } from './commit-queue.ts'
import type { Batch } from './commit-queue.ts'
import type { Accepted, CorruptRow, IdRange, Journal, JournalRow, Urgency } from './journal.ts'
import { encodeBody } from './row-body.ts'
import { EpochBook } from './epoch-book.ts'
import { readRow } from './read-row.ts'
import { openForReading } from './schema.ts'
import { Settlement } from './settlement.ts'
import { ThreadClient } from './thread-client.ts'
import type { Opened } from './thread-protocol.ts'

/** How a journal is opened. */
export interface JournalOptions {
  /** Folder of the journal's files; made if missing. */
  readonly folder: string
  /** Polled readings wait at most this long for their sync, ms. */
  readonly flushIntervalMs: number
  /** Settled rows stay this long, ms. */
  readonly keepSettledMs: number
  readonly boot: string
  readonly isClockSynced: () => boolean
  readonly agentVersion: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** A settlement that finds no commit to ride with is written after this long, ms. */
const IDLE_SETTLE_MS = 30_000

/** Opens the journal; each opening is a new epoch. Throws `journal_*` codes. */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  ensureFolder(options.folder)
  const lock = holdLock(join(options.folder, 'journal.lock'), 'journal_in_use', 'this journal')
  try {
    const { clock, random } = options
    const { client, opened } = await ThreadClient.open({
      kind: 'open',
      file: join(options.folder, 'journal.db'),
      epoch: makeEpochId(random),
      boot: options.boot,
      secret: random.bytes(MESSAGE_ID_SECRET_BYTES),
      now: clock.now(),
      agent: options.agentVersion,
      monoMs: clock.sinceBoot(),
      quality: options.isClockSynced() ? 'synced' : 'unsynced',
    })
    return new SqliteJournal(options, lock, client, opened)
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

class SqliteJournal implements Journal {
  readonly epoch: EpochId
  readonly #options: JournalOptions
  readonly #lock: Disposable
  readonly #thread: ThreadClient
  readonly #reader: DatabaseSync
  readonly #select: StatementSync
  readonly #epochs: EpochBook
  readonly #settlement: Settlement
  readonly #listeners: ((added: IdRange) => void)[] = []
  readonly #queue: CommitQueue
  #head: number
  #commits = 0
  #cancelIdle: (() => void) | undefined
  #closed: Promise<void> | undefined

  constructor(options: JournalOptions, lock: Disposable, thread: ThreadClient, opened: Opened) {
    const { clock, folder, keepSettledMs, flushIntervalMs } = options
    this.#options = options
    this.#lock = lock
    this.#thread = thread
    this.#head = opened.head
    this.#epochs = new EpochBook(opened.epochs)
    this.epoch = this.#epochs.current
    this.#settlement = new Settlement(opened.settled, keepSettledMs, clock.now())
    this.#reader = openForReading(join(folder, 'journal.db'))
    this.#select = this.#reader.prepare(
      'SELECT id, epoch, type, seq, body, crc FROM reading WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?',
    )
    this.#queue = new CommitQueue({
      clock,
      flushIntervalMs,
      commit: (batch) => this.#commit(batch),
    })
  }

  async append(readings: readonly SourceReading[], urgency: Urgency): Promise<readonly Accepted[]> {
    if (this.#closed !== undefined) {
      throw new HubleafError('journal_closed', 'the journal is closing and accepts nothing')
    }
    const { clock, isClockSynced } = this.#options
    const timeQuality = isClockSynced() ? 'synced' : 'unsynced'
    const stamp = { receivedAt: clock.now(), monoMs: clock.sinceBoot(), timeQuality } as const
    const rows = readings.map((reading) => ({
      type: reading.type,
      body: encodeBody(reading, stamp),
      event: reading.eventId === undefined ? null : eventHash(reading.source, reading.eventId),
    }))
    const seqs = await this.#queue.push(rows, urgency)
    return readings.map((reading, index): Accepted => {
      const seq = seqs[index] ?? 0
      return seq === 0 ? { kind: 'repeated' } : { kind: 'stored', type: reading.type, seq }
    })
  }

  get ended(): AbortSignal {
    return this.#thread.ended
  }

  read(range: IdRange, limit: number): readonly (JournalRow | CorruptRow)[] {
    const rows = this.#select.all(range.first, range.last, limit)
    return rows.map((row) => readRow(row, this.#epochs))
  }

  settle(range: IdRange): void {
    const { clock, log } = this.#options
    this.#settlement.settle(range, clock.now())
    if (this.#closed !== undefined) return
    this.#cancelIdle ??= clock.after(IDLE_SETTLE_MS, () => {
      this.#cancelIdle = undefined
      if (this.#closed !== undefined || !this.#settlement.dirty) return
      this.#queue.push([], 'waited').catch((error: unknown) => {
        log.warn('settlement_not_written', { reason: messageOf(error) })
      })
    })
  }

  unsettled(): readonly IdRange[] {
    return this.#settlement.unsettled(this.#head)
  }

  onCommit(listener: (added: IdRange) => void): void {
    this.#listeners.push(listener)
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

  status() {
    const file = join(this.#options.folder, 'journal.db')
    const bytes = sizeOf(file) + sizeOf(`${file}-wal`)
    return { epoch: this.epoch, head: this.#head, bytes, commits: this.#commits }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (this.#closed ??= this.#close())
  }

  async #commit(batch: Batch): Promise<readonly number[]> {
    const now = this.#options.clock.now()
    const closing = this.#closed !== undefined
    const force = closing || batch.types.length === 0
    const answer = await this.#thread.commit({
      kind: 'commit',
      ...batch,
      now,
      settled: this.#settlement.due(now, force),
      deleteThrough: this.#settlement.deletable(now),
    })
    this.#commits += 1
    for (const [index, type] of batch.types.entries()) {
      this.#epochs.grow(type, answer.seqs[index] ?? 0)
    }
    if (answer.first > 0) {
      this.#head = answer.last
      const added = { first: answer.first, last: answer.last }
      for (const listener of this.#listeners) this.#tell(listener, added)
    }
    return answer.seqs
  }

  /** A listener's trouble is its own: the rows are synced, and whoever waits for them must hear so. */
  #tell(listener: (added: IdRange) => void, added: IdRange): void {
    try {
      listener(added)
    } catch (error) {
      this.#options.log.error('commit_listener_failed', { reason: messageOf(error) })
    }
  }

  async #close(): Promise<void> {
    this.#cancelIdle?.()
    try {
      await this.#queue.drain()
      if (this.#settlement.dirty) await this.#queue.push([], 'waited')
    } catch (error) {
      this.#options.log.warn('journal_close_incomplete', { reason: messageOf(error) })
    }
    this.#reader.close()
    await this.#thread.close()
    this.#lock[Symbol.dispose]()
  }
}

function eventHash(source: string, eventId: string): string {
  return createHash('sha256').update(`${source}\n${eventId}`).digest('base64url').slice(0, 22)
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
