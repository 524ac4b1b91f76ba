// Ids of the texts that rows share: looked up in memory, then in the file, else added. A transaction
// that is rolled back takes its new ids with it, so its owner must call `forget`.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { numberIn } from '../../base/sqlite.ts'
import { TIME_QUALITIES } from '../../wire/reading.ts'
import { DICTIONARY_MAX_CACHED } from './limits.ts'
import type { Kind, Run } from './row-table.ts'

type Texts = readonly (string | number)[]

/** The ids of runs, series and origins in one open database. */
export class Dictionaries {
  readonly #run
  readonly #series
  readonly #origin

  constructor(database: DatabaseSync) {
    this.#run = new Dictionary(database, 'run', ['hub', 'epoch', 'type'])
    this.#series = new Dictionary(database, 'series', ['hub', 'type', 'site', 'device', 'channel'])
    const origin = ['source', 'boot', 'time_quality', 'unit', 'canonical_unit']
    this.#origin = new Dictionary(database, 'origin', origin)
  }

  run({ hub, epoch, type }: Run): number {
    return this.#run.idOf([hub, epoch, type])
  }

  series({ hub, type }: Run, { site, device, channel }: Kind): number {
    return this.#series.idOf([hub, type, site ?? '', device, channel])
  }

  origin({ source, boot, timeQuality, unit, canonicalUnit }: Kind): number {
    const quality = TIME_QUALITIES.indexOf(timeQuality)
    return this.#origin.idOf([source, boot, quality, unit ?? '', canonicalUnit ?? ''])
  }

  forget(): void {
    for (const dictionary of [this.#run, this.#series, this.#origin]) dictionary.forget()
  }
}

class Dictionary {
  readonly #known = new Map<string, number>()
  readonly #find: StatementSync
  readonly #add: StatementSync

  constructor(database: DatabaseSync, table: string, columns: readonly string[]) {
    const where = columns.map((column) => `${column} = ?`).join(' AND ')
    const marks = columns.map(() => '?').join(', ')
    this.#find = database.prepare(`SELECT id FROM ${table} WHERE ${where}`)
    this.#add = database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`)
  }

  idOf(texts: Texts): number {
    // No text holds a control character, so the joined key is unambiguous.
    const key = texts.join('\n')
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const row = this.#find.get(...texts)
    const id =
      row === undefined ? Number(this.#add.run(...texts).lastInsertRowid) : numberIn(row, 'id')
    if (this.#known.size >= DICTIONARY_MAX_CACHED) this.#known.clear()
    this.#known.set(key, id)
    return id
  }

  forget(): void {
    this.#known.clear()
  }
}
