// Writes that wait for the disk: all that wait when a commit ends go into the next one together, in
// the order of their arrival. The queue is bounded; what does not fit is refused at once, because its
// sender still has it.

import type { Clock } from '../../base/clock.ts'
import { HubleafError, messageOf } from '../../base/errors.ts'
import type { StorageEngine } from './engine.ts'
import { COMMIT_MAX_ROWS, WAITING_MAX_BYTES, WAITING_MAX_REQUESTS } from './limits.ts'
import { rowCount } from './row-table.ts'
import type { RowTable, TableOutcome } from './row-table.ts'

/** What the queue needs, and whom it tells. */
export interface WriteQueueOptions {
  readonly engine: Pick<StorageEngine, 'commit'>
  readonly clock: Clock
  /** After each commit, before its writers are answered. */
  readonly onCommit: (commit: Commit) => void
  /** After each failure; the rows of it are not stored. */
  readonly onFailure: (error: HubleafError) => void
}

/** One transaction. */
export interface Commit {
  readonly tables: readonly RowTable[]
  readonly outcomes: readonly TableOutcome[]
  readonly seconds: number
}

/** A queue in front of the database. Disposal waits until all that was taken is answered. */
export interface WriteQueue extends AsyncDisposable {
  /**
   * Answers when the rows are committed. `bytes` is the size of the request, for the bound.
   * Throws `storage_unavailable`.
   */
  write(table: RowTable, bytes: number): Promise<TableOutcome>
  waiting(): number
}

/** A queue that is empty. */
export function createWriteQueue(options: WriteQueueOptions): WriteQueue {
  return new Queue(options)
}

interface Waiting {
  readonly table: RowTable
  readonly bytes: number
  readonly resolve: (outcome: TableOutcome) => void
  readonly reject: (error: HubleafError) => void
}

class Queue implements WriteQueue {
  readonly #options: WriteQueueOptions
  #waiting: Waiting[] = []
  #bytes = 0
  #running: Promise<void> | undefined
  #ended = false

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  async write(table: RowTable, bytes: number): Promise<TableOutcome> {
    if (this.#ended) throw new HubleafError('storage_unavailable', 'storage is stopping')
    if (this.#waiting.length >= WAITING_MAX_REQUESTS || this.#bytes + bytes > WAITING_MAX_BYTES) {
      const message = `${this.#waiting.length} writes are waiting for the disk already`
      throw new HubleafError('storage_unavailable', message)
    }
    const outcome = new Promise<TableOutcome>((resolve, reject) => {
      this.#waiting.push({ table, bytes, resolve, reject })
    })
    this.#bytes += bytes
    this.#running ??= this.#run()
    return outcome
  }

  waiting(): number {
    return this.#waiting.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true
    await this.#running
  }

  async #run(): Promise<void> {
    for (let group = this.#take(); group.length > 0; group = this.#take()) {
      await this.#commit(group)
    }
    // In the same turn as the last look, or a write in between would find us running.
    this.#running = undefined
  }

  #take(): readonly Waiting[] {
    let rows = 0
    const over = this.#waiting.findIndex(({ table }) => (rows += rowCount(table)) > COMMIT_MAX_ROWS)
    const group = this.#waiting.splice(0, over === -1 ? this.#waiting.length : Math.max(1, over))
    for (const { bytes } of group) this.#bytes -= bytes
    return group
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    const { engine, clock, onCommit, onFailure } = this.#options
    const tables = group.map((waiting) => waiting.table)
    const start = clock.monotonic()
    try {
      const outcomes = await engine.commit(tables)
      onCommit({ tables, outcomes, seconds: (clock.monotonic() - start) / 1000 })
      for (const [place, waiting] of group.entries()) answer(waiting, outcomes[place])
    } catch (cause) {
      const error = coded(cause)
      // A bug that one write brings out must not take its neighbours with it.
      if (error.kind === 'bug' && group.length > 1) {
        for (const waiting of group) await this.#commit([waiting])
        return
      }
      onFailure(error)
      for (const waiting of group) waiting.reject(error)
    }
  }
}

function answer(waiting: Waiting, outcome: TableOutcome | undefined): void {
  if (outcome !== undefined) waiting.resolve(outcome)
  else waiting.reject(new HubleafError('internal', 'a commit has no outcome for a table'))
}

function coded(cause: unknown): HubleafError {
  if (cause instanceof HubleafError) return cause
  return new HubleafError('internal', messageOf(cause), { cause })
}
