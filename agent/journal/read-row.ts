// A row of the journal's file as a reading, if its checksum vouches for it.
// A row that is damaged is told apart from one that is missing, and never passed on.

import { numberIn, textIn } from '../../base/sqlite.ts'
import type { SqlRow } from '../../base/sqlite.ts'
import { parseTypeName } from '../../wire/ids.ts'
import type { EpochBook } from './epoch-book.ts'
import type { CorruptRow, JournalRow } from './journal.ts'
import { decodeBody, rowChecksum } from './row-body.ts'

/** The columns that `readRow` needs. */
export const ROW_COLUMNS = 'id, epoch, type, seq, body, crc'

/** The row, or what is wrong with it. */
export function readRow(row: SqlRow, epochs: EpochBook): JournalRow | CorruptRow {
  const id = numberIn(row, 'id')
  if (!hasTypes(row)) return { id, corrupt: `row ${id} does not parse`, claims: undefined }
  const number = numberIn(row, 'epoch')
  const typeText = textIn(row, 'type')
  const seq = numberIn(row, 'seq')
  const body = textIn(row, 'body')
  const epoch = epochs.byNumber(number)
  const type = parseTypeName(typeText)
  const claims =
    epoch === undefined || type === undefined ? undefined : { epoch: epoch.id, type, seq }
  const identity = { id, epoch: number, type: typeText, seq }
  if (rowChecksum(epoch?.rowFormat ?? 0, identity, body) !== numberIn(row, 'crc')) {
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
  return (
    typeof row['epoch'] === 'number' &&
    typeof row['seq'] === 'number' &&
    typeof row['crc'] === 'number' &&
    typeof row['type'] === 'string' &&
    typeof row['body'] === 'string'
  )
}
