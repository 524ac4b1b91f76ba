// The rows of an open journal inside its transactions: append with the next seq of the type, give up,
// settle, delete. What it knows in memory is as of the transaction; `restore` undoes one that failed.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { numberIn } from '../../base/sqlite.ts'
import { reservedType } from '../../wire/ids.ts'
import type { RecordOf } from '../../wire/records.ts'
import { EventIds } from './event-ids.ts'
import type { BootMark, IdRange } from './journal.ts'
import { STORE_EPOCH } from './open-file.ts'
import type { Loaded } from './open-file.ts'
import { Remover } from './removal.ts'
import { encodeBody, rowChecksum } from './row-body.ts'
import type { Stamp } from './row-body.ts'
import { RowInsert } from './row-insert.ts'
import { ROW_FORMAT } from './schema.ts'
import { SettledRows } from './settled-rows.ts'
import { renderState, withSettled } from './state.ts'
import type { JournalState } from './state.ts'
import type { CommitRequest, Committed, EpochRow, Settled } from './thread-protocol.ts'
import { without } from './waiting.ts'

/** After this many rows the state is written even if nothing was settled: it bounds the next start. */
const STATE_EVERY_ROWS = 20_000

/** What a failed transaction must give back. */
export interface Snapshot {
  readonly head: number
  readonly heads: ReadonlyMap<string, number>
  readonly state: JournalState
  readonly epochs: readonly EpochRow[]
  readonly marks: readonly BootMark[]
}

/** A record that the writer makes itself, by its type. */
export type OwnRecord =
  readonly ['_drop', RecordOf<'_drop'>] | readonly ['_epoch', RecordOf<'_epoch'>]

/** A record's type and seq in the open epoch. */
export type Recorded = readonly [type: string, seq: number]

/** A row that gets the next id. */
export interface NewPlace {
  /** The epoch's number in this file. */
  readonly epoch: number
  readonly type: string
  readonly seq: number
  readonly body: string
}

/** The rows of one open journal. */
export class RowTable {
  /** False once rows of a damaged file had come back into this one, at the opening. */
  readonly inOrder: boolean
  readonly #events: EventIds
  readonly #remover: Remover
  readonly #insert: RowInsert
  readonly #settled: SettledRows
  readonly #save: StatementSync
  readonly #mark: StatementSync
  readonly #lookUp: StatementSync
  readonly #progress: StatementSync
  readonly #saveProgress: StatementSync
  readonly #saveEpoch: StatementSync
  readonly #epoch: number
  #heads = new Map<string, number>()
  #head: number
  #now: Omit<Snapshot, 'head' | 'heads'>

  /** `loaded` as of the opening, its newest epoch being the open one. */
  constructor(database: DatabaseSync, loaded: Loaded) {
    this.#events = new EventIds(database)
    this.#remover = new Remover(database)
    this.#insert = new RowInsert(database)
    this.#settled = new SettledRows(database)
    this.#save = database.prepare('INSERT OR REPLACE INTO state VALUES (1, ?)')
    this.#mark = database.prepare('INSERT OR IGNORE INTO boot VALUES (?, ?)')
    this.#lookUp = database.prepare('SELECT epoch, type, seq FROM reading WHERE id = ?')
    this.#progress = database.prepare('SELECT through FROM salvage WHERE file = ?')
    this.inOrder = database.prepare('SELECT 1 FROM salvage LIMIT 1').get() === undefined
    this.#saveProgress = database.prepare('INSERT OR REPLACE INTO salvage VALUES (?, ?)')
    this.#saveEpoch = database.prepare(STORE_EPOCH)
    this.#epoch = loaded.epochs.at(-1)?.number ?? 0
    this.#head = loaded.head
    this.#now = loaded
  }

  /** The number of the open epoch. */
  get open(): number {
    return this.#epoch
  }

  get head(): number {
    return this.#head
  }

  get state(): JournalState {
    return this.#now.state
  }

  get epochs(): readonly EpochRow[] {
    return this.#now.epochs
  }

  get marks(): readonly BootMark[] {
    return this.#now.marks
  }

  snapshot(): Snapshot {
    return { ...this.#now, head: this.#head, heads: new Map(this.#heads) }
  }

  /** The transaction was rolled back. */
  restore(before: Snapshot): void {
    this.#now = before
    this.#head = before.head
    this.#heads = new Map(before.heads)
    this.#insert.forget()
    this.#events.rolledBack()
  }

  /** Writes what only memory has yet; before the transaction is committed. */
  flush(): void {
    this.#insert.flush()
  }

  /** The transaction is durable. */
  committed(): void {
    this.#events.committed()
  }

  /** All of a commit; the caller's transaction is around it. */
  commit(request: CommitRequest): Omit<Committed, 'kind' | 'usage'> {
    const first = this.head + 1
    this.#events.forgetOld(request.age)
    const seqs = request.types.map((type, index) => this.#append(request, type, index))
    for (const mark of request.marks) this.addMark(mark)
    this.flush()
    const removed = request.removals.map((removal) =>
      this.#remover.remove(removal, this.#epochMap(), request.stamp.receivedAt),
    )
    const records = removed.flatMap((one) =>
      one.records.map((drop) => this.insertRecord(['_drop', drop], request.stamp)),
    )
    const gone = removed.flatMap((one, index) =>
      without(request.removals[index]?.ranges ?? [], one.kept),
    )
    const moved = this.#settled.delete(request.deleteThrough, this.state)
    if (moved !== undefined) this.#setState(moved)
    this.#saveState(request.settled, gone, moved !== undefined)
    const { head } = this
    return {
      ...{ seqs, records, first: head < first ? 0 : first, last: head },
      dropped: removed.map((one) => one.count),
      deletedThrough: this.state.deletedThrough,
      kept: removed.flatMap((one): readonly IdRange[] => one.kept),
    }
  }

  /** Appends a record of the agent's own; gives its type and seq. */
  insertRecord([type, value]: OwnRecord, stamp: Stamp): Recorded {
    const named = { type: reservedType(type), device: 'agent', channel: 'main', source: 'agent' }
    return [type, this.#insertBody(type, encodeBody({ ...named, value }, stamp, null))]
  }

  /** How far the rows of the damaged file of this identity had come back before a restart: a row id. */
  salvageProgress(file: string): number {
    const found = this.#progress.get(file)
    return found === undefined ? 0 : numberIn(found, 'through')
  }

  salvagedThrough(file: string, id: number): void {
    this.#saveProgress.run(file, id)
  }

  /** True if the row with this id is this very reading: a file that goes on has it already. */
  holds(row: Omit<NewPlace, 'body'>, id: number): boolean {
    const found = this.#lookUp.get(id)
    return found?.['epoch'] === row.epoch && found['type'] === row.type && found['seq'] === row.seq
  }

  /** Brings back a row of another file under its own epoch and seq; its id is new. */
  bringBack(row: NewPlace, rowFormat: number): void {
    this.#insertRow(row, rowFormat)
  }

  /**
   * Writes into the closed books what damaged files have shown, the highest seqs by epoch id and type;
   * gives the epochs it changed.
   */
  closeBooks(shown: ReadonlyMap<string, Readonly<Record<string, number>>>): readonly EpochRow[] {
    const changed = this.epochs.flatMap((epoch): readonly EpochRow[] => {
      const raised = Object.entries(shown.get(epoch.id) ?? {})
      const higher = raised.filter(([type, seq]) => seq > (epoch.last[type] ?? 0))
      if (epoch.number === this.#epoch || higher.length === 0) return []
      return [{ ...epoch, last: { ...epoch.last, ...Object.fromEntries(higher) } }]
    })
    for (const epoch of changed) this.#storeEpoch(epoch)
    const byNumber = new Map(changed.map((epoch) => [epoch.number, epoch]))
    const epochs = this.epochs.map((epoch) => byNumber.get(epoch.number) ?? epoch)
    this.#now = { ...this.#now, epochs }
    return changed
  }

  /** An epoch that another file knew; gives its number here. */
  addEpoch(epoch: EpochRow): number {
    const known = this.epochs.find(({ id }) => id === epoch.id)
    if (known !== undefined) return known.number
    // Below the open epoch, which must stay the newest.
    const number = Math.min(...this.epochs.map((one) => one.number)) - 1
    const added = { ...epoch, number }
    this.#storeEpoch(added)
    this.#now = { ...this.#now, epochs: [...this.epochs, added] }
    return number
  }

  /** An event id that a damaged file knew: its repeats are merged as before. */
  learnEvent(hash: string): void {
    this.#events.learn(hash)
  }

  addMark(mark: BootMark): void {
    const known = this.marks.find(({ boot }) => boot === mark.boot)
    // What a damaged file says must not stand in the table against what is known.
    this.#mark.run(mark.boot, (known ?? mark).wallAtBoot)
    if (known !== undefined) return
    this.#now = { ...this.#now, marks: [...this.marks, mark] }
  }

  #epochMap(): ReadonlyMap<number, EpochRow> {
    return new Map(this.epochs.map((epoch) => [epoch.number, epoch]))
  }

  #storeEpoch(epoch: EpochRow): void {
    const { number, id, boot, secret, last, rowFormat } = epoch
    this.#saveEpoch.run(number, id, boot, secret, JSON.stringify(last), rowFormat)
  }

  #append(request: CommitRequest, type: string, index: number): number {
    const event = request.events[index] ?? null
    if (event !== null && !this.#events.admit(event, request.age, this.head + 1)) return 0
    return this.#insertBody(type, request.bodies[index] ?? '')
  }

  #insertBody(type: string, body: string): number {
    const seq = (this.#heads.get(type) ?? 0) + 1
    this.#heads.set(type, seq)
    this.#insertRow({ epoch: this.#epoch, type, seq, body }, ROW_FORMAT)
    return seq
  }

  #insertRow(row: NewPlace, rowFormat: number): void {
    const id = this.head + 1
    this.#head = id
    const crc = rowChecksum(rowFormat, { id, ...row }, row.body)
    this.#insert.put(id, row.epoch, row.type, row.seq, row.body, crc)
  }

  /** What was given up counts as settled in the same transaction: nobody must look for it. */
  #saveState(fresh: Settled | null, gone: readonly IdRange[], moved: boolean): void {
    const grown = this.head - this.state.headsAt > STATE_EVERY_ROWS
    if (fresh === null && gone.length === 0 && !moved && !grown) return
    const settled = withSettled(fresh ?? this.state.settled, gone)
    const heads = Object.fromEntries(this.#heads)
    this.#setState({ ...this.state, settled, heads, headsAt: this.head, epoch: this.#epoch })
    this.#save.run(renderState(this.state))
  }

  #setState(state: JournalState): void {
    this.#now = { ...this.#now, state }
  }
}
