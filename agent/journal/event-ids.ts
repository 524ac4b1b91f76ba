// Merges a source's repeats: an event id that was accepted in the last 24 hours, or among the last
// million, is not accepted again. The ids live in the journal's own file, written in the transaction
// of their reading, so that a repeat after a crash is found exactly if the reading was kept.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { numberIn, textIn } from '../../base/sqlite.ts'

/** How long a repeat is recognised, ms. */
export const EVENT_KEEP_MS = 86_400_000

/** How many ids are recognised at most; about 100 bytes of memory each. */
export const EVENT_KEEP_COUNT = 1_000_000

/** Ids forgotten per commit at most, so that no commit is slow. */
const FORGET_PER_COMMIT = 2000

interface Known {
  readonly number: number
  readonly at: number
}

/** The recent event ids of one open journal; used inside its transactions only. */
export class EventIds {
  readonly #known = new Map<string, Known>()
  readonly #insert: StatementSync
  readonly #forget: StatementSync
  #pending: string[] = []
  #number: number

  constructor(database: DatabaseSync, now: number) {
    this.#insert = database.prepare('INSERT INTO event (number, at, hash) VALUES (?, ?, ?)')
    this.#forget = database.prepare('DELETE FROM event WHERE number <= ?')
    const newest = database.prepare('SELECT coalesce(max(number), 0) AS n FROM event').get()
    this.#number = numberIn(newest, 'n')
    const recent = database.prepare(
      'SELECT number, at, hash FROM event WHERE number > ? AND at > ? ORDER BY number',
    )
    for (const row of recent.iterate(this.#number - EVENT_KEEP_COUNT, now - EVENT_KEEP_MS)) {
      const known = { number: numberIn(row, 'number'), at: numberIn(row, 'at') }
      this.#known.set(textIn(row, 'hash'), known)
    }
  }

  /** True if the id is new; it is then known, once the transaction is committed. */
  admit(hash: string, now: number): boolean {
    if (this.#known.has(hash)) return false
    this.#number += 1
    this.#known.set(hash, { number: this.#number, at: now })
    this.#pending.push(hash)
    this.#insert.run(this.#number, now, hash)
    return true
  }

  /** Forgets old ids in the file and in memory; call inside the transaction. */
  forgetOld(now: number): void {
    let through = 0
    let forgotten = 0
    for (const [hash, known] of this.#known) {
      const old = known.at <= now - EVENT_KEEP_MS || this.#known.size > EVENT_KEEP_COUNT
      if (!old || forgotten >= FORGET_PER_COMMIT) break
      this.#known.delete(hash)
      through = known.number
      forgotten += 1
    }
    if (through > 0) this.#forget.run(through)
  }

  /** The transaction is durable. */
  committed(): void {
    this.#pending = []
  }

  /** The transaction was rolled back: what it admitted is unknown again. */
  rolledBack(): void {
    for (const hash of this.#pending) this.#known.delete(hash)
    this.#pending = []
  }
}
