// What an opening reads from the file, and the epoch that it begins. The epochs are read twice, from
// the table and from their copy: where the two differ, the copy's checksum decides.

import type { DatabaseSync } from 'node:sqlite'
import { parseJson } from '../../base/json.ts'
import { HubleafError, isHubleafError } from '../../base/errors.ts'
import { bytesIn, numberIn, textIn } from '../../base/sqlite.ts'
import type { SqlRow } from '../../base/sqlite.ts'
import { parseEpochId } from '../../wire/ids.ts'
import type { RecordOf } from '../../wire/records.ts'
import { readEpochCopy, writeEpochCopy } from './epoch-copy.ts'
import type { BootMark } from './journal.ts'
import { readMarkCopy } from './mark-copy.ts'
import { rowChecksum } from './row-body.ts'
import { ROW_FORMAT } from './schema.ts'
import { emptyState, parseState, toCounts } from './state.ts'
import type { JournalState } from './state.ts'
import type { EpochRow, OpenRequest } from './thread-protocol.ts'

/** What a file says of itself. */
export interface Loaded {
  /** In order of their numbers. */
  readonly epochs: readonly EpochRow[]
  /** The one that was open last. */
  readonly previous: EpochRow | undefined
  readonly marks: readonly BootMark[]
  readonly state: JournalState
  /** The highest row id ever given. */
  readonly head: number
  /** True if no epoch has begun in this file. */
  readonly isNew: boolean
}

/** Reads a prepared database. Throws SQLite's errors, or `journal_corrupt`. */
export function loadFile(database: DatabaseSync, folder: string): Loaded {
  try {
    return loadSound(database, folder)
  } catch (cause) {
    // Columns of our own tables with values of another type: damage that SQLite cannot see.
    if (!isHubleafError(cause, 'internal')) throw cause
    throw new HubleafError('journal_corrupt', cause.message, { cause })
  }
}

function loadSound(database: DatabaseSync, folder: string): Loaded {
  const saved = database.prepare('SELECT value FROM state').get()
  const text = saved?.['value']
  const state = (typeof text === 'string' ? parseState(text) : undefined) ?? emptyState
  const highest = database.prepare('SELECT coalesce(max(id), 0) AS n FROM reading').get()
  const { through, ranges } = state.settled
  const settledHead = Math.max(through, ...ranges.map((range) => range[1]))
  const head = Math.max(numberIn(highest, 'n'), settledHead, state.deletedThrough)
  const table = readEpochs(database)
  const epochs = withCopy(table, readEpochCopy(folder))
  // The copy may name epochs that never began: it is written first.
  const newest = table.at(-1)
  const previous = epochs.find((epoch) => epoch.id === newest?.id) ?? epochs.at(-1)
  const marks = loadMarks(database, folder)
  return { epochs, previous, state, head, marks, isNew: table.length === 0 }
}

/** Where the table and the copy differ, a bit of the table is damaged: the copy has a checksum. */
function loadMarks(database: DatabaseSync, folder: string): readonly BootMark[] {
  const rows = database.prepare('SELECT boot, wall_at_boot FROM boot').all()
  const marks = rows.map((row) => ({
    boot: textIn(row, 'boot'),
    wallAtBoot: row['wall_at_boot'] === null ? null : numberIn(row, 'wall_at_boot'),
  }))
  const copied = readMarkCopy(folder)
  const known = new Set(copied.map(({ boot }) => boot))
  return [...copied, ...marks.filter(({ boot }) => !known.has(boot))]
}

/**
 * Keeps an epoch as it is known, in the place of whatever claims its number or its name: what differs in
 * the table was damaged.
 */
export const STORE_EPOCH =
  'INSERT OR REPLACE INTO epoch (number, id, boot, secret, last, row_format) VALUES (?, ?, ?, ?, ?, ?)'

/** Closes the previous epoch's books and begins the next; gives it and what its first record says. */
export function beginEpoch(
  database: DatabaseSync,
  request: OpenRequest,
  loaded: Loaded,
  reason: RecordOf<'_epoch'>['reason'],
): { readonly epochs: readonly EpochRow[]; readonly record: RecordOf<'_epoch'> } {
  const known = loaded.epochs.filter((epoch) => epoch.id !== request.epoch)
  const previous = loaded.previous?.id === request.epoch ? known.at(-1) : loaded.previous
  const last = previous === undefined ? {} : lastSeqs(database, loaded.state, previous)
  const closed = known.map((epoch) => (epoch.id === previous?.id ? { ...epoch, last } : epoch))
  const begun: EpochRow = {
    ...{ number: (known.at(-1)?.number ?? 0) + 1, id: request.epoch, boot: request.boot },
    ...{ secret: request.secret, rowFormat: ROW_FORMAT, last: {} },
  }
  const epochs = [...closed, begun]
  // Before the epoch exists: the copy must never know less than the database.
  writeEpochCopy(request.folder, epochs)
  const store = database.prepare(STORE_EPOCH)
  for (const epoch of [previous, begun]) {
    if (epoch === undefined) continue
    const text = epoch === previous ? JSON.stringify(last) : null
    store.run(epoch.number, epoch.id, epoch.boot, epoch.secret, text, epoch.rowFormat)
  }
  const chain = previous === undefined ? null : { epoch: previous.id, last: { ...last } }
  return { epochs, record: { previous: chain, reason, agent: request.agent } }
}

function readEpochs(database: DatabaseSync): readonly EpochRow[] {
  const rows = database.prepare('SELECT * FROM epoch ORDER BY number').all()
  return rows.map((row) => {
    const id = parseEpochId(textIn(row, 'id'))
    if (id === undefined) {
      throw new HubleafError('journal_corrupt', 'the journal names an epoch that is none')
    }
    const last = typeof row['last'] === 'string' ? toCounts(parseJson(row['last'])) : {}
    const named = { number: numberIn(row, 'number'), id, boot: textIn(row, 'boot'), last }
    return { ...named, secret: bytesIn(row, 'secret'), rowFormat: numberIn(row, 'row_format') }
  })
}

/**
 * A table that has lost its epochs, or never had them, learns them from the copy. Where the two differ
 * the table was damaged, unless the copy is another file's.
 */
function withCopy(table: readonly EpochRow[], copy: readonly EpochRow[]): readonly EpochRow[] {
  if (table.length > 0 && copy.length > 0 && !isSameFile(table, copy)) return table
  const merged = new Map(table.map((epoch) => [epoch.number, epoch]))
  for (const epoch of copy) {
    merged.set(epoch.number, { ...epoch, last: merged.get(epoch.number)?.last ?? epoch.last })
  }
  return [...merged.values()].sort((one, other) => one.number - other.number)
}

/**
 * True if two lists of epochs, of which one may be damaged, can be of one file: some epoch has the same
 * number and nearly the same name, or the same secret, or no number is in both.
 */
export function isSameFile(one: readonly EpochRow[], other: readonly EpochRow[]): boolean {
  const pairs = one.flatMap((epoch) => {
    const found = other.find(({ number }) => number === epoch.number)
    return found === undefined ? [] : [[epoch, found] as const]
  })
  const agree = pairs.some(([here, there]) => {
    return lettersApart(here.id, there.id) <= 2 || Buffer.compare(here.secret, there.secret) === 0
  })
  return agree || pairs.length === 0
}

/** In how many places two ids differ. */
function lettersApart(one: string, other: string): number {
  return Array.from(one).filter((letter, index) => letter !== other[index]).length
}

/** Highest seq per type of an epoch: what the state says, and the rows since. */
function lastSeqs(
  database: DatabaseSync,
  state: JournalState,
  epoch: EpochRow,
): { readonly [type: string]: number } {
  const known = state.epoch === epoch.number ? state : { heads: {}, headsAt: 0 }
  const select = database.prepare(
    'SELECT * FROM reading WHERE id > ? AND epoch = ? ORDER BY id DESC',
  )
  const heads = new Map(Object.entries(known.heads))
  // Newest first, so that one row of each type is checked. A row that its checksum does not vouch
  // for may name a type or a number that never was, and the cloud would wait for it for ever.
  for (const row of select.iterate(known.headsAt, epoch.number)) {
    const { type, seq } = row
    if (typeof type !== 'string' || typeof seq !== 'number') continue
    if (seq > (heads.get(type) ?? 0) && isVouchedFor(row, epoch)) heads.set(type, seq)
  }
  return Object.fromEntries(heads)
}

function isVouchedFor(row: SqlRow, { rowFormat, number }: EpochRow): boolean {
  const { id, type, seq, body, crc } = row
  if (typeof id !== 'number' || typeof type !== 'string' || typeof seq !== 'number') return false
  if (typeof body !== 'string' || typeof crc !== 'number') return false
  return rowChecksum(rowFormat, { id, epoch: number, type, seq }, body) === crc
}
