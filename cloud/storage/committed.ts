// The rows of a commit as live points for dashboards: one JSON array per message, rows of one type
// together. Only rows that are new; of the reserved records only those that name devices: what is shown
// is what the database has.

import { isReservedType } from '../../wire/ids.ts'
import type { TypeName } from '../../wire/ids.ts'
import { chartTime, flagsOf } from './flags.ts'
import { COMMITTED_MAX_POINTS, PART_MAX_CHARS } from './limits.ts'
import type { Kind, Run, RowTable, TableOutcome } from './row-table.ts'

/** A message to publish. */
export interface CommittedMessage {
  readonly subject: string
  readonly text: string
}

/** Where the points of a type are published. */
export function committedSubject(type: TypeName | '*'): string {
  return `committed.${type}`
}

/** The messages about tables that were committed together. */
export function committedMessages(
  tables: readonly RowTable[],
  outcomes: readonly TableOutcome[],
): readonly CommittedMessage[] {
  const batches = new Map<TypeName, Batch>()
  for (const [place, table] of tables.entries()) {
    for (const [number, run] of table.runs.entries()) {
      if (isReservedType(run.type) && run.type !== '_device') continue
      const batch = batches.get(run.type) ?? new Batch(committedSubject(run.type))
      batches.set(run.type, batch)
      addRun(batch, run, outcomes[place]?.skipped[number] ?? [])
    }
  }
  return [...batches.values()].flatMap((batch) => batch.end())
}

function addRun(batch: Batch, run: Run, skipped: readonly number[]): void {
  const heads = run.kinds.map((kind) => headOf(run, kind))
  const left = skipped.length === 0 ? undefined : new Set(skipped)
  for (let place = 0; place < run.seq.length; place += 1) {
    if (left?.has(place) === true) continue
    const head = heads[run.kind[place] ?? -1] ?? ''
    const bits = run.flags[place] ?? 0
    const at = chartTime(bits, run.observedAt[place] ?? 0, run.receivedAt[place] ?? 0)
    const value = JSON.stringify(run.value[place])
    const number = run.number[place] ?? 'null'
    const flags = bits === 0 ? '[]' : JSON.stringify(flagsOf(bits))
    batch.add(`${head}"at":${at},"value":${value},"number":${number},"flags":${flags}}`)
  }
}

/** What all points of a kind begin with, as JSON text. */
function headOf({ hub, type }: Run, { site, device, channel, unit, canonicalUnit }: Kind): string {
  const fields = { hub, type, site, device, channel, unit: canonicalUnit ?? unit }
  return `${JSON.stringify(fields).slice(0, -1)},`
}

/** Points of one type on their way into messages that a broker takes. */
class Batch {
  readonly #subject: string
  readonly #messages: CommittedMessage[] = []
  #points: string[] = []
  #chars = 0

  constructor(subject: string) {
    this.#subject = subject
  }

  add(point: string): void {
    this.#points.push(point)
    this.#chars += point.length
    if (this.#chars >= PART_MAX_CHARS || this.#points.length >= COMMITTED_MAX_POINTS) this.end()
  }

  end(): readonly CommittedMessage[] {
    if (this.#points.length > 0) {
      this.#messages.push({ subject: this.#subject, text: `[${this.#points.join(',')}]` })
    }
    this.#points = []
    this.#chars = 0
    return this.#messages
  }
}
