// The writing connection: tables of rows become one synced transaction. All of it is stored, or none.
// A key that is there already is never overwritten: equal content is a repeat, other a conflict.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { numberIn } from '../../base/sqlite.ts'
import { isReservedType } from '../../wire/ids.ts'
import { chartTime } from './flags.ts'
import { canonicalJson, hashSeed, rowHash } from './row-hash.ts'
import { rowCount } from './row-table.ts'
import type { Kind, Run, RowTable, TableOutcome } from './row-table.ts'
import { Dictionaries } from './sqlite-dictionary.ts'
import { LatestRows } from './sqlite-latest.ts'
import type { RowKey } from './storage.ts'

/** What a run's rows became. */
interface RunOutcome {
  readonly skipped: number[]
  readonly conflicts: RowKey[]
}

/** A kind with what its rows share in the file. */
interface ResolvedKind {
  readonly kind: Kind
  readonly seriesId: number
  readonly originId: number
  readonly seed: ReturnType<typeof hashSeed>
}

/** Writes tables into an open and migrated database. */
export class SqliteWriter {
  readonly #database: DatabaseSync
  readonly #dictionaries: Dictionaries
  readonly #latest: LatestRows
  readonly #insert: StatementSync
  readonly #hashesBetween: StatementSync
  readonly #hashOf: StatementSync
  readonly #count: StatementSync

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#dictionaries = new Dictionaries(database)
    this.#latest = new LatestRows(database)
    this.#insert = database.prepare(`INSERT INTO reading (run_id, seq, series_id, origin_id,
      observed_at, received_at, mono_ms, value, number, flags, hash)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    const hash = 'SELECT seq, hash FROM reading WHERE run_id = ? AND seq'
    this.#hashesBetween = database.prepare(`${hash} BETWEEN ? AND ?`)
    this.#hashOf = database.prepare(`${hash} = ?`)
    this.#count = database.prepare('UPDATE total SET readings = readings + ?')
  }

  /** Stores the tables in one transaction; outcomes in order. Throws SQLite's errors. */
  commit(tables: readonly RowTable[]): readonly TableOutcome[] {
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const outcomes = tables.map((table) => this.#writeTable(table))
      this.#latest.flush()
      const stored = outcomes.reduce((sum, outcome) => sum + outcome.stored, 0)
      if (stored > 0) this.#count.run(stored)
      this.#database.exec('COMMIT')
      return outcomes
    } catch (error) {
      this.#dictionaries.forget()
      this.#latest.forget()
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #writeTable(table: RowTable): TableOutcome {
    const outcomes = table.runs.map((run) => this.#writeRun(run))
    const conflicts = outcomes.flatMap((outcome) => outcome.conflicts)
    const skipped = outcomes.map((outcome) => outcome.skipped)
    const known = skipped.reduce((sum, places) => sum + places.length, 0)
    const stored = rowCount(table) - known
    return { stored, repeated: known - conflicts.length, conflicts, skipped }
  }

  #writeRun(run: Run): RunOutcome {
    const runId = this.#dictionaries.run(run)
    const kinds = run.kinds.map((kind) => this.#resolve(run, kind))
    const known = this.#knownHashes(runId, run.seq)
    const keepsLatest = !isReservedType(run.type) || run.type === '_device'
    const outcome: RunOutcome = { skipped: [], conflicts: [] }
    for (const [place, seq] of run.seq.entries()) {
      const shared = kinds[run.kind[place] ?? -1]
      const value = run.value[place]
      if (shared === undefined || value === undefined) throw new RangeError('columns differ')
      const { observedAt, receivedAt, monoMs, number, flags } = cellsOf(run, place)
      const text = canonicalJson(value)
      const hash = rowHash(shared.seed, observedAt, receivedAt, monoMs, text)
      const before = known.get(seq)
      if (before !== undefined) {
        outcome.skipped.push(place)
        if (before !== hash) outcome.conflicts.push(keyOf(run, seq))
        continue
      }
      // The source's order of keys is kept; for all but objects the canonical text is the same.
      const stored = typeof value === 'object' ? JSON.stringify(value) : text
      const { seriesId, originId, kind } = shared
      this.#insert.run(
        runId,
        seq,
        seriesId,
        originId,
        observedAt,
        receivedAt,
        monoMs,
        stored,
        number,
        flags,
        hash,
      )
      known.set(seq, hash)
      if (!keepsLatest) continue
      const at = chartTime(flags, observedAt, receivedAt)
      this.#latest.offer({ seriesId, at, receivedAt, seq, value: stored, number, flags, kind })
    }
    return outcome
  }

  #resolve(run: Run, kind: Kind): ResolvedKind {
    const seriesId = this.#dictionaries.series(run, kind)
    return { kind, seriesId, originId: this.#dictionaries.origin(kind), seed: hashSeed(kind) }
  }

  /** The hashes of those seqs that are in the file; one look for all where they stand close. */
  #knownHashes(runId: number, seqs: readonly number[]): Map<number, number> {
    const known = new Map<number, number>()
    const first = seqs.reduce((least, seq) => Math.min(least, seq), Infinity)
    const last = seqs.reduce((most, seq) => Math.max(most, seq), 0)
    const close = last - first < 4 * seqs.length
    const rows = close
      ? this.#hashesBetween.all(runId, first, last)
      : seqs.flatMap((seq) => this.#hashOf.all(runId, seq))
    for (const row of rows) known.set(numberIn(row, 'seq'), numberIn(row, 'hash'))
    return known
  }
}

function cellsOf(run: Run, place: number) {
  return {
    observedAt: run.observedAt[place] ?? 0,
    receivedAt: run.receivedAt[place] ?? 0,
    monoMs: run.monoMs[place] ?? 0,
    number: run.number[place] ?? null,
    flags: run.flags[place] ?? 0,
  }
}

function keyOf({ hub, epoch, type }: Run, seq: number): RowKey {
  return { hub, epoch, type, seq }
}
