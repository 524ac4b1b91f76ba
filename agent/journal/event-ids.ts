// Merges a source's repeats: an event id that was accepted in the last 24 hours, or among the last
// million, is not accepted again. The ids live in the journal's own file, written in the transaction
// of their reading, so that a repeat after a crash is found exactly if the reading was kept. Their age
// is the time that the journal was open, never the wall's: a clock that jumps from 1970 to today would
// make all of them a day old.

import { createHash } from 'node:crypto'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { HubleafError } from '../../base/errors.ts'
import { numberAt } from '../../base/json.ts'
import { numberIn } from '../../base/sqlite.ts'
import { EventTable } from './event-table.ts'

/** How long a repeat is recognised, ms of the journal being open. */
export const EVENT_KEEP_MS = 86_400_000

/** How many ids are recognised at most. */
export const EVENT_KEEP_COUNT = 1_000_000

/** Ids forgotten per commit at most, so that no commit is slow. */
const FORGET_PER_COMMIT = 2000

/** Ids read at once when the journal opens: one long text is far cheaper than as many rows. */
const LOAD_ROWS = 20_000

/** Characters of a hash: 96 bits. */
const HASH_CHARS = 16
const HASH_BYTES = 12

/** How a hash is written; the first format kept more of it. */
export const HASH = /^[\w-]{16}(?:[\w-]{6})?$/

/** The recent event ids of one open journal; used inside its transactions only. */
export class EventIds {
  readonly #known: EventTable
  readonly #insert: StatementSync
  readonly #forget: StatementSync
  /** Age stamps go on from the newest one in the file. */
  readonly #base: number
  #lastAge = 0
  #pending = 0
  #number: number

  constructor(database: DatabaseSync, keepCount = EVENT_KEEP_COUNT) {
    const count = database.prepare('SELECT count(*) AS n FROM event').get()
    this.#known = new EventTable(keepCount, numberIn(count, 'n'))
    this.#insert = database.prepare('INSERT INTO event VALUES (?, ?, ?, ?)')
    this.#forget = database.prepare('DELETE FROM event WHERE number <= ?')
    const newest = database
      .prepare('SELECT number, at FROM event ORDER BY number DESC LIMIT 1')
      .get()
    this.#number = newest === undefined ? 0 : numberIn(newest, 'number')
    this.#base = numberAt(newest, 'at') ?? 0
    this.#load(database, keepCount)
  }

  /**
   * True if the id is new; it is then known, once the transaction is committed. `reading` is the id of
   * the row that its reading gets, null where that is not known.
   */
  admit(hash: string, age: number, reading: number | null): boolean {
    const words = toWords(hash)
    this.#lastAge = Math.max(this.#lastAge, age)
    if (this.#known.has(words)) return false
    const at = this.#base + age
    this.#number += 1
    this.#known.add(words, at)
    this.#pending += 1
    this.#insert.run(this.#number, at, hash, reading)
    return true
  }

  /** An id of another file, if it is new here: it counts as just seen. */
  learn(hash: string): void {
    if (HASH.test(hash)) this.admit(hash.slice(0, HASH_CHARS), this.#lastAge, null)
  }

  /** Forgets old ids in the file and in memory; call inside the transaction, before admitting. */
  forgetOld(age: number): void {
    let forgotten = 0
    const oldest = this.#base + age - EVENT_KEEP_MS
    while (this.#known.oldestAge <= oldest && forgotten < FORGET_PER_COMMIT) {
      this.#known.removeOldest()
      forgotten += 1
    }
    // What left memory because a million came after it leaves the file here too.
    const through = this.#number - this.#known.size
    if (through > this.#forgotten) this.#forget.run(through)
    this.#forgotten = through
  }

  #forgotten = 0

  /** The transaction is durable. */
  committed(): void {
    this.#pending = 0
  }

  /** The transaction was rolled back: what it admitted is unknown again. */
  rolledBack(): void {
    for (; this.#pending > 0; this.#pending -= 1) {
      this.#known.removeNewest()
      this.#number -= 1
    }
    this.#forgotten = 0
  }

  #load(database: DatabaseSync, keepCount: number): void {
    const page = database.prepare(
      `SELECT count(*) AS count, max(number) AS number, max(at) AS at, group_concat(substr(hash, 1, ${HASH_CHARS}), '')
       AS hashes FROM (SELECT number, at, hash FROM event WHERE number > ? ORDER BY number LIMIT ?)`,
    )
    let after = this.#number - keepCount
    for (;;) {
      const row = page.get(after, LOAD_ROWS)
      if (row === undefined || row['number'] === null) return
      const at = numberAt(row, 'at') ?? this.#base
      const bytes = Buffer.from(String(row['hashes']), 'base64url')
      // A damaged hash would move all that follow it; then each is looked at by itself.
      const isWhole = bytes.length === numberIn(row, 'count') * HASH_BYTES
      const words = isWhole
        ? new Uint32Array(Uint8Array.from(bytes).buffer)
        : this.#soundWords(database, after)
      for (let start = 0; start + 3 <= words.length; start += 3) {
        const hash = words.subarray(start, start + 3)
        if (!this.#known.has(hash)) this.#known.add(hash, at)
      }
      const through = numberIn(row, 'number')
      // A damaged tree can lead back to where it began, for ever.
      if (through <= after) throw new HubleafError('journal_corrupt', 'event ids are out of order')
      after = through
    }
  }

  /** The words of the next rows whose hashes are still hashes. */
  #soundWords(database: DatabaseSync, after: number): Uint32Array {
    const rows = database
      .prepare('SELECT hash FROM event WHERE number > ? ORDER BY number LIMIT ?')
      .all(after, LOAD_ROWS)
    const words = rows.flatMap(({ hash }) => {
      const isHash = typeof hash === 'string' && HASH.test(hash)
      return isHash ? [...toWords(hash)] : []
    })
    return Uint32Array.from(words)
  }
}

/** The first 96 bits of a hash in base64url. */
function toWords(hash: string): Uint32Array {
  const bytes = Buffer.from(hash.slice(0, HASH_CHARS), 'base64url')
  const word = (at: number): number => (bytes.length >= at + 4 ? bytes.readUInt32LE(at) : 0)
  return Uint32Array.of(word(0), word(4), word(8))
}

/** What stands for a source's event id in the journal: 96 bits of SHA-256, base64url. */
export function eventHash(source: string, eventId: string): string {
  const hash = createHash('sha256').update(`${source}\n${eventId}`).digest('base64url')
  return hash.slice(0, HASH_CHARS)
}
