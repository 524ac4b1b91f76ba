// The journal's file as its one writer sees it: opening makes an epoch, a commit is one transaction
// and one sync. Runs in the journal's thread; synchronous throughout.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { parseJson, isJsonObject, numberAt } from '../../base/json.ts'
import { bytesIn, numberIn, textIn } from '../../base/sqlite.ts'
import { parseEpochId, reservedType } from '../../wire/ids.ts'
import type { RecordOf } from '../../wire/records.ts'
import { EventIds } from './event-ids.ts'
import { encodeBody, rowChecksum } from './row-body.ts'
import { openForWriting } from './schema.ts'
import type { CommitRequest, Committed, EpochRow, OpenRequest, Opened } from './thread-protocol.ts'
import { emptyState, parseState, renderState } from './state.ts'
import type { JournalState } from './state.ts'

/** Settled rows deleted per commit at most, so that no commit is slow. */
const DELETE_PER_COMMIT = 5000

/** After this many rows the state is written even if nothing was settled: it bounds the next start. */
const STATE_EVERY_ROWS = 20_000

/** An open journal file. */
export class JournalFile {
  readonly #database: DatabaseSync
  readonly #events: EventIds
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #save: StatementSync
  readonly #epoch: number
  #heads: Map<string, number>
  #state: JournalState
  #head: number
  readonly opened: Opened

  /** Opens the file and begins an epoch. Throws `journal_*` codes and SQLite's errors. */
  constructor(request: OpenRequest) {
    this.#database = openForWriting(request.file)
    this.#events = new EventIds(this.#database, request.now)
    this.#insert = this.#database.prepare(
      'INSERT INTO reading (id, epoch, type, seq, body, crc) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#delete = this.#database.prepare('DELETE FROM reading WHERE id > ? AND id <= ?')
    this.#save = this.#database.prepare('INSERT OR REPLACE INTO state VALUES (1, ?)')
    const saved = this.#database.prepare('SELECT value FROM state').get()
    this.#state = saved === undefined ? emptyState : parseState(textIn(saved, 'value'))
    const highest = this.#database.prepare('SELECT coalesce(max(id), 0) AS n FROM reading').get()
    this.#head = Math.max(numberIn(highest, 'n'), this.#state.settled.through)
    const epochs = this.#readEpochs()
    const previous = epochs.at(-1)
    this.#epoch = (previous?.number ?? 0) + 1
    this.#heads = new Map()
    this.#begin(request, previous)
    this.opened = {
      kind: 'opened',
      epochs: [...this.#readEpochs()],
      settled: this.#state.settled,
      head: this.#head,
    }
  }

  /** One transaction with one sync. Throws SQLite's errors; nothing of it is then in the file. */
  commit(request: CommitRequest): Committed {
    const first = this.#head + 1
    const before = { head: this.#head, heads: new Map(this.#heads), state: this.#state }
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const seqs = request.types.map((type, index) => this.#append(request, type, index))
      this.#housekeep(request)
      this.#database.exec('COMMIT')
      this.#events.committed()
      return { kind: 'committed', seqs, first: this.#head < first ? 0 : first, last: this.#head }
    } catch (error) {
      this.#head = before.head
      this.#heads = before.heads
      this.#state = before.state
      this.#events.rolledBack()
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  close(): void {
    this.#database.close()
  }

  #append(request: CommitRequest, type: string, index: number): number {
    const event = request.events[index] ?? null
    if (event !== null && !this.#events.admit(event, request.now)) return 0
    return this.#insertRow(type, request.bodies[index] ?? '')
  }

  #insertRow(type: string, body: string): number {
    const seq = (this.#heads.get(type) ?? 0) + 1
    this.#heads.set(type, seq)
    this.#head += 1
    const checksum = rowChecksum(this.#epoch, type, seq, body)
    this.#insert.run(this.#head, this.#epoch, type, seq, body, checksum)
    return seq
  }

  #housekeep(request: CommitRequest): void {
    this.#events.forgetOld(request.now)
    const { deletedThrough } = this.#state
    if (request.deleteThrough > deletedThrough) {
      const through = Math.min(request.deleteThrough, deletedThrough + DELETE_PER_COMMIT)
      this.#delete.run(deletedThrough, through)
      this.#state = { ...this.#state, deletedThrough: through }
    }
    if (request.settled !== null || this.#head - this.#state.headsAt > STATE_EVERY_ROWS) {
      const settled = request.settled ?? this.#state.settled
      const heads = Object.fromEntries(this.#heads)
      this.#state = { ...this.#state, settled, heads, headsAt: this.#head, epoch: this.#epoch }
      this.#save.run(renderState(this.#state))
    }
  }

  #readEpochs(): readonly EpochRow[] {
    const rows = this.#database.prepare('SELECT * FROM epoch ORDER BY number').all()
    return rows.map((row) => {
      const id = parseEpochId(textIn(row, 'id'))
      if (id === undefined) throw new RangeError('the journal names an epoch that is none')
      const last = row['last'] === null ? {} : toCounts(parseJson(textIn(row, 'last')))
      const secret = bytesIn(row, 'secret')
      return { number: numberIn(row, 'number'), id, boot: textIn(row, 'boot'), secret, last }
    })
  }

  /** Closes the previous epoch's books, begins the new one and writes its first record. */
  #begin(request: OpenRequest, previous: EpochRow | undefined): void {
    const record: RecordOf<'_epoch'> = {
      previous:
        previous === undefined
          ? null
          : { epoch: previous.id, last: this.#lastSeqs(previous.number) },
      reason: 'start',
      agent: request.agent,
    }
    this.#database.exec('BEGIN IMMEDIATE')
    this.#database
      .prepare('UPDATE epoch SET last = ? WHERE number = ?')
      .run(JSON.stringify(record.previous?.last ?? {}), this.#epoch - 1)
    this.#database
      .prepare('INSERT INTO epoch (number, id, boot, secret) VALUES (?, ?, ?, ?)')
      .run(this.#epoch, request.epoch, request.boot, request.secret)
    const type = reservedType('_epoch')
    const source = { type, device: 'agent', channel: 'main', value: record, source: 'agent' }
    const stamp = { receivedAt: request.now, monoMs: request.monoMs, timeQuality: request.quality }
    this.#insertRow(type, encodeBody(source, stamp))
    this.#database.exec('COMMIT')
  }

  /** Highest seq per type of an epoch: what the state says, and the rows since. */
  #lastSeqs(epoch: number): { [type: string]: number } {
    const known = this.#state.epoch === epoch ? this.#state : { heads: {}, headsAt: 0 }
    const rows = this.#database
      .prepare('SELECT type, max(seq) AS n FROM reading WHERE id > ? AND epoch = ? GROUP BY type')
      .all(known.headsAt, epoch)
    const newer = rows.map((row) => [textIn(row, 'type'), numberIn(row, 'n')] as const)
    return { ...known.heads, ...Object.fromEntries(newer) }
  }
}

function toCounts(value: unknown): { readonly [type: string]: number } {
  if (!isJsonObject(value)) return {}
  return Object.fromEntries(Object.keys(value).map((type) => [type, numberAt(value, type) ?? 0]))
}
