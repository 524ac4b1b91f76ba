// What a journal's file says of itself besides its rows: format, epochs, decisions about wall times,
// and what is settled. From the tables, or, where SQLite gives up, from the pages and the copy of the
// epochs that lies beside the file.

import type { DatabaseSync } from 'node:sqlite'
import { parseJson } from '../../base/json.ts'
import { numberIn, textIn } from '../../base/sqlite.ts'
import { parseEpochId } from '../../wire/ids.ts'
import type { CarvedRow } from '../journal/carve.ts'
import { EpochBook } from '../journal/epoch-book.ts'
import { readEpochCopy } from '../journal/epoch-copy.ts'
import type { BootMark } from '../journal/journal.ts'
import { emptyState, parseState, toCounts } from '../journal/state.ts'
import type { JournalState } from '../journal/state.ts'
import type { EpochRow } from '../journal/thread-protocol.ts'
import type { ReadablePlace } from './place.ts'
import { carveFile } from './raw-rows.ts'

/** What a file says of itself. */
export interface FileFacts {
  /** Undefined where the file cannot say it any more. */
  readonly format: number | undefined
  /** In order of their numbers. */
  readonly epochs: readonly EpochRow[]
  /** Undefined in a file that has no epoch. */
  readonly book: EpochBook | undefined
  readonly state: JournalState
  /** False where the state could not be vouched for: all rows then count as waiting. */
  readonly stateSound: boolean
}

/** The facts by SQLite. Throws SQLite's errors. */
export function factsFromTables(database: DatabaseSync, format: number, folder: string): FileFacts {
  const epochs = database.prepare('SELECT * FROM epoch ORDER BY number').all()
  const marks = format < 2 ? [] : database.prepare('SELECT boot, wall_at_boot FROM boot').all()
  const rows = epochs.flatMap(({ number, id, boot, secret, last, row_format: rowFormat }) =>
    toEpoch([number, id, boot, secret, last, rowFormat]),
  )
  const known = withCopy(rows, folder)
  const decided = marks.map((row) => {
    const wallAtBoot = row['wall_at_boot'] === null ? null : numberIn(row, 'wall_at_boot')
    return { boot: textIn(row, 'boot'), wallAtBoot }
  })
  return { format, ...bookOf(known, decided), ...readState(database) }
}

/** What the file says is settled, now. Throws SQLite's errors. */
export function readState(database: DatabaseSync): Pick<FileFacts, 'state' | 'stateSound'> {
  const saved = database.prepare('SELECT value FROM state').get()
  if (saved === undefined) return { state: emptyState, stateSound: true }
  return soundOrEmpty(saved['value'])
}

/** The facts that the pages still hold; undefined where nothing looks like a journal. */
export function factsFromPages(place: ReadablePlace): FileFacts | undefined {
  const found: CarvedRow[] = []
  for (const rows of carveFile(place.pages)) {
    for (const row of rows) if (isFact(row)) found.push(row)
  }
  const epochs = found.flatMap(({ rowid, columns }) => toEpoch([rowid, ...columns.slice(1)]))
  const known = withCopy(epochs, place.folder)
  if (known.length === 0) return undefined
  const marks = found.flatMap(({ columns }) => toMark(columns))
  const states = found.flatMap(({ columns }) => (columns.length === 2 ? [columns[1]] : []))
  const sound = states.map(soundOrEmpty).find(({ stateSound }) => stateSound)
  const state = sound ?? { state: emptyState, stateSound: false }
  return { format: undefined, ...bookOf(known, marks), ...state }
}

function soundOrEmpty(value: unknown): Pick<FileFacts, 'state' | 'stateSound'> {
  const state = typeof value === 'string' ? parseState(value) : undefined
  return { state: state ?? emptyState, stateSound: state !== undefined }
}

/** Rows that are few: epochs (their secret is bytes), states and decisions. */
function isFact({ columns }: CarvedRow): boolean {
  return columns.length === 2 || columns[3] instanceof Uint8Array
}

function bookOf(
  epochs: readonly EpochRow[],
  marks: readonly BootMark[],
): Pick<FileFacts, 'epochs' | 'book'> {
  return { epochs, book: epochs.length === 0 ? undefined : new EpochBook(epochs, marks) }
}

/** An epoch from its columns; none where they cannot be believed. */
function toEpoch(columns: readonly unknown[]): readonly EpochRow[] {
  const [number, idText, boot, secret, last, rowFormat = 1] = columns
  const id = typeof idText === 'string' ? parseEpochId(idText) : undefined
  if (
    id === undefined ||
    typeof number !== 'number' ||
    typeof boot !== 'string' ||
    typeof rowFormat !== 'number' ||
    !(secret instanceof Uint8Array)
  ) {
    return []
  }
  const counts = toCounts(typeof last === 'string' ? parseJson(last) : undefined)
  return [{ number, id, boot, secret, rowFormat, last: counts }]
}

/** Decisions have two columns too; their first is the boot itself. */
function toMark(columns: CarvedRow['columns']): readonly BootMark[] {
  const [boot, wallAtBoot] = columns
  if (columns.length !== 2 || typeof boot !== 'string') return []
  return wallAtBoot === null || typeof wallAtBoot === 'number' ? [{ boot, wallAtBoot }] : []
}

/** Epochs that only the copy knows. A copy that shares no epoch is another journal's. */
function withCopy(table: readonly EpochRow[], folder: string): readonly EpochRow[] {
  const copy = readEpochCopy(folder)
  const merged = new Map(table.map((epoch) => [epoch.number, epoch]))
  const shares = copy.some(({ number, id }) => merged.get(number)?.id === id)
  if (!shares && table.length > 0) return table
  for (const epoch of copy) {
    if (!merged.has(epoch.number)) merged.set(epoch.number, epoch)
  }
  return [...merged.values()].sort((one, other) => one.number - other.number)
}
