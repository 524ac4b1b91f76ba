// How many bytes the journal's files take, how many of them the database can use again, and what the
// disk has left. Looked at after each commit; the disk at most once a second.

import { join } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { numberIn } from '../../base/sqlite.ts'
import { sizeOf } from './doors.ts'
import type { DiskDoors } from './doors.ts'
import type { Usage } from './thread-protocol.ts'

/** How long a look at the disk counts, ms. */
const DISK_LOOK_MS = 1000

/** Measures one open journal. */
export class RoomProbe {
  readonly #folder: string
  readonly #disk: DiskDoors
  readonly #pageBytes: number
  readonly #pages: StatementSync
  readonly #free: StatementSync
  #lookedAt = -Infinity
  #diskFree = 0
  #bytesThen = 0

  constructor(database: DatabaseSync, folder: string, disk: DiskDoors) {
    this.#folder = folder
    this.#disk = disk
    this.#pageBytes = numberIn(database.prepare('PRAGMA page_size').get(), 'page_size')
    this.#pages = database.prepare('PRAGMA page_count')
    this.#free = database.prepare('PRAGMA freelist_count')
  }

  /** The next look looks at the disk in any case. */
  forget(): void {
    this.#lookedAt = -Infinity
  }

  /** `age` is monotonic ms; Infinity looks at the disk in any case. */
  look(age: number): Usage {
    const pages = numberIn(this.#pages.get(), 'page_count')
    const free = numberIn(this.#free.get(), 'freelist_count')
    const log = sizeOf(join(this.#folder, 'journal.db-wal'))
    const bytes = pages * this.#pageBytes + log
    if (age - this.#lookedAt >= DISK_LOOK_MS) {
      this.#diskFree = this.#disk.diskFree(this.#folder)
      this.#bytesThen = bytes
      this.#lookedAt = Number.isFinite(age) ? age : -Infinity
    }
    // What the journal itself has taken since the last look is gone, too.
    const diskFree = Math.max(0, this.#diskFree - Math.max(0, bytes - this.#bytesThen))
    return { bytes, freeInside: free * this.#pageBytes, diskFree }
  }
}
