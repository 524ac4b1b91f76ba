// A simulated memory card: a folder is its image. What a kill leaves is a copy of the files; what a
// power cut leaves is that copy with any mix of old and new sectors of what was not synced yet; wear
// and cosmic rays change bytes of it. Free room is a number, so that a full disk needs no full disk.

import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { randomInt } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { openForWriting, PAGE_BYTES } from '../../agent/journal/schema.ts'
import type { DiskDoors } from '../../agent/journal/doors.ts'

/** Sectors are written whole or not at all. */
const SECTOR_BYTES = 512

/** A commit is refused with less room than this, bytes. */
const COMMIT_ROOM_BYTES = 32_768

/** SQLite's result codes: disk full, read or write error, and a sync that failed. */
const FAILURES = {
  full: { errcode: 13, message: 'database or disk is full' },
  io: { errcode: 778, message: 'disk I/O error' },
  sync: { errcode: 1034, message: 'disk I/O error' },
} as const

/** A way in which the disk refuses a write. */
export type DiskFailure = keyof typeof FAILURES

/** Where a damage falls. */
export type DamageTarget = 'base' | 'log'

/** Called where a transaction can be cut: before its end is written, and after. */
export type CommitHook = (point: 'before' | 'after') => void

/** The disk of one machine; images come and go on it. */
export class SimDisk implements DiskDoors {
  /** What other programs leave of the disk, bytes; the journal's files come off it. */
  roomBytes = Infinity
  /** The next commits fail like this, one each. */
  readonly failures: DiskFailure[] = []
  onCommit: CommitHook = () => undefined

  diskFree(folder: string): number {
    if (this.roomBytes === Infinity) return 64e9
    return Math.max(0, this.roomBytes - folderBytes(folder))
  }

  openDatabase(file: string, checkpointPages: number): DatabaseSync {
    const database = openForWriting(file, checkpointPages)
    const exec = database.exec.bind(database)
    const folder = join(file, '..')
    database.exec = (sql) => {
      if (sql !== 'COMMIT') return exec(sql)
      this.onCommit('before')
      const failure = this.failures.shift() ?? (this.#hasRoom(folder) ? undefined : 'full')
      if (failure !== undefined) throw failureOf(failure)
      exec(sql)
      this.onCommit('after')
    }
    return database
  }

  #hasRoom(folder: string): boolean {
    return this.diskFree(folder) >= COMMIT_ROOM_BYTES
  }
}

function failureOf(failure: DiskFailure): Error {
  const { errcode, message } = FAILURES[failure]
  return Object.assign(new Error(message), { code: 'ERR_SQLITE_ERROR', errcode })
}

/** Files of the journal that outlive a process: not the lock, not the log's index. */
function imageFiles(folder: string): readonly string[] {
  return readdirSync(folder).filter((name) => !/-shm$|^journal\.lock/.test(name))
}

/** Bytes of all files that outlive a process. */
export function folderBytes(folder: string): number {
  return imageFiles(folder).reduce((sum, name) => {
    return sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
  }, 0)
}

/** Copies an image as it is at this moment. */
export function copyImage(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of imageFiles(from)) copyFileSync(join(from, name), join(to, name))
}

/** Removes an image. */
export function removeImage(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** The bytes of a file of the image; empty if there is none. */
export function bytesOf(folder: string, name: string): Buffer {
  const file = join(folder, name)
  return statSync(file, { throwIfNoEntry: false }) === undefined
    ? Buffer.alloc(0)
    : readFileSync(file)
}

/** A file's content before and after writes of which none was synced. */
export interface Unsynced {
  readonly name: string
  readonly before: Buffer
}

/** Puts a random mix of old and new sectors into the image's file. */
export function tear(folder: string, unsynced: Unsynced, random: Random): void {
  const { name, before } = unsynced
  const after = bytesOf(folder, name)
  const length = Math.max(before.length, after.length)
  const torn = Buffer.alloc(length)
  before.copy(torn)
  // Now and then nothing was written, or nearly all.
  const share = [0, 0.2, 0.5, 0.9, 1][randomInt(random, 5)] ?? 0
  let end = before.length
  for (let at = 0; at < after.length; at += SECTOR_BYTES) {
    const sector = after.subarray(at, at + SECTOR_BYTES)
    if (sector.equals(before.subarray(at, at + SECTOR_BYTES))) continue
    if (random.float() >= share) continue
    sector.copy(torn, at)
    end = Math.max(end, at + sector.length)
  }
  writeFileSync(join(folder, name), torn.subarray(0, end))
}

/** Where bytes were changed: pages of the database from 0, or frames of its log (−1: its header). */
export interface Damage {
  readonly target: DamageTarget
  readonly pages: ReadonlySet<number>
  /** Readings that had a copy there. */
  readonly touched: ReadonlySet<number>
}

/** Changes some bits, or overwrites a block with noise; undefined if there is nothing to damage. */
export function damage(
  folder: string,
  target: DamageTarget,
  how: 'bits' | 'block',
  random: Random,
  spared: ReadonlySet<number> = new Set(),
): Damage | undefined {
  const name = target === 'base' ? 'journal.db' : 'journal.db-wal'
  const bytes = bytesOf(folder, name)
  if (bytes.length === 0) return undefined
  const pages = new Set<number>()
  const from = target === 'base' ? 0 : LOG_HEADER_BYTES
  const copies = copiesIn(bytes, from)
  const change = (at: number, value: number): void => {
    bytes[at] = value
    pages.add(unitOf(at, from))
  }
  if (how === 'bits') {
    for (let count = 1 + randomInt(random, 8); count > 0; count -= 1) {
      const at = randomInt(random, bytes.length)
      if (spared.has(unitOf(at, from))) continue
      change(at, (bytes[at] ?? 0) ^ (1 << randomInt(random, 8)))
    }
  } else {
    const first = randomInt(random, bytes.length)
    const length = Math.min(bytes.length - first, 1 + randomInt(random, 2 * PAGE_BYTES))
    for (let at = first; at < first + length; at += 1) change(at, randomInt(random, 256))
  }
  writeFileSync(join(folder, name), bytes)
  const touched = new Set(copies.flatMap(([n, unit]) => (pages.has(unit) ? [n] : [])))
  return { target, pages, touched }
}

/** What the bytes of an image say about the readings in it. */
export interface Traces {
  /** Readings of which every copy in the database is on undamaged pages, or that only the log has. */
  readonly intact: ReadonlySet<number>
  readonly any: ReadonlySet<number>
}

/** How a reading's channel and number stand in a row's body, or its number in a part of a long one. */
const READING = /"main","?(\d+)[ ,"]|#(\d+);/g

/** Looks for readings in an image that was damaged like this. */
export function tracesIn(folder: string, hurt: Pick<Damage, 'touched'> | undefined): Traces {
  const base = copiesIn(bytesOf(folder, 'journal.db'), 0)
  const log = copiesIn(bytesOf(folder, 'journal.db-wal'), LOG_HEADER_BYTES)
  const any = new Set([...base, ...log].map(([n]) => n))
  const intact = new Set([...any].filter((n) => hurt?.touched.has(n) !== true))
  return { intact, any }
}

/** Readings that have a copy on one of these pages, in the database or in its log. */
export function readingsOn(folder: string, pages: ReadonlySet<number>): ReadonlySet<number> {
  const log = bytesOf(folder, 'journal.db-wal')
  const inBase = copiesIn(bytesOf(folder, 'journal.db'), 0).filter(([, page]) => pages.has(page))
  const inLog = copiesIn(log, LOG_HEADER_BYTES).filter(([, frame]) => pages.has(pageOf(log, frame)))
  return new Set([...inBase, ...inLog].map(([n]) => n))
}

/** Pages that hold a copy of one of these readings, in the database or in its log. */
export function pagesWith(folder: string, numbers: ReadonlySet<number>): ReadonlySet<number> {
  const log = bytesOf(folder, 'journal.db-wal')
  const inBase = copiesIn(bytesOf(folder, 'journal.db'), 0)
  const inLog = copiesIn(log, LOG_HEADER_BYTES).map(
    ([n, frame]) => [n, pageOf(log, frame)] as const,
  )
  return new Set([...inBase, ...inLog].flatMap(([n, page]) => (numbers.has(n) ? [page] : [])))
}

/** The page, from 0, that a frame of the log is a version of. */
function pageOf(log: Buffer, frame: number): number {
  return log.readUInt32BE(LOG_HEADER_BYTES + frame * (PAGE_BYTES + FRAME_HEADER_BYTES)) - 1
}

/** Bytes before the log's first frame, and before the page in each frame. */
const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/** Each copy of a reading, and the page or frame that it is in. */
function copiesIn(bytes: Buffer, from: number): readonly (readonly [n: number, unit: number])[] {
  const matches = bytes.toString('latin1').matchAll(READING)
  return Array.from(
    matches,
    (match) => [Number(match[1] ?? match[2]), unitOf(match.index, from)] as const,
  )
}

/** The page of the database, or the frame of the log, that a byte belongs to. */
function unitOf(at: number, from: number): number {
  return from === 0
    ? Math.floor(at / PAGE_BYTES)
    : Math.floor((at - from) / (PAGE_BYTES + FRAME_HEADER_BYTES))
}
