// Gathers appends into commits: one at a time, the next as soon as the last has ended if somebody
// waits, after `flushIntervalMs` if nobody does. Bounded: a full queue refuses instead of growing.

import type { Clock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import type { TypeName } from '../../wire/ids.ts'
import type { Urgency } from './journal.ts'

/** A row before it has a place. */
export interface NewRow {
  readonly type: TypeName
  readonly body: string
  readonly event: string | null
}

/** Rows of one commit, by columns. */
export interface Batch {
  readonly types: readonly TypeName[]
  readonly bodies: readonly string[]
  readonly events: readonly (string | null)[]
}

/** What the queue needs of its owner. */
export interface CommitQueueOptions {
  readonly clock: Clock
  readonly flushIntervalMs: number
  /** Commits a batch and gives the seq of each row. */
  readonly commit: (batch: Batch) => Promise<readonly number[]>
}

/** Rows per commit: beyond a few thousand a sync costs nothing per row any more. */
const BATCH_MAX_ROWS = 4096

/** Rows that may wait; at 150 bytes each about 10 MB. */
const QUEUE_MAX_ROWS = 65_536

interface Entry {
  readonly rows: readonly NewRow[]
  readonly done: PromiseWithResolvers<readonly number[]>
}

/** The queue of one journal. */
export class CommitQueue {
  readonly #options: CommitQueueOptions
  #entries: Entry[] = []
  #waitingRows = 0
  #running: Promise<void> | undefined
  #urgent = false
  #cancelFlush: (() => void) | undefined

  constructor(options: CommitQueueOptions) {
    this.#options = options
  }

  /** Resolves to the rows' seqs once they are synced. Throws `journal_busy` or the commit's error. */
  async push(rows: readonly NewRow[], urgency: Urgency): Promise<readonly number[]> {
    if (this.#waitingRows + rows.length > QUEUE_MAX_ROWS) {
      const hint = 'the disk is slower than the readings arrive; send them again later'
      const message = `${this.#waitingRows} readings wait for the disk already`
      throw new HubleafError('journal_busy', message, { hint })
    }
    const done = Promise.withResolvers<readonly number[]>()
    this.#entries.push({ rows, done })
    this.#waitingRows += rows.length
    if (urgency === 'waited') this.#start()
    else
      this.#cancelFlush ??= this.#options.clock.after(this.#options.flushIntervalMs, () =>
        this.#start(),
      )
    return done.promise
  }

  /** Commits all that waits; resolves when nothing does. */
  async drain(): Promise<void> {
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
    while (this.#urgent && this.#entries.length > 0) {
      const entries = this.#take()
      // What arrives during the commit starts the next one only if somebody waits for it.
      if (this.#entries.length === 0) this.#urgent = false
      await this.#commit(entries)
    }
    // In the same turn as the last look at the entries, or a late start would find us running.
    this.#running = undefined
  }

  #take(): readonly Entry[] {
    let rows = 0
    let count = 0
    for (const entry of this.#entries) {
      if (count > 0 && rows + entry.rows.length > BATCH_MAX_ROWS) break
      rows += entry.rows.length
      count += 1
    }
    this.#waitingRows -= rows
    return this.#entries.splice(0, count)
  }

  async #commit(entries: readonly Entry[]): Promise<void> {
    const rows = entries.flatMap((entry) => entry.rows)
    const batch = {
      types: rows.map((row) => row.type),
      bodies: rows.map((row) => row.body),
      events: rows.map((row) => row.event),
    }
    try {
      const seqs = await this.#options.commit(batch)
      let from = 0
      for (const entry of entries) {
        entry.done.resolve(seqs.slice(from, from + entry.rows.length))
        from += entry.rows.length
      }
    } catch (error) {
      for (const entry of entries) entry.done.reject(error)
    }
  }
}
