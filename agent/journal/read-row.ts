// A row of the journal's file as a reading, if its checksum vouches for it.
// A row that is damaged is told apart from one that is missing, and never passed on.

import type { SqlRow } from '../../base/sqlite.ts'
import { parseTypeName } from '../../wire/ids.ts'
import type { EpochBook } from './epoch-book.ts'
import type { CorruptRow, JournalRow } from './journal.ts'
import { decodeBody, rowChecksum } from './row-body.ts'

/** The columns that `readRow` needs. */
export const ROW_COLUMNS = 'id, epoch, type, seq, body, crc'

/** The values of a row's columns, in the order of `ROW_COLUMNS`; damage can make any of them anything. */
export type RowValues = readonly unknown[]

/** The row, or what is wrong with it. */
export function readRow(row: SqlRow, epochs: EpochBook): JournalRow | CorruptRow {
  const { id, epoch, type, seq, body, crc } = row
  return readValues([id, epoch, type, seq, body, crc], epochs)
}

/** As `readRow`, from values. */
export function readValues(values: RowValues, epochs: EpochBook): JournalRow | CorruptRow {
  const [rowid, number, typeText, seq, body, crc] = values
  const id = Number(rowid)
  if (
    typeof number !== 'number' ||
    typeof typeText !== 'string' ||
    typeof seq !== 'number' ||
    typeof body !== 'string'
  ) {
    return { id, corrupt: `row ${id} does not parse`, claims: undefined }
  }
  const epoch = epochs.byNumber(number)
  const type = parseTypeName(typeText)
  const claims =
    epoch === undefined || type === undefined ? undefined : { epoch: epoch.id, type, seq }
  const identity = { id, epoch: number, type: typeText, seq }
  if (rowChecksum(epoch?.rowFormat ?? 0, identity, body) !== crc) {
    return { id, corrupt: `the checksum of ${typeText} ${seq} does not match`, claims }
  }
  const reading =
    epoch === undefined
      ? undefined
      : decodeBody(body, { seq, boot: epoch.boot, wallAtBoot: epochs.wallAtBoot(epoch) })
  if (claims === undefined || reading === undefined) {
    return { id, corrupt: `row ${id} does not parse`, claims }
  }
  return { id, epoch: claims.epoch, type: claims.type, reading, bytes: Buffer.byteLength(body) }
}

/** True if each column holds what it should: damage can turn a number into a text. */
export function hasTypes(row: SqlRow): boolean {
  const { epoch, type, seq, body, crc } = row
  return (
    typeof epoch === 'number' &&
    typeof seq === 'number' &&
    typeof crc === 'number' &&
    typeof type === 'string' &&
    typeof body === 'string'
  )
}
