// Brings the rows of a damaged file back into the open journal, a few hundred pages at a time, beside
// the work. A row counts if its checksum holds; it keeps its epoch and seq and gets a new id. What the
// file must have held and no row is found for, in this file or another, is said by drop records.

import { IntervalSet } from '../../base/interval-set.ts'
import { parseEpochId } from '../../wire/ids.ts'
import type { RecordOf } from '../../wire/records.ts'
import { carvePage } from './carve.ts'
import { CarvedMeta } from './carved-meta.ts'
import { keepUnreadable, newestEpochIn, removeDamaged } from './damage.ts'
import { DamagedPages } from './damaged-pages.ts'
import { eventIn, LoggedEvents } from './logged-events.ts'
import { isSameFile } from './open-file.ts'
import { eventInBody, rowChecksum } from './row-body.ts'
import type { OwnRecord, RowTable } from './row-table.ts'
import { PAGE_BYTES } from './schema.ts'
import type { EpochRow } from './thread-protocol.ts'

/** Pages looked at per step at most: some milliseconds, and bounded room in the log. */
const PAGES_PER_STEP = 2048

/** What a salvage works on. */
export interface SalvageTask {
  readonly folder: string
  readonly file: string
  /** The agent's version, for the record. */
  readonly agent: string
  /** Bound of the log. Half of it per step, twice written, fits into the room that the quota keeps. */
  readonly checkpointPages: number
  /** Seqs of sound rows by epoch and type, shared by all damaged files: what one lacks another may have. */
  readonly found: Map<string, IntervalSet>
}

/** What one file has lost. */
export interface Losses {
  /** Records to write. */
  readonly records: readonly OwnRecord[]
  /** Readings that the records give up. */
  readonly lost: number
}

interface SoundRow {
  readonly id: number
  readonly epoch: EpochRow
  readonly type: string
  readonly seq: number
  readonly body: string
}

/** The salvage of one damaged file. A restart begins it anew: rows that are back are known again. */
export class Salvage {
  readonly #folder: string
  readonly #file: string
  readonly #pages: DamagedPages
  readonly #meta = new CarvedMeta()
  readonly #events = new LoggedEvents()
  /** [lowest row id, page], sorted when all pages have been looked at. */
  readonly #leaves: (readonly [id: number, page: number])[] = []
  readonly #found: Map<string, IntervalSet>
  /** Epochs of the sound rows in this file. */
  readonly #told = new Set<string>()
  readonly #agent: string
  readonly #pagesPerStep: number
  readonly #charsPerStep: number
  #next = 1
  #sorted = false
  /** How many of the leaves have been imported. */
  #imported = 0
  /** Rows up to this id came back before a restart. */
  #through = 0
  /** The lowest id of a sound row. */
  #lowest = Infinity
  /** Whether the epochs that are known are this file's. */
  #isOurs: boolean | undefined

  /** Opens the damaged file. Throws the system's errors. */
  constructor({ folder, file, agent, checkpointPages, found }: SalvageTask) {
    this.#folder = folder
    this.#file = file
    this.#agent = agent
    this.#found = found
    this.#pagesPerStep = Math.min(PAGES_PER_STEP, Math.ceil(checkpointPages / 2))
    this.#charsPerStep = this.#pagesPerStep * PAGE_BYTES
    this.#pages = new DamagedPages(file)
  }

  /**
   * Looks at the next pages; the caller's transaction is around it. True when the file has been read: its
   * losses can be told once that is so of all damaged files.
   */
  step(rows: RowTable): boolean {
    if (!this.#sorted) {
      this.#look(rows)
      if (this.#next > this.#pages.count) this.#startImport(rows)
      return false
    }
    // A page of short cells may hold the beginnings of many long values.
    let chars = 0
    for (let count = 0; count < this.#pagesPerStep && chars < this.#charsPerStep; count += 1) {
      const leaf = this.#leaves[this.#imported]
      if (leaf === undefined) return this.#events.teach(rows, (id) => this.#isSettled(id))
      this.#imported += 1
      chars += this.#import(leaf[1], rows)
      rows.salvagedThrough(this.#pages.identity, leaf[0])
    }
    return false
  }

  /** All rows are back and durable: the damaged file goes, unless nothing of ours was in it. */
  finish(): void {
    this.close()
    const put = this.#told.size > 0 || this.#pages.logOnly ? removeDamaged : keepUnreadable
    put(this.#folder, this.#file)
  }

  close(): void {
    this.#pages[Symbol.dispose]()
  }

  /** First pass: which pages hold rows, and what the file says of itself. */
  #look(rows: RowTable): void {
    const through = Math.min(this.#pages.count, this.#next + this.#pagesPerStep - 1)
    for (; this.#next <= through; this.#next += 1) {
      const number = this.#pages.nth(this.#next)
      const page = this.#pages.read(number)
      if (page === undefined) continue
      const cells = carvePage(page, number, (other) => this.#pages.read(other))
      const isLogged = this.#pages.isLogged(number)
      for (const cell of cells) {
        this.#meta.meet(cell)
        const event = eventIn(cell.columns)
        if (event === undefined) continue
        const waits = event.reading === undefined ? this.#pages.logOnly : isLogged
        if (waits) this.#events.offer(event)
        else rows.learnEvent(event.hash)
      }
      const ids = cells.flatMap((cell) => (isReading(cell.columns) ? [cell.rowid] : []))
      if (ids.length > 0) this.#leaves.push([Math.min(...ids), number])
    }
  }

  #startImport(rows: RowTable): void {
    this.#sorted = true
    this.#leaves.sort((one, other) => one[0] - other[0])
    this.#through = rows.salvageProgress(this.#pages.identity)
    for (const mark of this.#meta.marks) rows.addMark(mark)
  }

  /** Gives how many characters of bodies it looked at. */
  #import(number: number, rows: RowTable): number {
    const page = this.#pages.read(number)
    if (page === undefined) return 0
    let chars = 0
    const cells = carvePage(page, number, (other) => this.#pages.read(other))
    for (const cell of cells) {
      const row = isReading(cell.columns) ? this.#sound(cell.rowid, cell.columns, rows) : undefined
      if (row === undefined) continue
      chars += row.body.length
      this.#lowest = Math.min(this.#lowest, row.id)
      const event = eventInBody(row.body)
      if (event !== undefined) rows.learnEvent(event)
      this.#bringBack(row, rows)
    }
    return chars
  }

  /**
   * True if the cloud has the row. What stood before the first row of a whole file was deleted because
   * of that; a log alone may begin anywhere.
   */
  #isSettled(id: number): boolean {
    if (this.#meta.isSettled(id)) return true
    return !this.#pages.logOnly && this.#lowest !== Infinity && id < this.#lowest
  }

  /** The row if its checksum vouches for it and its epoch is known. */
  #sound(id: number, columns: readonly unknown[], rows: RowTable): SoundRow | undefined {
    const [, number, type, seq, body, crc] = columns
    if (typeof number !== 'number' || typeof type !== 'string') return undefined
    if (typeof seq !== 'number' || typeof body !== 'string') return undefined
    const epoch = this.#epochOf(number, rows)
    if (epoch === undefined || parseEpochId(epoch.id) === undefined) return undefined
    const identity = { id, epoch: number, type, seq }
    if (rowChecksum(epoch.rowFormat, identity, body) !== crc) return undefined
    return { id, epoch, type, seq, body }
  }

  /** The epoch of this number: what is known beside a damaged file counts more than what is in it. */
  #epochOf(number: number, rows: RowTable): EpochRow | undefined {
    const carved = this.#meta.epoch(number)
    // No damaged file has rows of the epoch that has just begun, whatever its number is.
    const known = rows.epochs.find((one) => one.number === number && one.number !== rows.open)
    if (carved === undefined || known === undefined) return carved ?? known
    this.#isOurs ??= isSameFile(this.#meta.epochs, rows.epochs)
    return this.#isOurs ? known : carved
  }

  #bringBack(row: SoundRow, rows: RowTable): void {
    const { epoch, type, seq, body } = row
    const key = `${epoch.id} ${type}`
    const seqs = this.#found.get(key) ?? new IntervalSet()
    this.#found.set(key, seqs)
    this.#told.add(epoch.id)
    if (seqs.has(seq)) return
    seqs.add({ first: seq, last: seq })
    // The page that was the last before a restart is looked at again: its rows are known by then.
    if (this.#meta.isSettled(row.id) || row.id < this.#through) return
    // Pages that were given free still hold rows that were given up under a record.
    if (this.#meta.isGivenUp(epoch.id, type, seq)) return
    const number = rows.addEpoch(epoch)
    if (rows.holds({ epoch: number, type, seq }, row.id)) return
    rows.bringBack({ epoch: number, type, seq, body }, epoch.rowFormat)
  }

  /** What this file must have held and no damaged file has. */
  losses(rows: RowTable): Losses {
    const records: OwnRecord[] = []
    let lost = 0
    const holes = this.#pages.logOnly
      ? this.#meta.holesAfter(this.#found, this.#newestEpoch(rows))
      : this.#meta.holes(this.#found, this.#epochsWithin(rows))
    for (const hole of holes) {
      const count = hole.last - hole.first + 1
      records.push(['_drop', { ...hole, count, from: null, to: null, reason: 'corrupt' }])
      lost += count
    }
    const previous = this.#newestFound(rows)
    if (previous !== undefined) {
      records.push(['_epoch', { previous, reason: 'salvage', agent: this.#agent }])
    }
    return { records, lost }
  }

  /** The epoch that was open when a log was lost: only its end can have been there alone. */
  #newestEpoch({ epochs }: RowTable): readonly EpochRow[] {
    const newest = newestEpochIn(this.#file)
    return epochs.filter(({ id }) => id === newest)
  }

  /**
   * The epochs that can have had rows in this file: later ones never lost any here. Where its newest
   * epoch is not known, only those count that the file itself tells of.
   */
  #epochsWithin({ epochs }: RowTable): readonly EpochRow[] {
    const newest = newestEpochIn(this.#file)
    const through = epochs.find(({ id }) => id === newest)?.number ?? -Infinity
    return epochs.filter(({ id, number }) => {
      return number <= through || this.#told.has(id) || this.#meta.epoch(number)?.id === id
    })
  }

  /** The newest epoch that rows were found of, and its highest numbers. */
  #newestFound(rows: RowTable): RecordOf<'_epoch'>['previous'] | undefined {
    const newest = rows.epochs
      .filter(({ id }) => this.#told.has(id))
      .reduce<EpochRow | undefined>(
        (best, epoch) => (best === undefined || epoch.number > best.number ? epoch : best),
        undefined,
      )
    if (newest === undefined) return undefined
    const last = [...this.#found].flatMap(([key, seqs]): [string, number][] => {
      const [epoch = '', type = ''] = key.split(' ')
      return epoch === newest.id ? [[type, seqs.ranges.at(-1)?.last ?? 0]] : []
    })
    return { epoch: newest.id, last: { ...newest.last, ...Object.fromEntries(last) } }
  }
}

/** A row of the table `reading`: an empty rowid column, then number, text, number, text, number. */
function isReading(columns: readonly unknown[]): boolean {
  const [first, epoch, type, seq, body] = columns
  return (
    columns.length === 6 &&
    first === null &&
    typeof epoch === 'number' &&
    typeof type === 'string' &&
    typeof seq === 'number' &&
    typeof body === 'string'
  )
}
