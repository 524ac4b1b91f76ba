// Reads table rows out of SQLite pages without SQLite: a damaged file may have lost its first page, a
// branch of its tree or some leaves, and every cell that is whole is still a row. What a cell holds is
// believed only as far as the row's own checksum vouches for it, which is the caller's business.
// Format: https://sqlite.org/fileformat2.html, sections 1.6 (b-tree pages) and 2.1 (records).

/** A column's value. */
export type Carved = number | string | Uint8Array | null

/** A row of some table. */
export interface CarvedRow {
  readonly rowid: number
  readonly columns: readonly Carved[]
}

/** Gives a page by its number, counted from 1, or undefined if it is not there. */
export type PageReader = (number: number) => Buffer | undefined

/** The first byte of a leaf of a table. */
const TABLE_LEAF = 0x0d

/** Longest payload that is believed: a reading is at most some 20 kB. */
const PAYLOAD_MAX_BYTES = 1_000_000

/** The rows of a page, those that can be read; none if it is no leaf of a table. */
export function carvePage(page: Buffer, number: number, pages: PageReader): readonly CarvedRow[] {
  const start = number === 1 ? 100 : 0
  if (page[start] !== TABLE_LEAF) return []
  const rows: CarvedRow[] = []
  const cells = Math.min(page.readUInt16BE(start + 3), (page.length - start - 8) >>> 1)
  for (let cell = 0; cell < cells; cell += 1) {
    const row = carveCell(page, page.readUInt16BE(start + 8 + 2 * cell), pages)
    if (row !== undefined) rows.push(row)
  }
  return rows
}

function carveCell(page: Buffer, at: number, pages: PageReader): CarvedRow | undefined {
  const length = readVarint(page, at)
  const rowid = length === undefined ? undefined : readVarint(page, length.next)
  if (length === undefined || rowid === undefined || length.value > PAYLOAD_MAX_BYTES)
    return undefined
  const payload = readPayload(page, rowid.next, length.value, pages)
  const columns = payload === undefined ? undefined : readRecord(payload)
  return columns === undefined ? undefined : { rowid: rowid.value, columns }
}

/** A payload may go on in a chain of overflow pages. */
function readPayload(
  page: Buffer,
  at: number,
  length: number,
  pages: PageReader,
): Buffer | undefined {
  const usable = page.length
  const local = localBytes(length, usable)
  if (at + local > page.length) return undefined
  const parts = [page.subarray(at, at + local)]
  let left = length - local
  if (left > 0 && at + local + 4 > page.length) return undefined
  let next = left > 0 ? page.readUInt32BE(at + local) : 0
  while (left > 0) {
    const overflow = next === 0 ? undefined : pages(next)
    if (overflow === undefined) return undefined
    const part = overflow.subarray(4, 4 + Math.min(left, usable - 4))
    parts.push(part)
    left -= part.length
    next = overflow.readUInt32BE(0)
  }
  return parts.length === 1 ? parts[0] : Buffer.concat(parts)
}

function localBytes(length: number, usable: number): number {
  const most = usable - 35
  if (length <= most) return length
  const least = Math.floor(((usable - 12) * 32) / 255) - 23
  const fitting = least + ((length - least) % (usable - 4))
  return fitting <= most ? fitting : least
}

function readRecord(payload: Buffer): readonly Carved[] | undefined {
  const header = readVarint(payload, 0)
  if (header === undefined || header.value > payload.length) return undefined
  const columns: Carved[] = []
  let at = header.next
  let from = header.value
  while (at < header.value) {
    const serial = readVarint(payload, at)
    if (serial === undefined) return undefined
    const column = readColumn(payload, from, serial.value)
    if (column === undefined) return undefined
    columns.push(column.value)
    from = column.next
    at = serial.next
  }
  return columns
}

/** Bytes of the integers with serial types 1 to 6. */
const INTEGER_BYTES = [0, 1, 2, 3, 4, 6, 8]

function readColumn(
  payload: Buffer,
  at: number,
  serial: number,
): { readonly value: Carved; readonly next: number } | undefined {
  if (serial === 0) return { value: null, next: at }
  if (serial === 8 || serial === 9) return { value: serial - 8, next: at }
  if (serial === 7) {
    return at + 8 > payload.length ? undefined : { value: payload.readDoubleBE(at), next: at + 8 }
  }
  const bytes = serial < 12 ? (INTEGER_BYTES[serial] ?? -1) : (serial - 12) >>> 1
  if (bytes < 0 || at + bytes > payload.length) return undefined
  const next = at + bytes
  if (serial >= 12 && serial % 2 === 0) return { value: payload.subarray(at, next), next }
  if (serial >= 13) return { value: payload.toString('utf8', at, next), next }
  const value = bytes === 8 ? Number(payload.readBigInt64BE(at)) : payload.readIntBE(at, bytes)
  return { value, next }
}

/** SQLite's big-endian integer of 1 to 9 bytes, as far as a number is exact. */
function readVarint(
  bytes: Buffer,
  at: number,
): { readonly value: number; readonly next: number } | undefined {
  let value = 0
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value = value * 128 + (byte & 0x7f)
    if (byte < 0x80)
      return Number.isSafeInteger(value) ? { value, next: at + index + 1 } : undefined
  }
  return undefined
}
