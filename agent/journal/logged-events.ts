// Event ids that a damaged file's log knows. The log's last transaction may be torn: it can name an event
// whose reading nobody has, and a source that repeats that reading must not be told that it is kept.
// Readings that are found bring their events with them; from the table in the log only those count
// whose readings the cloud has.

import { HASH } from './event-ids.ts'
import type { RowTable } from './row-table.ts'

/** Events learned per step: some milliseconds. */
const TEACH_PER_STEP = 5000

/** An event id, hashed, and the id of its reading's row in the same file. */
export interface CarvedEvent {
  readonly hash: string
  /** Undefined in files of the first format. */
  readonly reading: number | undefined
}

/** The event in a row of the table `event`: an empty rowid column, a number, a hash, a row id. */
export function eventIn(columns: readonly unknown[]): CarvedEvent | undefined {
  const [first, at, hash, reading, ...more] = columns
  if (first !== null || typeof at !== 'number' || more.length > 0) return undefined
  if (typeof hash !== 'string' || !HASH.test(hash)) return undefined
  return { hash, reading: typeof reading === 'number' ? reading : undefined }
}

/** The events of one log, until it is known which readings there are. */
export class LoggedEvents {
  readonly #offered: CarvedEvent[] = []
  #taught = 0

  /** An event that the log knows. */
  offer(event: CarvedEvent): void {
    this.#offered.push(event)
  }

  /** Hands on the next events whose readings the cloud has; true when there are no more. */
  teach(rows: RowTable, isSettled: (id: number) => boolean): boolean {
    const next = this.#offered.slice(this.#taught, this.#taught + TEACH_PER_STEP)
    this.#taught += next.length
    for (const { hash, reading } of next) {
      if (reading !== undefined && isSettled(reading)) rows.learnEvent(hash)
    }
    return this.#taught === this.#offered.length
  }
}
