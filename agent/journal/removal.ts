// Gives rows up inside a transaction: they leave the table, and records take their place that say
// which ranges, how many, from when, and why. Drop records that are met among the rows are folded into
// the new ones, so that a journal that is full for months does not fill with records.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { parseJson } from '../../base/json.ts'
import { numberIn, textIn } from '../../base/sqlite.ts'
import type { SqlRow } from '../../base/sqlite.ts'
import { parseTypeName } from '../../wire/ids.ts'
import { parseRecord } from '../../wire/records.ts'
import type { RecordOf } from '../../wire/records.ts'
import type { IdRange } from './journal.ts'
import { hasTypes } from './read-row.ts'
import { rowChecksum } from './row-body.ts'
import type { EpochRow, Removal } from './thread-protocol.ts'

type Drop = RecordOf<'_drop'>

/** What a removal did. */
export interface Removed {
  readonly records: readonly Drop[]
  /** Readings given up, records not counted. */
  readonly count: number
  /** Ids that stay: records are given up only one by one, when they are damaged or refused. */
  readonly kept: readonly IdRange[]
}

/** Removes rows of one journal; used inside its transactions only. */
export class Remover {
  readonly #select: StatementSync
  readonly #delete: StatementSync
  readonly #setAside: StatementSync
  readonly #trimAside: StatementSync

  constructor(database: DatabaseSync) {
    this.#select = database.prepare(
      'SELECT id, epoch, type, seq, body, crc FROM reading WHERE id BETWEEN ? AND ? ORDER BY id',
    )
    this.#delete = database.prepare('DELETE FROM reading WHERE id BETWEEN ? AND ?')
    this.#setAside = database.prepare(
      // Damage can make any column nothing.
      `INSERT OR REPLACE INTO aside SELECT id, coalesce(epoch, 0), coalesce(type, ''), coalesce(seq, 0),
       coalesce(body, ''), coalesce(crc, 0), ?, ? FROM reading WHERE id BETWEEN ? AND ?`,
    )
    this.#trimAside = database.prepare(
      `DELETE FROM aside WHERE id <= (SELECT id FROM aside ORDER BY id DESC LIMIT 1 OFFSET ${ASIDE_MAX_ROWS})`,
    )
  }

  /** Removes the rows; `epochs` gives the ids of their epochs by number. Throws SQLite's errors. */
  remove(removal: Removal, epochs: ReadonlyMap<number, EpochRow>, at: number): Removed {
    const ledger = new DropLedger(removal, epochs)
    for (const range of removal.ranges) {
      for (const row of this.#select.iterate(range.first, range.last)) ledger.meet(row)
    }
    for (const range of removal.ranges) {
      if (removal.aside) this.#setAside.run(removal.reason, at, range.first, range.last)
      this.#deleteBetween(range, ledger.kept)
    }
    if (removal.aside) this.#trimAside.run()
    return { records: ledger.records(), count: ledger.count, kept: ledger.kept }
  }

  #deleteBetween(range: IdRange, kept: readonly IdRange[]): void {
    let first = range.first
    for (const stays of kept) {
      if (stays.last < first || stays.first > range.last) continue
      this.#delete.run(first, stays.first - 1)
      first = stays.last + 1
    }
    this.#delete.run(first, range.last)
  }
}

/** Rows in `aside` at most: it is for a person to look at, not a second journal. */
const ASIDE_MAX_ROWS = 1000

/** A run of seqs that is still growing; the time of its newest row is looked up at the end. */
interface Run {
  readonly epoch: string
  readonly type: string
  readonly first: number
  last: number
  count: number
  from: number | null
  to: number | null
  newestBody: string | undefined
}

/** Collects the runs of rows that go. */
class DropLedger {
  readonly kept: { first: number; last: number }[] = []
  count = 0
  readonly #removal: Removal
  readonly #epochs: ReadonlyMap<number, EpochRow>
  readonly #runs = new Map<string, Run[]>()
  readonly #folded: Drop[] = []

  constructor(removal: Removal, epochs: ReadonlyMap<number, EpochRow>) {
    this.#removal = removal
    this.#epochs = epochs
  }

  meet(row: SqlRow): void {
    const type = typeof row['type'] === 'string' ? row['type'] : ''
    const { aside } = this.#removal
    const folded = aside || type !== '_drop' ? undefined : dropIn(row)
    if (type.startsWith('_') && !aside && folded === undefined) {
      this.#keep(numberIn(row, 'id'))
      return
    }
    this.#extend(row, type)
    if (folded !== undefined) this.#folded.push(folded)
    else this.count += 1
  }

  /** The records to write: adjacent runs of one reason are one. */
  records(): readonly Drop[] {
    const { reason } = this.#removal
    const groups = new Map<string, Drop[]>()
    const put = (drop: Drop): void => {
      const key = `${drop.epoch} ${drop.type} ${drop.reason}`
      groups.set(key, [...(groups.get(key) ?? []), drop])
    }
    for (const run of [...this.#runs.values()].flat()) {
      const { newestBody, ...range } = run
      put({ ...range, to: latest(run.to, this.#timeOf(newestBody)), reason })
    }
    for (const drop of this.#folded) put(drop)
    return [...groups.values()].flatMap(joined)
  }

  /** Adds a row to the run of its epoch and type; rows come in order, so nearly always the newest. */
  #extend(row: SqlRow, type: string): void {
    const epoch = this.#epochs.get(typeof row['epoch'] === 'number' ? row['epoch'] : -1)
    const { seq, body } = row
    // A damaged row may claim what no record can say; the hole in its sequence then speaks.
    if (epoch === undefined || parseTypeName(type) === undefined) return
    if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return
    const newestBody = typeof body === 'string' ? body : undefined
    const key = `${epoch.id} ${type}`
    const runs = this.#runs.get(key) ?? []
    const newest = runs.at(-1)
    if (newest?.last === seq - 1) {
      newest.last = seq
      newest.count += 1
      newest.newestBody = newestBody
      return
    }
    const from = this.#timeOf(newestBody)
    const range = { first: seq, last: seq, count: 1, from, to: from }
    runs.push({ epoch: epoch.id, type, ...range, newestBody })
    this.#runs.set(key, runs)
  }

  #keep(id: number): void {
    const open = this.kept.at(-1)
    if (open?.last === id - 1) open.last = id
    else this.kept.push({ first: id, last: id })
  }

  /** When the row was received, epoch ms; null where the row is not to be believed. */
  #timeOf(body: string | undefined): number | null {
    if (body === undefined || this.#removal.reason === 'corrupt') return null
    const parts: unknown = parseJson(body)
    const at: unknown = Array.isArray(parts) ? parts[5] : undefined
    return typeof at === 'number' ? at : null
  }
}

/** Drops of one epoch, type and reason, adjacent ones as one. */
function joined(drops: readonly Drop[]): readonly Drop[] {
  const sorted = [...drops].sort((one, other) => one.first - other.first)
  const result: Drop[] = []
  for (const next of sorted) {
    const before = result.at(-1)
    if (before === undefined || before.last + 1 !== next.first) {
      result.push(next)
      continue
    }
    const count = before.count + next.count
    const span = { from: earliest(before.from, next.from), to: latest(before.to, next.to) }
    result[result.length - 1] = { ...before, last: next.last, count, ...span }
  }
  return result
}

function earliest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.min(one, other)
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other)
}

/** The record in a `_drop` row that its checksum vouches for. */
function dropIn(row: SqlRow): Drop | undefined {
  if (!hasTypes(row)) return undefined
  const body = textIn(row, 'body')
  const identity = {
    ...{ id: numberIn(row, 'id'), epoch: numberIn(row, 'epoch') },
    ...{ type: textIn(row, 'type'), seq: numberIn(row, 'seq') },
  }
  const crc = numberIn(row, 'crc')
  if (rowChecksum(2, identity, body) !== crc && rowChecksum(1, identity, body) !== crc) return
  const parts: unknown = parseJson(body)
  const value: unknown = Array.isArray(parts) ? parts[2] : undefined
  return parseDrop(value)
}

function parseDrop(value: unknown): Drop | undefined {
  try {
    return parseRecord('_drop', value)
  } catch {
    return undefined
  }
}
