// Which rows go out because the cloud asked for them again. Their packs get message ids that the broker
// has not seen: within its duplicate window it would swallow the original ones. Pure bookkeeping; what
// it forgets at an end of the process only means that the cloud may have to ask once more.

import { IntervalSet } from '../../base/interval-set.ts'
import { randomToken } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import type { IdRange, JournalRow } from '../journal/journal.ts'

const NONCE_CHARS = 8

/** Rows that were asked for and are not acknowledged yet. */
export class Resent {
  readonly #ids = new IntervalSet()
  readonly #random: Random
  #nonce: string | undefined

  constructor(random: Random) {
    this.#random = random
  }

  /** How many rows are still on their way. */
  get size(): number {
    return this.#ids.size
  }

  /** Rows were asked for: from now on their packs have ids of their own. */
  asked(ranges: readonly IdRange[]): void {
    this.#ids.addAll(ranges)
    this.#nonce = randomToken(this.#random, NONCE_CHARS)
  }

  /** Rows are acknowledged or gone. */
  done(ranges: readonly IdRange[]): void {
    if (this.#ids.size === 0) return
    for (const range of ranges) this.#ids.remove(range)
  }

  /** What goes into the message id of a pack of these rows; undefined when none was asked for. */
  nonceFor(rows: readonly JournalRow[]): string | undefined {
    if (this.#ids.size === 0) return undefined
    return rows.some((row) => this.#ids.has(row.id)) ? this.#nonce : undefined
  }
}
