// Rows by columns: what rows of one hub, epoch and type have in common is said once. This is what
// travels from a worker to storage and on to its thread, at a fraction of the cost of row objects.

import type { EpochId, HubId, TypeName } from '../../wire/ids.ts'
import type { Json, Reading, TimeQuality } from '../../wire/reading.ts'
import { flagBits } from './flags.ts'
import type { Row, WriteOutcome } from './storage.ts'

/** The texts that many rows of a run share. */
export interface Kind {
  readonly device: string
  readonly channel: string
  readonly site: string | null
  readonly source: string
  readonly boot: string
  readonly timeQuality: TimeQuality
  readonly unit: string | null
  readonly canonicalUnit: string | null
}

/** Rows of one hub, epoch and type; the columns are equally long. */
export interface Run {
  readonly hub: HubId
  readonly epoch: EpochId
  readonly type: TypeName
  readonly kinds: readonly Kind[]
  readonly seq: readonly number[]
  /** Place in `kinds`. */
  readonly kind: readonly number[]
  readonly observedAt: readonly number[]
  readonly receivedAt: readonly number[]
  readonly monoMs: readonly number[]
  readonly value: readonly Json[]
  readonly number: readonly (number | null)[]
  /** Bits, see `flags.ts`. */
  readonly flags: readonly number[]
}

/** Rows of one write. */
export interface RowTable {
  readonly runs: readonly Run[]
}

/** What became of a table's rows. */
export interface TableOutcome extends WriteOutcome {
  /** Per run: the places of rows that were not stored, ascending. Nearly always empty. */
  readonly skipped: readonly (readonly number[])[]
}

/** How many rows a table has. */
export function rowCount(table: RowTable): number {
  return table.runs.reduce((sum, run) => sum + run.seq.length, 0)
}

/** The rows by columns; rows of a run keep their order. */
export function tableOf(rows: readonly Row[]): RowTable {
  const builders = new Map<string, RunBuilder>()
  let current: RunBuilder | undefined
  for (const row of rows) {
    if (current?.takes(row) !== true) {
      const key = `${row.hub} ${row.epoch} ${row.type}`
      current = builders.get(key) ?? new RunBuilder(row)
      builders.set(key, current)
    }
    current.add(row)
  }
  return { runs: [...builders.values()].map((builder) => builder.run) }
}

class RunBuilder {
  readonly run
  readonly #places = new Map<string, number[]>()

  constructor({ hub, epoch, type }: Row) {
    const kinds: Kind[] = []
    const values: Json[] = []
    const numbers: (number | null)[] = []
    const columns = { seq: ints(), kind: ints(), flags: ints() }
    const times = { observedAt: ints(), receivedAt: ints(), monoMs: ints() }
    this.run = { hub, epoch, type, kinds, ...columns, ...times, value: values, number: numbers }
  }

  takes(row: Row): boolean {
    const { hub, epoch, type } = this.run
    return row.epoch === epoch && row.type === type && row.hub === hub
  }

  add(row: Row): void {
    const { run } = this
    run.seq.push(row.seq)
    run.kind.push(this.#kindOf(row))
    run.observedAt.push(row.observedAt)
    run.receivedAt.push(row.receivedAt)
    run.monoMs.push(row.monoMs)
    run.value.push(row.value)
    run.number.push(row.number)
    run.flags.push(row.flags.length === 0 ? 0 : flagBits(row.flags))
  }

  /** Kinds are found by device first: a device has few of them. */
  #kindOf(row: Row): number {
    const { kinds } = this.run
    let places = this.#places.get(row.device)
    if (places === undefined) {
      places = []
      this.#places.set(row.device, places)
    }
    for (const place of places) if (isKindOf(kinds[place], row)) return place
    places.push(kinds.length)
    return kinds.push({ ...kindOf(row), canonicalUnit: row.canonicalUnit }) - 1
  }
}

function ints(): number[] {
  return []
}

function isKindOf(kind: Kind | undefined, row: Row): boolean {
  return (
    kind !== undefined &&
    kind.channel === row.channel &&
    kind.boot === row.boot &&
    kind.source === row.source &&
    kind.timeQuality === row.timeQuality &&
    kind.unit === (row.unit ?? null) &&
    kind.site === (row.site ?? null) &&
    kind.canonicalUnit === row.canonicalUnit
  )
}

/** The shared texts of a reading; its canonical unit is the worker's to say. */
export function kindOf(reading: Reading): Kind {
  const { device, channel, source, boot, timeQuality, unit = null, site = null } = reading
  return { device, channel, site, source, boot, timeQuality, unit, canonicalUnit: null }
}
