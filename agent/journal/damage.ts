// Files that SQLite cannot read any more: a mark asks the next opening to move the database aside,
// and what was moved aside stays until its rows have been brought back. Its name tells the newest epoch
// that can be in it: what later epochs lack is not its loss.

import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { syncFolder, writeDurably } from '../../base/durable-file.ts'
import { parseEpochId } from '../../wire/ids.ts'
import type { EpochId } from '../../wire/ids.ts'
import { sizeOf } from './doors.ts'
import { readEpochCopy } from './epoch-copy.ts'

const MARK = 'salvage-needed'
const DAMAGED = /^damaged-(\d+)(?:-([a-z2-7]{16}))?\.db$/

/** Asks the next opening of this folder to salvage. Throws the system's errors, of a full disk say. */
export function markDamaged(folder: string): void {
  writeDurably(join(folder, MARK), 'the journal was found damaged\n')
}

/** True if the folder's database was found damaged. */
export function needsSalvage(folder: string): boolean {
  return existsSync(join(folder, MARK))
}

/** The files that were moved aside, oldest first. */
export function damagedFiles(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => DAMAGED.test(name))
  const sorted = names.sort((one, other) => numberOf(one) - numberOf(other))
  return sorted.map((name) => join(folder, name))
}

/**
 * Finishes what a kill cut off. A log without its file whose database still stands under the journal's
 * name, without a log: the kill came between the two renames of a file that is moved aside, and the
 * pair is read together. Else it is a copy of a log: its rows come back from there.
 */
export function adoptLogs(folder: string): void {
  const logs = readdirSync(folder).filter((name) => name.endsWith('-wal'))
  const files = logs.map((name) => name.slice(0, -'-wal'.length))
  const alone = files.filter((name) => DAMAGED.test(name) && !existsSync(join(folder, name)))
  const newest = alone.sort((one, other) => numberOf(one) - numberOf(other)).at(-1)
  for (const file of alone) {
    if (file === newest && isHalfMoved(folder)) moveDatabase(folder, join(folder, file))
    else writeDurably(join(folder, file), '')
  }
}

/** True if the journal's log has been moved aside and its database has not; a copy leaves both. */
function isHalfMoved(folder: string): boolean {
  const database = join(folder, 'journal.db')
  return existsSync(database) && sizeOf(`${database}-wal`) === 0
}

/** The newest epoch that can be in a file that was moved aside; undefined where that is not known. */
export function newestEpochIn(file: string): EpochId | undefined {
  return parseEpochId(DAMAGED.exec(basename(file))?.[2] ?? '')
}

/**
 * Moves the database and its log aside, durably, before the mark goes. `beginning` is the epoch that
 * this opening begins, in the next file. Throws the system's errors.
 */
export function moveAside(folder: string, beginning: EpochId): void {
  const target = nextFile(folder, beginning)
  // The log first: without it the database under its old name would be opened as if it were whole.
  const database = join(folder, 'journal.db')
  if (existsSync(database)) {
    if (existsSync(`${database}-wal`)) renameSync(`${database}-wal`, `${target}-wal`)
    moveDatabase(folder, target)
  }
  rmSync(join(folder, MARK), { force: true })
  syncFolder(folder)
}

/** The database follows its log. */
function moveDatabase(folder: string, target: string): void {
  const database = join(folder, 'journal.db')
  renameSync(database, target)
  // An empty log, which a reader may have made meanwhile, is none.
  rmSync(`${database}-wal`, { force: true })
  rmSync(`${database}-shm`, { force: true })
  syncFolder(folder)
}

/** Keeps a copy of a log whose end SQLite would leave out; its rows come back from there. */
export function keepLog(folder: string, beginning: EpochId): void {
  const target = nextFile(folder, beginning)
  copyFileSync(join(folder, 'journal.db-wal'), `${target}-wal`)
  syncFile(`${target}-wal`)
  writeDurably(target, '')
}

/** A damaged file whose rows are back. */
export function removeDamaged(folder: string, file: string): void {
  // The log first: without its file it would stay for ever.
  rmSync(`${file}-wal`, { force: true })
  rmSync(file, { force: true })
  syncFolder(folder)
}

/** A file that held no row of ours: it may be somebody else's, so it stays under another name. */
export function keepUnreadable(folder: string, file: string): void {
  const target = join(folder, basename(file).replace('damaged-', 'unreadable-'))
  if (existsSync(`${file}-wal`)) renameSync(`${file}-wal`, `${target}-wal`)
  renameSync(file, target)
  syncFolder(folder)
}

/** The copy must be on the disk before SQLite writes over the original. */
function syncFile(file: string): void {
  const handle = openSync(file, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function nextFile(folder: string, beginning: EpochId): string {
  const newest = damagedFiles(folder).at(-1)
  const number = newest === undefined ? 1 : numberOf(basename(newest)) + 1
  // The copy may name the epoch of this opening already: it is written first.
  const epoch = readEpochCopy(folder).findLast(({ id }) => id !== beginning)
  return join(folder, `damaged-${number}${epoch === undefined ? '' : `-${epoch.id}`}.db`)
}

function numberOf(name: string): number {
  return Number(DAMAGED.exec(name)?.[1] ?? 0)
}
