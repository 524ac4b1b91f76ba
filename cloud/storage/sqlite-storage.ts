// Storage in one SQLite file. The database lives in two threads, one that writes and one that reads,
// so that neither a slow disk nor a long question stops the event loop or each other. One process has
// the folder: a second is refused with `storage_in_use`. Anybody may read the file meanwhile.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { holdLock } from '../../base/sqlite.ts'
import type { StorageEngine } from './engine.ts'
import { READS_MAX_WAITING } from './limits.ts'
import { tableOf } from './row-table.ts'
import type { RowTable, TableOutcome } from './row-table.ts'
import type { DeviceName, Latest, Point, RangeRequest, Row, WriteOutcome } from './storage.ts'
import { startThread } from './thread-link.ts'
import type { ThreadLink } from './thread-link.ts'
import type { ThreadQuestion } from './thread-protocol.ts'

/** Where the database is. */
export interface SqliteStorageOptions {
  /** Created if it is not there; the file in it is DATABASE_FILE. */
  readonly folder: string
  /** Writes that would make the database larger are refused as `storage_unavailable`. */
  readonly maxBytes?: number | undefined
}

/** The database's name in its folder. */
export const DATABASE_FILE = 'readings.sqlite'

const LOCK_FILE = 'readings.lock'

/** Throws `storage_in_use`, `storage_newer_schema` or `storage_unavailable`. */
export async function openSqliteStorage(options: SqliteStorageOptions): Promise<StorageEngine> {
  const { folder, maxBytes = 0 } = options
  const lock = lockFolder(folder)
  const broken = new AbortController()
  const onDeath = (error: HubleafError): void => broken.abort(error)
  const start = { file: join(folder, DATABASE_FILE), maxBytes }
  let writer: ThreadLink | undefined
  try {
    writer = await startThread({ role: 'writer', ...start }, onDeath)
    const reader = await startThread({ role: 'reader', ...start }, onDeath)
    return new SqliteStorage(writer, reader, lock, broken.signal)
  } catch (error) {
    await writer?.[Symbol.asyncDispose]()
    lock[Symbol.dispose]()
    throw error
  }
}

function lockFolder(folder: string): Disposable {
  try {
    mkdirSync(folder, { recursive: true })
    return holdLock(join(folder, LOCK_FILE), 'storage_in_use', `the database in ${folder}`)
  } catch (cause) {
    if (cause instanceof HubleafError) throw cause
    const message = `the folder ${folder} cannot be used: ${messageOf(cause)}`
    const hint = 'data_dir must be a folder that this user may write to'
    throw new HubleafError('storage_unavailable', message, { cause, hint })
  }
}

class SqliteStorage implements StorageEngine {
  readonly broken: AbortSignal
  readonly #writer: ThreadLink
  readonly #reader: ThreadLink
  readonly #lock: Disposable
  #ended: Promise<void> | undefined

  constructor(writer: ThreadLink, reader: ThreadLink, lock: Disposable, broken: AbortSignal) {
    this.#writer = writer
    this.#reader = reader
    this.#lock = lock
    this.broken = broken
  }

  async commit(tables: readonly RowTable[]): Promise<readonly TableOutcome[]> {
    if (tables.length === 0) return []
    const answer = await this.#asked(this.#writer).ask({ kind: 'commit', tables })
    return answer.kind === 'commit' ? answer.outcomes : mismatch(answer.kind)
  }

  async write(rows: readonly Row[]): Promise<WriteOutcome> {
    if (rows.length === 0) return { stored: 0, repeated: 0, conflicts: [] }
    const [outcome] = await this.commit([tableOf(rows)])
    if (outcome === undefined) return mismatch('nothing')
    const { stored, repeated, conflicts } = outcome
    return { stored, repeated, conflicts }
  }

  async latest(): Promise<readonly Latest[]> {
    const answer = await this.#read({ kind: 'latest' })
    return answer.kind === 'latest' ? answer.latest : mismatch(answer.kind)
  }

  async devices(): Promise<readonly DeviceName[]> {
    const answer = await this.#read({ kind: 'devices' })
    return answer.kind === 'devices' ? answer.devices : mismatch(answer.kind)
  }

  async range(range: RangeRequest): Promise<readonly Point[]> {
    const answer = await this.#read({ kind: 'range', range })
    return answer.kind === 'range' ? answer.points : mismatch(answer.kind)
  }

  async count(): Promise<number> {
    const answer = await this.#read({ kind: 'count' })
    return answer.kind === 'count' ? answer.rows : mismatch(answer.kind)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end()
    await this.#ended
  }

  // Writes that were asked before the end are answered: threads take what they are told in order.
  async #end(): Promise<void> {
    await this.#reader[Symbol.asyncDispose]()
    await this.#writer[Symbol.asyncDispose]()
    this.#lock[Symbol.dispose]()
  }

  async #read(question: ThreadQuestion) {
    const reader = this.#asked(this.#reader)
    if (reader.waiting() < READS_MAX_WAITING) return reader.ask(question)
    throw new HubleafError('storage_unavailable', `${READS_MAX_WAITING} reads are waiting already`)
  }

  #asked(link: ThreadLink): ThreadLink {
    if (this.#ended === undefined) return link
    throw new HubleafError('storage_unavailable', 'the database is closed')
  }
}

function mismatch(kind: string): never {
  throw new HubleafError('internal', `a thread of storage answered another question (${kind})`)
}
