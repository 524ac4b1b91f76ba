// What the codec might have been: each encoding turns a pack into bytes and back, each compression
// makes bytes smaller. The columns go through the real parser with all its checks; the rows are
// believed, which flatters them.

import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  constants,
  deflateRawSync,
  inflateRawSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib'
import { parseJson } from '../../base/json.ts'
import { toBody } from '../../wire/codec.ts'
import { parsePack } from '../../wire/parse-body.ts'
import type { Pack } from '../../wire/reading.ts'
import { house } from './codec-samples.ts'

/** A pack as bytes, before compression, and back. */
export interface Encoding {
  readonly name: string
  readonly encode: (pack: Pack) => Uint8Array
  readonly decode: (bytes: Uint8Array, pack: Pack) => unknown
}

/** Bytes to fewer bytes, and back. */
export interface Compression {
  readonly name: string
  readonly compress: (bytes: Uint8Array) => Uint8Array
  readonly expand: (bytes: Uint8Array) => Uint8Array
}

interface Notation {
  readonly name: string
  readonly write: (value: unknown) => Uint8Array
  readonly read: (bytes: Uint8Array) => unknown
}

const json: Notation = {
  name: 'JSON',
  write: (value) => Buffer.from(JSON.stringify(value)),
  read: (bytes) => parseJson(Buffer.from(bytes).toString()),
}

/**
 * The encodings: JSON always; msgpack and CBOR from the packages `msgpackr` and `cbor-x` in the
 * folder `modules` (none of our dependencies). Second part: what was left out, as sentences.
 */
export function encodings(modules: string | undefined): readonly [Encoding[], string[]] {
  const missing: string[] = []
  const notations = [json]
  for (const [name, module] of [
    ['msgpack', 'msgpackr'],
    ['CBOR', 'cbor-x'],
  ] as const) {
    const notation = modules === undefined ? undefined : load(modules, name, module)
    if (notation === undefined) {
      missing.push(`${name} left out: set HUBLEAF_BENCH_MODULES to a folder with ${module}`)
    } else notations.push(notation)
  }
  return [notations.flatMap((notation) => [rows(notation), columns(notation)]), missing]
}

function load(modules: string, name: string, module: string): Notation | undefined {
  try {
    const loaded: unknown = createRequire(join(modules, 'package.json'))(module)
    if (typeof loaded !== 'object' || loaded === null) return undefined
    const write: unknown = Reflect.get(loaded, 'encode')
    const read: unknown = Reflect.get(loaded, 'decode')
    if (typeof write !== 'function' || typeof read !== 'function') return undefined
    return {
      name,
      write: (value) => {
        const bytes: unknown = Reflect.apply(write, undefined, [value])
        return bytes instanceof Uint8Array ? bytes : new Uint8Array()
      },
      read: (bytes): unknown => Reflect.apply(read, undefined, [bytes]),
    }
  } catch {
    return undefined
  }
}

function columns(notation: Notation): Encoding {
  return {
    name: `${notation.name} columns`,
    encode: (pack) => notation.write(toBody(pack)),
    decode: (bytes, pack) => parsePack(notation.read(bytes), pack.type),
  }
}

/** A reading as a tuple each, epoch and marks once. */
function rows(notation: Notation): Encoding {
  return {
    name: `${notation.name} rows`,
    encode: (pack) =>
      notation.write([
        ...[pack.epoch, pack.marks, pack.readings[0]?.seq],
        pack.readings.map((reading) => [
          ...[reading.device, reading.channel, reading.value, reading.unit ?? null],
          ...[reading.source, reading.observedAt, reading.receivedAt, reading.boot],
          ...[reading.monoMs, reading.timeQuality, reading.site ?? null],
        ]),
      ]),
    decode: (bytes) => {
      const body = notation.read(bytes)
      const list: unknown = Array.isArray(body) ? body[3] : undefined
      return Array.isArray(list) ? list.map(believe) : undefined
    },
  }
}

function believe(row: unknown, seq: number): unknown {
  const tuple: readonly unknown[] = Array.isArray(row) ? row : []
  const [device, channel, value, unit, source, observedAt, receivedAt, boot] = tuple
  const [monoMs, timeQuality, site] = tuple.slice(8)
  const own = { seq, device, channel, value, unit, source, observedAt, receivedAt }
  return { ...own, boot, monoMs, timeQuality, site }
}

const DICTIONARY = json.write(toBody(house.pack(4)))

/** The compressions, weakest first. */
export const compressions: readonly Compression[] = [
  { name: 'none', compress: (bytes) => bytes, expand: (bytes) => bytes },
  deflate('deflate 1', { level: 1 }),
  deflate('deflate 6', { level: 6 }),
  // Its dictionary comes from the same house: the best that a dictionary could ever do.
  deflate('deflate 1 dict', { level: 1, dictionary: DICTIONARY }),
  zstd('zstd 1', 1),
  zstd('zstd 3', 3),
]

function deflate(name: string, options: { level: number; dictionary?: Uint8Array }): Compression {
  const { dictionary } = options
  const inflating = dictionary === undefined ? {} : { dictionary }
  return {
    name,
    compress: (bytes) => deflateRawSync(bytes, options),
    expand: (bytes) => inflateRawSync(bytes, inflating),
  }
}

function zstd(name: string, level: number): Compression {
  const params = { [constants.ZSTD_c_compressionLevel]: level }
  return {
    name,
    compress: (bytes) => zstdCompressSync(bytes, { params }),
    expand: (bytes) => zstdDecompressSync(bytes),
  }
}
