// Rows that nobody will ever take. Each leaves the queue only together with its drop record; when that
// cannot be written (a full disk), it is tried again for as long as it takes, while all others go on.
// Bounded: beyond the bound a row is not taken here, and its turn comes again.

import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { retryDelayMs } from '../../base/retry.ts'
import type { DropReason } from '../../wire/records.ts'
import type { CorruptRow, Journal, JournalRow } from '../journal/journal.ts'
import type { TypeMarks } from './type-marks.ts'

/** Rows that wait to be set aside at most. */
const WAITING_MAX_ROWS = 4096

const RETRY = { firstMs: 250, maxMs: 30_000 } as const

/** What setting aside needs. */
export interface AsideOptions {
  readonly journal: Pick<Journal, 'setAside'>
  readonly marks: TypeMarks
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** There was no room for another row, and there is again. */
  readonly onRoom: () => void
}

interface Waiting {
  readonly row: JournalRow | CorruptRow
  readonly reason: DropReason
}

/** The rows that are being set aside. Disposal waits for what the journal is writing. */
export class Aside {
  readonly #options: AsideOptions
  readonly #waiting = new Map<number, Waiting>()
  readonly #counts: Record<string, number> = {}
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: AsideOptions) {
    this.#options = options
  }

  /** Rows set aside since the start, by reason. */
  get counts(): { readonly [reason: string]: number } {
    return { ...this.#counts }
  }

  /** Rows whose drop record is not written yet. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** True while no other row can be taken. */
  get full(): boolean {
    return this.#waiting.size >= WAITING_MAX_ROWS
  }

  /** Takes a row; false when there is no room for another now. */
  add(row: JournalRow | CorruptRow, reason: DropReason): boolean {
    if (this.full) return false
    this.#waiting.set(row.id, { row, reason })
    this.#running ??= this.#run()
    return true
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#options
    const { signal } = this.#stop
    // What is found in one read is set aside in one transaction.
    await Promise.resolve()
    for (let attempt = 1; this.#waiting.size > 0 && !signal.aborted;) {
      try {
        await this.#setSomeAside()
        attempt = 1
      } catch (error) {
        if (attempt === 1) log.error('drop_record_not_written', { reason: messageOf(error) })
        await clock.sleep(retryDelayMs(RETRY, attempt, random), signal)
        attempt += 1
      }
    }
    this.#running = undefined
  }

  async #setSomeAside(): Promise<void> {
    const { journal, marks, log } = this.#options
    const waiting = [...this.#waiting.values()]
    const reason = waiting[0]?.reason ?? 'rejected'
    const rows = waiting.filter((one) => one.reason === reason).map((one) => one.row)
    await journal.setAside(
      rows.map((row) => row.id),
      reason,
    )
    const wasFull = this.full
    for (const row of rows) {
      this.#waiting.delete(row.id)
      // A corrupt row's claim is not vouched for; a mark must not move on its word.
      if ('corrupt' in row) continue
      marks.acknowledged(row.epoch, row.type, row.reading.seq, row.reading.seq)
    }
    this.#counts[reason] = (this.#counts[reason] ?? 0) + rows.length
    log.warn('readings_set_aside', { reason, count: rows.length, ...firstOf(rows) })
    if (wasFull) this.#options.onRoom()
  }
}

/** Which reading the first of them is, as far as that is known. */
function firstOf([row]: readonly (JournalRow | CorruptRow)[]): {
  readonly [name: string]: unknown
} {
  if (row === undefined) return {}
  if ('corrupt' in row) return { id: row.id, ...row.claims }
  return { id: row.id, epoch: row.epoch, type: row.type, seq: row.reading.seq }
}
