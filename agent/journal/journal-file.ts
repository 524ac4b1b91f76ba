// The journal's file as its one writer sees it: opening makes an epoch, a commit is one transaction
// and one sync. A file that SQLite cannot read is moved aside, a new one begins, and the rows of the
// old one come back beside the work. Runs in the journal's thread; synchronous throughout.

import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { syncFolder } from '../../base/durable-file.ts'
import { HubleafError, isHubleafError, systemCodeOf } from '../../base/errors.ts'
import type { EpochId } from '../../wire/ids.ts'
import { Ballast } from './ballast.ts'
import { adoptLogs, damagedFiles, keepLog, markDamaged, moveAside, needsSalvage } from './damage.ts'
import { hasLostFrames } from './damaged-pages.ts'
import { sizeOf, systemDisk } from './doors.ts'
import type { DiskDoors } from './doors.ts'
import { formatInCopy } from './epoch-copy.ts'
import type { BootMark } from './journal.ts'
import { writeMarkCopy } from './mark-copy.ts'
import { beginEpoch, loadFile } from './open-file.ts'
import { isDamage, isDamageAtOpening, toJournalError } from './file-error.ts'
import { RoomProbe } from './room-probe.ts'
import { RowTable } from './row-table.ts'
import { Salvages } from './salvages.ts'
import { openForReading, prepareSchema } from './schema.ts'
import type * as protocol from './thread-protocol.ts'

/** An open journal file. */
export class JournalFile {
  readonly #folder: string
  readonly #agent: string
  readonly #checkpointPages: number
  readonly #database: DatabaseSync
  readonly #rows: RowTable
  readonly #room: RoomProbe
  readonly #ballast: Ballast
  /** Opened by the first step: a damaged file that cannot be read now keeps no journal closed. */
  #salvages: Salvages | undefined
  readonly opened: protocol.Opened

  /** Opens the file and begins an epoch. Throws `journal_*` codes and the system's errors. */
  constructor(request: protocol.OpenRequest, disk: DiskDoors = systemDisk) {
    const { folder, epoch } = request
    this.#folder = folder
    this.#agent = request.agent
    this.#checkpointPages = request.checkpointPages
    adoptLogs(folder)
    const isLogLost = !needsSalvage(folder) && hasLostLog(folder)
    if (needsSalvage(folder)) moveAside(folder, epoch)
    else if (isLogLost) keepLogOrAll(folder, epoch)
    this.#ballast = new Ballast(folder, request.ballastBytes)
    const { database, rows } = openWithRoom({ ...request, isLogLost }, disk, this.#ballast)
    this.#database = database
    this.#rows = rows
    try {
      this.#room = new RoomProbe(database, folder, disk)
      syncFolder(folder)
      this.opened = this.#firstLook()
    } catch (error) {
      database.close()
      const known = toJournalError(error)
      // The epoch has begun in this file: only the next opening can move it aside.
      if (isDamage(known)) markDamaged(folder)
      throw known
    }
  }

  /** One transaction with one sync. Throws `journal_*` codes; nothing of it is then in the file. */
  commit(request: protocol.CommitRequest): protocol.Committed {
    const done = this.#transaction(() => {
      this.#copyMarks(request.marks)
      return this.#rows.commit(request)
    })
    return { kind: 'committed', ...done, usage: this.#look(request.age) }
  }

  /** The next rows of a damaged file. Throws like `commit`. */
  salvage(request: protocol.SalvageRequest): protocol.Salvaged {
    const known = this.#rows.epochs.length
    const first = this.#rows.head + 1
    const { step, records, changed } = this.#salvageStep((salvages) => {
      const step = salvages.step(this.#rows)
      const records = step.records.map((record) => this.#rows.insertRecord(record, request.stamp))
      return { step, records, changed: this.#rows.closeBooks(step.shown) }
    })
    if (step.done) this.#finishSalvages()
    const last = this.#rows.head
    return {
      ...{ kind: 'salvaged', first: last < first ? 0 : first, last, records },
      ...{
        epochs: [...this.#rows.epochs.slice(known), ...changed],
        marks: this.#rows.marks,
      },
      ...{ lost: step.lost, damaged: damagedFiles(this.#folder).length },
      usage: this.#look(Infinity),
    }
  }

  /**
   * What SQLite finds wrong with the file's structure, or undefined. Asked by a connection of its own:
   * the writer's cache may hold pages as they were before they were damaged. Throws SQLite's errors.
   */
  check(): string | undefined {
    const database = openForReading(join(this.#folder, 'journal.db'))
    try {
      const [row] = database.prepare('PRAGMA quick_check(1)').all()
      const found = Object.values(row ?? {})[0]
      return found === 'ok' ? undefined : String(found)
    } finally {
      database.close()
    }
  }

  close(): void {
    this.#closeSalvages()
    this.#database.close()
  }

  #firstLook(): protocol.Opened {
    const rows = this.#rows
    const damaged = damagedFiles(this.#folder).length
    const usage = this.#look(0)
    return {
      ...{ kind: 'opened', epochs: rows.epochs, marks: rows.marks, settled: rows.state.settled },
      ...{ head: rows.head, deletedThrough: rows.state.deletedThrough },
      ...{ usage, damaged, inOrder: damaged === 0 && rows.inOrder },
    }
  }

  /** Before they are committed: the copy must never know less than the database. */
  #copyMarks(marks: readonly BootMark[]): void {
    const known = new Set(this.#rows.marks.map(({ boot }) => boot))
    const made = marks.filter(({ boot }) => !known.has(boot))
    if (made.length > 0) writeMarkCopy(this.#folder, [...this.#rows.marks, ...made])
  }

  #look(age: number): protocol.Usage {
    const usage = this.#room.look(age)
    this.#ballast.hold(usage.diskFree)
    return usage
  }

  /** What is committed is told in any case: files that cannot be removed now are read once more. */
  #finishSalvages(): void {
    try {
      this.#salvages?.finish()
    } catch (error) {
      // The next step opens what is left.
      if (systemCodeOf(error) === undefined) throw error
    }
    this.#closeSalvages()
  }

  #closeSalvages(): void {
    this.#salvages?.close()
    this.#salvages = undefined
  }

  /** A step that failed has looked at rows that are not back: the salvage goes on from its progress. */
  #salvageStep<T>(work: (salvages: Salvages) => T): T {
    try {
      const [folder, agent] = [this.#folder, this.#agent]
      const salvages = (this.#salvages ??= new Salvages({
        ...{ folder, agent, checkpointPages: this.#checkpointPages },
      }))
      return this.#transaction(() => work(salvages))
    } catch (error) {
      this.#closeSalvages()
      throw toJournalError(error)
    }
  }

  /** A log that cannot grow can begin anew: then giving rows up and taking new ones fits into it. */
  #makeRoom(): void {
    this.#ballast.release()
    this.#room.forget()
    beginLogAnew(this.#database)
  }

  /** All or nothing, in the file and in memory. */
  #transaction<T>(work: () => T): T {
    const before = this.#rows.snapshot()
    try {
      this.#database.exec('BEGIN IMMEDIATE')
      const result = work()
      this.#rows.flush()
      this.#database.exec('COMMIT')
      this.#rows.committed()
      return result
    } catch (error) {
      this.#rows.restore(before)
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      const known = toJournalError(error)
      if (known.code === 'journal_disk_full') this.#makeRoom()
      // Frames of a transaction that failed must not be taken for rows by a later salvage.
      else if (!isDamage(error)) beginLogAnew(this.#database)
      throw known
    }
  }
}

/** All of the log goes into the database. Throws `journal_corrupt` where that meets damage. */
function beginLogAnew(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } catch (error) {
    // Where even that finds no room, the caller's next try says so.
    if (isDamage(error)) throw toJournalError(error)
  }
}

/** Frames that SQLite would leave out: behind a break, or of a database that is gone. */
function hasLostLog(folder: string): boolean {
  const file = join(folder, 'journal.db')
  return hasLostFrames(`${file}-wal`) || (sizeOf(file) === 0 && sizeOf(`${file}-wal`) > 0)
}

/** Without room for a copy of the log, all of the file is moved: that takes none. */
function keepLogOrAll(folder: string, epoch: EpochId): void {
  try {
    keepLog(folder, epoch)
  } catch (error) {
    if (!isHubleafError(toJournalError(error), 'journal_disk_full')) throw error
    moveAside(folder, epoch)
  }
}

/** An opening, and whether its log had frames that are kept elsewhere by now. */
interface Opening extends protocol.OpenRequest {
  readonly isLogLost: boolean
}

/** Least room that an opening needs, bytes: an epoch, and some pages of the log. */
const OPENING_BYTES = 1_000_000

/** Opens on a full disk, too, with the ballast's room. Throws `journal_disk_full` if that is too little. */
function openWithRoom(
  request: Opening,
  disk: DiskDoors,
  ballast: Ballast,
): ReturnType<typeof openOnce> {
  try {
    return openSound(request, disk)
  } catch (error) {
    const isFull = disk.diskFree(request.folder) < OPENING_BYTES
    if (isFull && ballast.release()) return openSound(request, disk)
    if (!isFull || isHubleafError(error)) throw error
    throw new HubleafError('journal_disk_full', 'the disk is full', { cause: error })
  }
}

/** Opens the database; one that cannot be read is moved aside, once, and a new one begun. */
function openSound(request: Opening, disk: DiskDoors): { database: DatabaseSync; rows: RowTable } {
  try {
    return openOnce(request, disk)
  } catch (error) {
    if (!isDamageAtOpening(error)) throw error
    moveAside(request.folder, request.epoch)
    return openOnce(request, disk)
  }
}

function openOnce(request: Opening, disk: DiskDoors): { database: DatabaseSync; rows: RowTable } {
  const { folder } = request
  const file = join(folder, 'journal.db')
  const database = disk.openDatabase(file, request.checkpointPages)
  try {
    // What was lost of the old log must not be found in it again. Before the epoch begins: a file that
    // turns out to be damaged here is moved aside, and the epoch begins in the next one alone.
    if (request.isLogLost) beginLogAnew(database)
    prepareSchema(database, file, formatInCopy(folder))
    const loaded = loadFile(database, folder)
    const reason = damagedFiles(folder).length > 0 ? 'salvage' : 'start'
    database.exec('BEGIN IMMEDIATE')
    const { epochs, record } = beginEpoch(database, request, loaded, reason)
    const began = loaded.isNew ? (epochs.at(-1)?.number ?? 0) : loaded.state.began
    const rows = new RowTable(database, { ...loaded, epochs, state: { ...loaded.state, began } })
    rows.insertRecord(['_epoch', record], request.stamp)
    rows.flush()
    database.exec('COMMIT')
    return { database, rows }
  } catch (error) {
    database.close()
    throw error
  }
}
