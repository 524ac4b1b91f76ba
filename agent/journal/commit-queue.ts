// Gathers appends into commits: one at a time, the next as soon as the last has ended if somebody
// waits, after `flushIntervalMs` if nobody does. Bounded: a full queue refuses instead of growing.

import type { Clock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import type { TypeName } from '../../wire/ids.ts'
import type { BootMark, Urgency } from './journal.ts'
import type { Committed, Removal } from './thread-protocol.ts'

/** A row before it has a place. */
export interface NewRow {
  readonly type: TypeName
  readonly body: string
  readonly event: string | null
}

/** What rides in a commit beside rows. */
export interface Extra {
  readonly removal?: Removal
  readonly mark?: BootMark
}

/** Rows of one commit, by columns, and what rides with them. */
export interface Batch {
  readonly extras: readonly Extra[]
  readonly types: readonly TypeName[]
  readonly bodies: readonly string[]
  readonly events: readonly (string | null)[]
}

/** What the queue needs of its owner. */
export interface CommitQueueOptions {
  readonly clock: Clock
  readonly flushIntervalMs: number
  /** At least this long from the start of one commit to the start of the next, ms. */
  readonly minSyncGapMs: number
  /** Characters of bodies per commit at most, if more than one append waits. */
  readonly batchMaxChars: number
  /** Commits a batch and says what became of it. */
  readonly commit: (batch: Batch) => Promise<Committed>
}

/** Rows per commit: beyond a few thousand a sync costs nothing per row any more. */
const BATCH_MAX_ROWS = 4096

/** What may wait: at 150 bytes a row about 10 MB, and never more than 32 MB whatever the rows. */
const QUEUE_MAX_ROWS = 65_536
const QUEUE_MAX_CHARS = 32_000_000

/** What became of one append. */
export interface Written {
  /** The seq of each row, 0 for a repeat. */
  readonly seqs: readonly number[]
  /** Readings that the append's removal gave up. */
  readonly dropped: number
}

interface Entry {
  readonly rows: readonly NewRow[]
  readonly chars: number
  readonly extra: Extra | undefined
  readonly done: PromiseWithResolvers<Written>
}

/** The queue of one journal. */
export class CommitQueue {
  readonly #options: CommitQueueOptions
  #entries: Entry[] = []
  #waitingRows = 0
  #waitingChars = 0
  #lastStart = -Infinity
  #running: Promise<void> | undefined
  #urgent = false
  readonly #draining = new AbortController()
  #cancelFlush: (() => void) | undefined

  constructor(options: CommitQueueOptions) {
    this.#options = options
  }

  /** Resolves once all is synced. Throws `journal_busy` or the commit's error. */
  async push(rows: readonly NewRow[], urgency: Urgency, extra?: Extra): Promise<Written> {
    const chars = rows.reduce((sum, row) => sum + row.body.length, 0)
    const tooMany = this.#waitingRows + rows.length > QUEUE_MAX_ROWS
    if (this.#entries.length > 0 && (tooMany || this.#waitingChars + chars > QUEUE_MAX_CHARS)) {
      const hint = 'the disk is slower than the readings arrive; send them again later'
      const message = `${this.#waitingRows} readings wait for the disk already`
      throw new HubleafError('journal_busy', message, { hint })
    }
    const done = Promise.withResolvers<Written>()
    this.#entries.push({ rows, chars, extra, done })
    this.#waitingRows += rows.length
    this.#waitingChars += chars
    if (urgency === 'waited') this.#start()
    else
      this.#cancelFlush ??= this.#options.clock.after(this.#options.flushIntervalMs, () =>
        this.#start(),
      )
    return done.promise
  }

  /** Commits all that waits; resolves when nothing does. */
  async drain(): Promise<void> {
    this.#draining.abort()
    this.#start()
    await this.#running
  }

  #start(): void {
    this.#urgent = true
    this.#cancelFlush?.()
    this.#cancelFlush = undefined
    if (this.#running === undefined && this.#entries.length > 0) this.#running = this.#run()
  }

  async #run(): Promise<void> {
    // Those of one commit hear of it once the next is handed over: what they then bring is made into
    // rows while the writer works.
    let tell = nobodyToTell
    while (this.#urgent && this.#entries.length > 0) {
      const gap = this.#gap()
      if (gap > 0) {
        tell()
        tell = nobodyToTell
        // Fewer syncs wear the card less; what arrives meanwhile shares the next one.
        await this.#options.clock.sleep(gap, this.#draining.signal)
      }
      this.#lastStart = this.#options.clock.monotonic()
      const entries = this.#take()
      // What arrives during the commit starts the next one only if somebody waits for it.
      if (this.#entries.length === 0) this.#urgent = false
      const committing = this.#commit(entries)
      tell()
      tell = await committing
    }
    // In the same turn as the last look at the entries, or a late start would find us running.
    this.#running = undefined
    tell()
  }

  #gap(): number {
    const { clock, minSyncGapMs } = this.#options
    return this.#draining.signal.aborted ? 0 : this.#lastStart + minSyncGapMs - clock.monotonic()
  }

  #take(): readonly Entry[] {
    let rows = 0
    let chars = 0
    let count = 0
    for (const entry of this.#entries) {
      const full =
        rows + entry.rows.length > BATCH_MAX_ROWS ||
        chars + entry.chars > this.#options.batchMaxChars
      if (count > 0 && full) break
      rows += entry.rows.length
      chars += entry.chars
      count += 1
    }
    this.#waitingRows -= rows
    this.#waitingChars -= chars
    return this.#entries.splice(0, count)
  }

  /** Commits what the entries bring; gives what tells them what became of it. */
  async #commit(entries: readonly Entry[]): Promise<() => void> {
    const rows = entries.flatMap((entry) => entry.rows)
    const batch = {
      types: rows.map((row) => row.type),
      bodies: rows.map((row) => row.body),
      events: rows.map((row) => row.event),
      extras: entries.flatMap(({ extra }) => (extra === undefined ? [] : [extra])),
    }
    try {
      const committed = await this.#options.commit(batch)
      return () => {
        tellWritten(entries, committed)
      }
    } catch (error) {
      return () => {
        for (const entry of entries) entry.done.reject(error)
      }
    }
  }
}

function nobodyToTell(): void {}

function tellWritten(entries: readonly Entry[], { seqs, dropped }: Committed): void {
  let from = 0
  let removals = 0
  for (const entry of entries) {
    const own = entry.extra?.removal === undefined ? 0 : (dropped[removals++] ?? 0)
    entry.done.resolve({ seqs: seqs.slice(from, from + entry.rows.length), dropped: own })
    from += entry.rows.length
  }
}
