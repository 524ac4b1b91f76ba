// Writes rows, several at a time: a statement of eight rows costs a quarter less per row than eight of
// one. What is put must be flushed before the transaction is committed or its rows are looked at.

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'

/** Rows per statement; more gain little. */
const ROWS = 8

const COLUMNS = 6

/** Inserts into the table `reading`; used inside transactions only. */
export class RowInsert {
  readonly #several: StatementSync
  readonly #one: StatementSync
  #values: SQLInputValue[] = []

  constructor(database: DatabaseSync) {
    const into = 'INSERT INTO reading (id, epoch, type, seq, body, crc) VALUES '
    const row = '(?, ?, ?, ?, ?, ?)'
    this.#one = database.prepare(into + row)
    this.#several = database.prepare(into + Array.from({ length: ROWS }, () => row).join(', '))
  }

  /** A row: id, epoch, type, seq, body, checksum. Throws SQLite's errors, of earlier rows too. */
  put(id: number, epoch: number, type: string, seq: number, body: string, crc: number): void {
    this.#values.push(id, epoch, type, seq, body, crc)
    if (this.#values.length < ROWS * COLUMNS) return
    this.#several.run(...this.#values)
    this.#values = []
  }

  /** Writes what was put. Throws SQLite's errors. */
  flush(): void {
    const values = this.#values
    this.#values = []
    for (let at = 0; at < values.length; at += COLUMNS) {
      this.#one.run(...values.slice(at, at + COLUMNS))
    }
  }

  /** The transaction was rolled back. */
  forget(): void {
    this.#values = []
  }
}
