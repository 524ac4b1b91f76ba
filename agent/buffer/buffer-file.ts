// A journal opened for reading alone: what it says of itself, and its rows in order, each checked and
// with its state. A damaged file is read as far as it can be, and says that it is damaged. Formats
// that an older agent wrote are read as they are; a newer one is refused.

import { basename } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { IntervalSet } from '../../base/interval-set.ts'
import { numberIn, textIn } from '../../base/sqlite.ts'
import type { SqlRow } from '../../base/sqlite.ts'
import { damagedFiles } from '../journal/damage.ts'
import { sizeOf } from '../journal/doors.ts'
import { isDamage } from '../journal/file-error.ts'
import type { CorruptRow, JournalRow } from '../journal/journal.ts'
import { readRow } from '../journal/read-row.ts'
import { formatOf, openForReading } from '../journal/schema.ts'
import { factsFromPages, factsFromTables, readState } from './file-facts.ts'
import type { FileFacts } from './file-facts.ts'
import type { RowState } from './filter.ts'
import { openPlace } from './place.ts'
import type { Place, ReadablePlace } from './place.ts'
import { CarvedTable, carveFile, ChunkReader } from './raw-rows.ts'
import type { RowTable } from './raw-rows.ts'
import type { World } from './world.ts'

/** A row as it lies in the file. */
export interface RawRow {
  readonly id: number
  readonly state: RowState
  readonly sql: SqlRow
}

/** A journal that is read. */
export class BufferFile implements Disposable {
  readonly place: ReadablePlace
  facts: FileFacts
  /** What SQLite said where it gave up; rows are then found page by page. */
  damage: string | undefined
  #settled: IntervalSet
  readonly #database: DatabaseSync | undefined
  readonly #world: World

  private constructor(place: ReadablePlace, opened: Opened, world: World) {
    this.place = place
    this.facts = opened.facts
    this.damage = opened.damage
    this.#database = opened.database
    this.#settled = settledOf(opened.facts)
    this.#world = world
  }

  /** Opens it. Throws `journal_newer_format`, `journal_not_a_journal`, `folder_unusable`. */
  static async open(place: Place, world: World): Promise<BufferFile> {
    const readable = await openPlace(place, world)
    try {
      return new BufferFile(readable, openFacts(readable), world)
    } catch (error) {
      readable[Symbol.dispose]()
      throw error
    }
  }

  /** Bytes of the database and of its log. */
  get bytes(): { readonly database: number; readonly log: number } {
    const { file } = this.place
    return { database: sizeOf(file), log: sizeOf(`${file}-wal`) }
  }

  /** Damaged files beside it whose rows are still to be brought back. */
  get damagedFiles(): readonly string[] {
    const names = damagedFiles(this.place.folder).map((file) => basename(file))
    return names.filter((name) => name !== basename(this.place.file))
  }

  /** What is settled, as last written. */
  get settled(): IntervalSet {
    return this.#settled
  }

  /** Reads again what the file says is settled; a running agent goes on. */
  refresh(): void {
    if (this.#database === undefined || this.damage !== undefined) return
    this.facts = { ...this.facts, ...readState(this.#database) }
    this.#settled = settledOf(this.facts)
  }

  /**
   * Rows of these states with an id above `after`, some thousand at a time: first those of the
   * journal in order of id, then those set aside. Ends early when the world ends.
   */
  async *rows(states: ReadonlySet<RowState>, after = 0): AsyncGenerator<readonly RawRow[]> {
    if (states.has('waiting') || states.has('settled')) {
      // What is settled lies before what waits, but for a few ranges.
      const { through } = this.facts.state.settled
      const from = states.has('settled') ? after : Math.max(after, through)
      for await (const rows of this.#table('reading', from)) {
        const stated = rows.map((sql): RawRow => {
          const id = numberIn(sql, 'id')
          return { id, state: this.#settled.has(id) ? 'settled' : 'waiting', sql }
        })
        yield stated.filter(({ state }) => states.has(state))
      }
    }
    if (!states.has('aside') || (this.facts.format ?? 2) < 2) return
    for await (const rows of this.#table('aside', 0)) {
      yield rows.map((sql): RawRow => ({ id: numberIn(sql, 'id'), state: 'aside', sql }))
    }
  }

  /** The row, checked. */
  check(sql: SqlRow): JournalRow | CorruptRow {
    const { book } = this.facts
    if (book !== undefined) return readRow(sql, book)
    const id = numberIn(sql, 'id')
    return {
      id,
      corrupt: `row ${id} is of an epoch that the file does not know`,
      claims: undefined,
    }
  }

  /** SQLite's own word on the file, or on some of its tables: what is wrong, nothing if all is well. */
  quickCheck(tables: readonly string[] | undefined): readonly string[] {
    const database = this.#database
    if (database === undefined) return []
    try {
      const all = tables === undefined ? ['100'] : tables.map((table) => `'${table}'`)
      const rows = all.flatMap((what) => database.prepare(`PRAGMA quick_check(${what})`).all())
      return rows.map((row) => textIn(row, 'quick_check')).filter((text) => text !== 'ok')
    } catch (error) {
      if (!isDamage(error)) throw error
      return [messageOf(error)]
    }
  }

  [Symbol.dispose](): void {
    if (this.#database?.isOpen === true) this.#database.close()
    this.place[Symbol.dispose]()
  }

  async *#table(table: RowTable, after: number): AsyncGenerator<readonly SqlRow[]> {
    let at = after
    const database = this.#database
    if (database !== undefined && this.damage === undefined) {
      try {
        const reader = new ChunkReader(database, table)
        for (;;) {
          const rows = reader.read(at, Number.MAX_SAFE_INTEGER)
          if (rows.length === 0) return
          at = numberIn(rows.at(-1), 'id')
          yield rows
          if (await this.#breathe()) return
        }
      } catch (error) {
        if (!isDamage(error)) throw error
        this.damage = messageOf(error)
      }
    }
    const carved = new CarvedTable(table, at)
    for (const rows of carveFile(this.place.pages)) {
      yield carved.pick(rows, (sql) => !('corrupt' in this.check(sql)))
      if (await this.#breathe()) return
    }
  }

  /** Lets signals in; true when the world has ended. */
  async #breathe(): Promise<boolean> {
    await this.#world.clock.sleep(0)
    return this.#world.signal.aborted
  }
}

interface Opened {
  readonly facts: FileFacts
  readonly damage: string | undefined
  readonly database: DatabaseSync | undefined
}

function openFacts(place: ReadablePlace): Opened {
  let database: DatabaseSync | undefined
  try {
    database = openForReading(place.source)
    const format = formatOf(database, place.file)
    const facts = factsFromTables(database, format, place.folder)
    return { facts, damage: undefined, database }
  } catch (error) {
    database?.close()
    if (!isDamage(error)) throw asKnown(error, place.file)
    const facts = factsFromPages(place)
    if (facts === undefined) {
      const hint = 'nothing that a journal holds was found in it'
      const message = `${place.file} is not a Hubleaf journal`
      throw new HubleafError('journal_not_a_journal', message, { hint, cause: error })
    }
    return { facts, damage: messageOf(error), database: undefined }
  }
}

function asKnown(error: unknown, file: string): unknown {
  if (error instanceof HubleafError) return error
  const hint = 'run this as the user that the agent runs as'
  const message = `cannot read ${file}: ${messageOf(error)}`
  return new HubleafError('folder_unusable', message, { hint, cause: error })
}

function settledOf(facts: FileFacts): IntervalSet {
  const { through, ranges } = facts.state.settled
  const set = new IntervalSet(ranges.map(([first, last]) => ({ first, last })))
  if (through > 0) set.add({ first: 1, last: through })
  return set
}
