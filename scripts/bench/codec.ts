// Measures what a reading costs on the wire and in CPU, for each encoding, compression and pack
// size, and prints a table: the figures behind docs/decisions/0001 and 0002. Medians of 5 runs with
// the spread between the slowest and the fastest. Refuses nothing; says what it could not load.
//
//   node scripts/bench/codec.ts           HUBLEAF_BENCH_MODULES=<folder> adds msgpack and CBOR

import { cpus } from 'node:os'
import { crc32, deflateRawSync } from 'node:zlib'
import { decodePack, encodePack, toBody } from '../../wire/codec.ts'
import { PACK_HEADER_BYTES } from '../../wire/limits.ts'
import { parseReading } from '../../wire/parse-reading.ts'
import type { Pack } from '../../wire/reading.ts'
import { compressions, encodings } from './codec-formats.ts'
import type { Compression, Encoding } from './codec-formats.ts'
import { samples } from './codec-samples.ts'

const SIZES = [1, 10, 100, 256]
const RUNS = 5
const NAME = 'Thermometer on the north wall, 2nd floor; '
const READINGS_PER_RUN = 20_000

/** Median over the runs, and (slowest − fastest) / median in percent. */
interface Measured {
  readonly us: number
  readonly spread: number
}

/** CPU time of `action` in this process, µs per reading when it handles `readings` at once. */
function measure(readings: number, action: () => unknown): Measured {
  const times = Math.max(40, Math.min(1000, Math.round(READINGS_PER_RUN / readings)))
  const once = (): number => {
    const before = process.cpuUsage()
    for (let turn = 0; turn < times; turn += 1) action()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / times / readings
  }
  once()
  const runs = Array.from({ length: RUNS }, once).sort((a, b) => a - b)
  const us = runs[2] ?? 0
  return { us, spread: (((runs[4] ?? 0) - (runs[0] ?? 0)) / us) * 100 }
}

function print(cells: readonly (string | number)[]): void {
  process.stdout.write(`| ${cells.map(String).join(' | ')} |\n`)
}

function show({ us, spread }: Measured): string {
  return `${us.toFixed(2)} ±${(spread / 2).toFixed(0)}%`
}

function line(encoding: Encoding, compression: Compression, pack: Pack): string[] {
  const encode = (): Uint8Array => {
    const body = encoding.encode(pack)
    crc32(body)
    return compression.compress(body)
  }
  const bytes = encode()
  const decode = (): unknown => {
    const body = compression.expand(bytes)
    crc32(body)
    return encoding.decode(body, pack)
  }
  const count = pack.readings.length
  const size = (bytes.length + PACK_HEADER_BYTES) / count
  return [size.toFixed(1), show(measure(count, encode)), show(measure(count, decode))]
}

function printAll(list: readonly Encoding[]): void {
  for (const sample of samples) {
    for (const size of SIZES) {
      const pack = sample.pack(size)
      process.stdout.write(`\n${sample.name}, packs of ${size}\n\n`)
      print(['encoding', 'compression', 'bytes/reading', 'encode µs/reading', 'decode µs/reading'])
      print(['---', '---', '---:', '---:', '---:'])
      for (const encoding of list) {
        for (const compression of compressions) {
          print([encoding.name, compression.name, ...line(encoding, compression, pack)])
        }
      }
      const { bytes } = encodePack(pack)
      const encode = measure(size, () => encodePack(pack))
      const decode = measure(size, () => decodePack(bytes, pack.type))
      print([
        'wire/codec.ts',
        'as it is',
        (bytes.length / size).toFixed(1),
        show(encode),
        show(decode),
      ])
    }
  }
}

/** Bodies of lone readings, from short names to long ones: what compressing them saves. */
function printThreshold(): void {
  process.stdout.write('\nlone readings, body before and after deflate 1\n\n')
  print(['device name', 'body bytes', 'deflated bytes'])
  print(['---:', '---:', '---:'])
  for (const length of [1, 8, 16, 36, 80, 160]) {
    const [pack] = samples.map((sample) => sample.pack(1))
    const reading = pack?.readings[0]
    if (pack === undefined || reading === undefined) return
    const device = NAME.repeat(4).slice(0, length)
    const named = { ...pack, readings: [{ ...reading, device, boot: 'b' }] }
    const body = Buffer.from(JSON.stringify(toBody(named)))
    print([length, body.length, deflateRawSync(body, { level: 1 }).length])
  }
}

function printParsing(): void {
  const input = {
    ...{ type: 'temperature', device: 'living-room', channel: 'main', value: 21.37, unit: 'C' },
    ...{ observedAt: 1_790_000_000_123, eventId: '8e2f6f0e-5c5b-4a37-9b0e-2f1f6d3c9a10' },
  }
  const { us, spread } = measure(1, () => parseReading(input, 'http'))
  const rate = Math.round(1000 / us)
  process.stdout.write(`\nparseReading: ${rate}k readings/s ±${(spread / 2).toFixed(0)}%\n`)
}

const [cpu] = cpus()
process.stdout.write(`${cpu?.model ?? 'unknown cpu'}, ${cpus().length} cores, ${process.version}\n`)
const [list, missing] = encodings(process.env['HUBLEAF_BENCH_MODULES'])
for (const sentence of missing) process.stdout.write(`${sentence}\n`)
printAll(list)
printThreshold()
printParsing()
