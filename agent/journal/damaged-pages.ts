// The pages of a database that SQLite refuses: from the file, or newer from its write-ahead log. A
// frame of the log counts if it is of the log's last generation and a transaction ends with it or after
// it; where the chain of checksums is broken, frames behind the break count too, because they may hold
// synced rows, which have checksums of their own. What a kill left of a transaction without an end is
// nobody's. Format: https://sqlite.org/fileformat2.html#the_write_ahead_log

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { crc32 } from 'node:zlib'
import { systemCodeOf } from '../../base/errors.ts'
import { PAGE_BYTES, PAGE_BYTES_FORMAT_1 } from './schema.ts'

const WAL_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24

/** Bytes of the log that are read at once for its checksum. */
const CHUNK_BYTES = 65_536

/** A damaged file, page by page. */
export class DamagedPages implements Disposable {
  /** How many pages there are. */
  readonly count: number
  /**
   * Name and log of the file. The next log that is set aside may get the same name: how far one was
   * read must not be believed of another, whose rows would be passed over.
   */
  readonly identity: string
  readonly #pageBytes: number
  readonly #database: number
  readonly #log: number | undefined
  /** Where in the log the newest frame of a page stands. */
  readonly #frames: ReadonlyMap<number, number>
  readonly #databasePages: number
  /** Pages behind the database's end that only the log has. */
  readonly #added: readonly number[]
  #closed = false

  /** Opens the file and its log, if there is one. Throws the system's errors. */
  constructor(file: string) {
    this.#database = openSync(file, 'r')
    try {
      this.#log = openIfThere(`${file}-wal`)
      this.#pageBytes = pageBytesOf(this.#database, this.#log)
      this.#frames = this.#log === undefined ? new Map() : readFrames(this.#log, this.#pageBytes)
      this.identity = `${basename(file)} ${this.#log === undefined ? '' : checksumOf(this.#log)}`
      this.#databasePages = Math.ceil(fstatSync(this.#database).size / this.#pageBytes)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
    const isNew = (number: number): boolean => number > this.#databasePages
    this.#added = [...this.#frames.keys()].filter(isNew).sort((one, other) => one - other)
    this.count = this.#databasePages + this.#added.length
  }

  /**
   * The number of the nth page from 1. A damaged frame may claim to be page four billion: only pages
   * that are there are counted.
   */
  nth(n: number): number {
    return this.#added[n - this.#databasePages - 1] ?? n
  }

  /** The page, or undefined where nothing of it can be read. */
  read(number: number): Buffer | undefined {
    const frame = this.#frames.get(number)
    if (frame !== undefined && this.#log !== undefined) {
      return readAt(this.#log, frame + FRAME_HEADER_BYTES, this.#pageBytes)
    }
    if (number < 1 || number > this.#databasePages) return undefined
    return readAt(this.#database, (number - 1) * this.#pageBytes, this.#pageBytes)
  }

  /** True if the page is read from the log. */
  isLogged(number: number): boolean {
    return this.#frames.has(number)
  }

  /** True if this is only the log of a file that goes on. */
  get logOnly(): boolean {
    return this.#databasePages === 0
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#database)
    if (this.#log !== undefined) closeSync(this.#log)
  }
}

function checksumOf(handle: number): number {
  const { size } = fstatSync(handle)
  let sum = 0
  for (let at = 0; at < size; at += CHUNK_BYTES) {
    sum = crc32(readAt(handle, at, Math.min(CHUNK_BYTES, size - at)) ?? '', sum)
  }
  return sum
}

/** Where the newest frame of each page stands, of the log's last generation. */
function readFrames(log: number, pageBytes: number): ReadonlyMap<number, number> {
  const frames = new Map<number, number>()
  for (const frame of endedFrames(log, pageBytes)) frames.set(frame.page, frame.at)
  return frames
}

/** The frames of the last generation up to the last one that ends a transaction. */
function* endedFrames(log: number, pageBytes: number): Generator<Frame> {
  const salts = lastSalts(log, pageBytes)
  let open: Frame[] = []
  for (const frame of framesOf(log, pageBytes)) {
    if (salts?.equals(frame.salts) !== true) continue
    open.push(frame)
    if (!endsTransaction(frame)) continue
    yield* open
    open = []
  }
}

function endsTransaction({ header }: Frame): boolean {
  return header.readUInt32BE(4) !== 0
}

/** The header's salts; where no frame has them, the header is damaged and the first frame's count. */
function lastSalts(log: number, pageBytes: number): Buffer | undefined {
  const header = readAt(log, 0, WAL_HEADER_BYTES)?.subarray(16, 24)
  let first: Buffer | undefined
  for (const { salts } of framesOf(log, pageBytes)) {
    if (header?.equals(salts) === true) return header
    first ??= Buffer.from(salts)
  }
  return first
}

interface Frame {
  readonly at: number
  readonly page: number
  readonly salts: Buffer
  readonly header: Buffer
  /** The page's bytes, where they were read with the header. */
  readonly content: Buffer | undefined
}

/** Frames read at once: a read of each header and page took longer than all the rest of a look. */
const FRAMES_AT_ONCE = 256

function* framesOf(log: number, pageBytes: number): Generator<Frame> {
  const { size } = fstatSync(log)
  const step = FRAME_HEADER_BYTES + pageBytes
  for (let from = WAL_HEADER_BYTES; from + step <= size; from += step * FRAMES_AT_ONCE) {
    const end = Math.min(from + step * FRAMES_AT_ONCE, size - ((size - from) % step))
    // Where the disk cannot read all of them it may read some.
    const bytes = readAt(log, from, end - from)
    for (let at = from; at < end; at += step) {
      const frame = bytes?.subarray(at - from, at - from + step)
      const header = frame?.subarray(0, FRAME_HEADER_BYTES) ?? readAt(log, at, FRAME_HEADER_BYTES)
      if (header === undefined) continue
      const salts = header.subarray(8, 16)
      yield {
        at,
        page: header.readUInt32BE(0),
        salts,
        header,
        content: frame?.subarray(step - pageBytes),
      }
    }
  }
}

/**
 * True if a write-ahead log has transactions that SQLite would silently leave out: behind a break in
 * the chain of checksums one of the same generation ends. A tail that was torn by a power cut may look
 * the same and costs only a look.
 */
export function hasLostFrames(file: string): boolean {
  const log = openIfThere(file)
  if (log === undefined) return false
  try {
    const pageBytes = pageBytesOf(undefined, log)
    const ended = [...endedFrames(log, pageBytes)].length
    return ended > wholeFrames(log, pageBytes)
  } finally {
    closeSync(log)
  }
}

/** How many frames the chain of checksums vouches for, up to the last commit. */
function wholeFrames(log: number, pageBytes: number): number {
  const header = readAt(log, 0, WAL_HEADER_BYTES)
  if (header === undefined) return 0
  const bigEndian = (header.readUInt32BE(0) & 1) === 1
  let sum: Sum = chain([0, 0], header.subarray(0, 24), bigEndian)
  if (!isSum(sum, header, 24)) return 0
  const salts = header.subarray(16, 24)
  let count = 0
  let committed = 0
  for (const frame of framesOf(log, pageBytes)) {
    const page = frame.content ?? readAt(log, frame.at + FRAME_HEADER_BYTES, pageBytes)
    if (page === undefined || !frame.salts.equals(salts)) break
    sum = chain(chain(sum, frame.header.subarray(0, 8), bigEndian), page, bigEndian)
    if (!isSum(sum, frame.header, 16)) break
    count += 1
    if (endsTransaction(frame)) committed = count
  }
  return committed
}

type Sum = readonly [number, number]

/** SQLite's checksum of the log, over pairs of 32-bit words. */
function chain(sum: Sum, bytes: Buffer, bigEndian: boolean): Sum {
  let [one, other] = sum
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    one = (one + (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)) + other) >>> 0
    other =
      (other + (bigEndian ? bytes.readUInt32BE(at + 4) : bytes.readUInt32LE(at + 4)) + one) >>> 0
  }
  return [one, other]
}

function isSum(sum: Sum, header: Buffer, at: number): boolean {
  return sum[0] === header.readUInt32BE(at) && sum[1] === header.readUInt32BE(at + 4)
}

/**
 * Bytes of a page, by the database's header, else by the log's, else by a look at the file: in one of
 * the first format only every fourth kilobyte begins a page.
 */
function pageBytesOf(database: number | undefined, log: number | undefined): number {
  const header = database === undefined ? undefined : readAt(database, 0, 100)
  const known = [PAGE_BYTES, PAGE_BYTES_FORMAT_1]
  if (header?.toString('latin1', 0, 15) === 'SQLite format 3') {
    const bytes = header.readUInt16BE(16)
    if (known.includes(bytes)) return bytes
  }
  const logged = log === undefined ? undefined : readAt(log, 8, 4)?.readUInt32BE(0)
  if (logged !== undefined && known.includes(logged)) return logged
  return database !== undefined && looksLikeFormat1(database) ? PAGE_BYTES_FORMAT_1 : PAGE_BYTES
}

/** First bytes of pages that hold rows or branches of a table. */
const PAGE_KINDS: ReadonlySet<number | undefined> = new Set([0x05, 0x0d])

/** Kilobytes looked at to tell the size of pages. */
const LOOKS_MAX = 4000

function looksLikeFormat1(database: number): boolean {
  const counts = { whole: 0, between: 0 }
  const size = Math.min(fstatSync(database).size, LOOKS_MAX * PAGE_BYTES)
  for (let at = 0; at < size; at += PAGE_BYTES) {
    if (!PAGE_KINDS.has(readAt(database, at, 1)?.[0])) continue
    counts[at % PAGE_BYTES_FORMAT_1 === 0 ? 'whole' : 'between'] += 1
  }
  return counts.whole > counts.between
}

/** The bytes, or undefined where the disk has not all of them or cannot read them. */
function readAt(handle: number, at: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length)
  try {
    return readSync(handle, bytes, 0, length, at) === length ? bytes : undefined
  } catch {
    return undefined
  }
}

/** Undefined only if there is no such file: a log that does not open now is not one without rows. */
function openIfThere(file: string): number | undefined {
  try {
    return openSync(file, 'r')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
