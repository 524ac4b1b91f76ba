// `verify`: reads every row, checks its checksum and its place in its sequence, and has SQLite check
// the file's structure. Prints what is wrong, fails if anything is. While an agent runs, no read
// takes long: the structure of a large file is then checked by walking through all its rows.

import { EXIT } from '../../base/verb.ts'
import { isHubleafError } from '../../base/errors.ts'
import { numberIn } from '../../base/sqlite.ts'
import { parseRecord } from '../../wire/records.ts'
import type { RecordOf } from '../../wire/records.ts'
import type { JournalRow } from '../journal/journal.ts'
import type { BufferFile, RawRow } from './buffer-file.ts'
import { ROW_STATES } from './filter.ts'
import { Progress } from './progress.ts'
import { SeqAudit } from './seq-audit.ts'
import { grouped } from './text.ts'
import type { World } from './world.ts'

/** What can be wrong. */
export type ProblemKind =
  'structure' | 'row_corrupt' | 'seq_missing' | 'seq_twice' | 'state' | 'record'

/** One thing that is wrong. */
export interface Problem {
  readonly kind: ProblemKind
  readonly message: string
}

/** What was found; its JSON is what `--json` prints. */
export interface Verdict {
  readonly file: string
  readonly ok: boolean
  readonly rows: number
  /** Whether SQLite checked the whole file's structure, or the rows were walked through instead. */
  readonly structure: 'checked' | 'walked'
  /** The first ones. */
  readonly problems: readonly Problem[]
  readonly problemCount: number
  /** What is no fault, but worth knowing. */
  readonly notes: readonly string[]
}

/** Problems that are listed; the others are counted. */
const LISTED_MAX = 1000

/** A live file up to this size is checked by SQLite in one read, which takes well below a second. */
const LIVE_CHECK_BYTES = 16_000_000

/** The small tables, which are checked whatever the size. */
const SMALL_TABLES = ['epoch', 'state']

/** Prints the verdict; resolves to the exit code. */
export async function verify(file: BufferFile, json: boolean, world: World): Promise<number> {
  const verdict = await judge(file, world)
  if (world.signal.aborted) return EXIT.failed
  await world.stdout.write(json ? `${JSON.stringify(verdict)}\n` : render(verdict))
  return verdict.ok ? EXIT.ok : EXIT.failed
}

async function judge(file: BufferFile, world: World): Promise<Verdict> {
  const findings = new Findings(file)
  {
    using progress = new Progress(world, 'verifying', 'rows')
    for await (const rows of file.rows(new Set(ROW_STATES))) {
      for (const row of rows) findings.meet(row)
      progress.tell(findings.rows, 0)
    }
  }
  if (!world.signal.aborted) await findings.close()
  const structure = findings.checkStructure()
  if (file.place.mode === 'unchanging') {
    findings.notes.push(
      'no log lies beside the file; if one was left behind, the newest rows are in it',
    )
  }
  for (const name of file.damagedFiles) {
    findings.notes.push(`${name} lies beside it: rows that are still to be brought back`)
  }
  const { problems, count, rows, notes } = findings
  const found = { ok: count === 0, rows, structure, problems, problemCount: count, notes }
  return { file: file.place.file, ...found }
}

class Findings {
  readonly problems: Problem[] = []
  readonly notes: string[] = []
  count = 0
  rows = 0
  #lastId = 0
  #salvaged = false
  readonly #file: BufferFile
  readonly #audit: SeqAudit

  constructor(file: BufferFile) {
    this.#file = file
    this.#audit = new SeqAudit(file.settled.ranges)
    this.#salvaged = file.damagedFiles.length > 0
    if (!file.facts.stateSound) {
      this.#add('state', 'what is settled cannot be read; every row counts as waiting')
    }
  }

  meet(row: RawRow): void {
    this.rows += 1
    const read = this.#file.check(row.sql)
    if ('corrupt' in read) {
      this.#add('row_corrupt', `row ${row.id}: ${read.corrupt}`)
      // Its place is taken, if only by a row that cannot be read: that is one fault, not two.
      if (read.claims === undefined) return
    }
    if (row.state === 'aside') return
    this.#lastId = Math.max(this.#lastId, row.id)
    const { type, seq } = row.sql
    if (typeof type !== 'string' || typeof seq !== 'number') return
    const epoch = numberIn(row.sql, 'epoch')
    if (!this.#audit.meet({ id: row.id, epoch, type }, seq)) {
      this.#add('seq_twice', `row ${row.id}: ${type} ${seq} of its epoch is there twice`)
    }
    if (!('corrupt' in read)) this.#readRecord(read)
  }

  /** What a running agent has done meanwhile may explain holes; then the holes are counted. */
  async close(): Promise<void> {
    this.#file.refresh()
    for await (const rows of this.#file.rows(new Set(['waiting', 'settled']), this.#lastId)) {
      for (const { sql } of rows) {
        const read = sql['type'] === '_drop' ? this.#file.check(sql) : undefined
        if (read !== undefined && !('corrupt' in read)) this.#readRecord(read)
      }
    }
    const { epochs, state } = this.#file.facts
    const newest = epochs.at(-1)?.number
    for (const { number, last } of epochs) {
      const heads = number === newest ? {} : last
      for (const [type, seq] of Object.entries(heads)) this.#audit.reached(number, type, seq)
    }
    // On a journal that goes on, the newest heads are about rows behind those that were read.
    if (!this.#file.place.live && state.epoch === newest) {
      for (const [type, seq] of Object.entries(state.heads)) {
        this.#audit.reached(state.epoch, type, seq)
      }
    }
    this.#countHoles()
  }

  checkStructure(): Verdict['structure'] {
    const { bytes, damage, place } = this.#file
    if (damage !== undefined) this.#add('structure', damage)
    const small = bytes.database + bytes.log <= LIVE_CHECK_BYTES
    const whole = small || !place.live
    for (const text of this.#file.quickCheck(whole ? undefined : SMALL_TABLES)) {
      if (text !== damage) this.#add('structure', text)
    }
    return whole && damage === undefined ? 'checked' : 'walked'
  }

  #countHoles(): void {
    const { epochs } = this.#file.facts
    const ids = new Map(epochs.map(({ number, id }) => [number, id]))
    for (const { epoch, type, first, last, atStart } of this.#audit.holes((n) => ids.get(n))) {
      const range = first === last ? `${first}` : `${first} to ${last}`
      const where = `${type} ${range} of epoch ${ids.get(epoch) ?? epoch}`
      // Rows that a damaged file brought back tell nothing of what had been settled before them.
      if (atStart && this.#salvaged) this.notes.push(`${where}: not known whether the cloud has it`)
      else this.#add('seq_missing', `${where}: not there, and no record says why`)
    }
  }

  #readRecord(row: JournalRow): void {
    if (row.type !== '_drop' && row.type !== '_epoch') return
    try {
      if (row.type === '_drop') this.#audit.dropped(dropOf(row))
      else if (parseRecord('_epoch', row.reading.value).reason === 'salvage') this.#salvaged = true
    } catch (error) {
      if (!isHubleafError(error, 'record_malformed')) throw error
      this.#add('record', `row ${row.id}: ${error.message}`)
    }
  }

  #add(kind: ProblemKind, message: string): void {
    this.count += 1
    if (this.problems.length < LISTED_MAX) this.problems.push({ kind, message })
  }
}

function dropOf(row: JournalRow): RecordOf<'_drop'> {
  return parseRecord('_drop', row.reading.value)
}

function render(verdict: Verdict): string {
  const { problems, problemCount, rows, notes } = verdict
  const lines = problems.map(({ kind, message }) => `${kind}  ${message}`)
  const more = problemCount - problems.length
  const walked = verdict.structure === 'walked'
  const said = problemCount === 0 ? 'nothing is wrong' : `${grouped(problemCount)} problems`
  return `${[
    ...lines,
    ...(more > 0 ? [`… and ${grouped(more)} more`] : []),
    ...notes.map((note) => `note  ${note}`),
    `${grouped(rows)} rows read: ${said}`,
    ...(walked && problemCount === 0 ? ['the structure was checked by reading all rows only'] : []),
  ].join('\n')}\n`
}
