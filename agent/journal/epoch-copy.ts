// A second copy of the epochs, beside the database: with it every row that still has its checksum can
// be brought back from a damaged file under its own key, whatever else is gone. Written before an
// epoch begins. One line of JSON per epoch, each with a checksum of its own.

import { crc32 } from 'node:zlib'
import { join } from 'node:path'
import { readIfThere, writeDurably } from '../../base/durable-file.ts'
import { isJsonObject, numberAt, parseJson } from '../../base/json.ts'
import { parseEpochId } from '../../wire/ids.ts'
import { FORMAT } from './schema.ts'
import { toCounts } from './state.ts'
import type { EpochRow } from './thread-protocol.ts'

/** Epochs in the copy at most, the newest; older ones have long been sent. */
const COPY_MAX_EPOCHS = 1000

/** Writes the copy; returns when the disk has it. Throws the system's errors. */
export function writeEpochCopy(folder: string, epochs: readonly EpochRow[]): void {
  const lines = epochs.slice(-COPY_MAX_EPOCHS).map((epoch) => {
    const secret = Buffer.from(epoch.secret).toString('base64')
    const text = JSON.stringify({ ...epoch, secret, format: FORMAT })
    return `${crc32(text).toString(16).padStart(8, '0')} ${text}\n`
  })
  writeDurably(join(folder, 'epochs'), lines.join(''))
}

/** The epochs in the copy whose checksums hold, in order; none if there is no copy. */
export function readEpochCopy(folder: string): readonly EpochRow[] {
  const text = readIfThere(join(folder, 'epochs')) ?? ''
  return text.split('\n').flatMap((line) => {
    const epoch = parseLine(line)
    return epoch === undefined ? [] : [epoch]
  })
}

/** The format of the database that the copy was written beside; undefined where there is none. */
export function formatInCopy(folder: string): number | undefined {
  const newest = (readIfThere(join(folder, 'epochs')) ?? '')
    .split('\n')
    .findLast((line) => line !== '')
  return newest === undefined || parseLine(newest) === undefined
    ? undefined
    : numberAt(parseJson(newest.slice(9)), 'format')
}

function parseLine(line: string): EpochRow | undefined {
  const json = line.slice(9)
  if (line.length < 10 || crc32(json).toString(16).padStart(8, '0') !== line.slice(0, 8)) return
  const value = parseJson(json)
  if (!isJsonObject(value)) return undefined
  const { number, id, boot, secret, rowFormat, last } = value
  const parsed = typeof id === 'string' ? parseEpochId(id) : undefined
  if (
    parsed === undefined ||
    typeof number !== 'number' ||
    typeof boot !== 'string' ||
    typeof secret !== 'string' ||
    typeof rowFormat !== 'number'
  ) {
    return undefined
  }
  const bytes = Uint8Array.from(Buffer.from(secret, 'base64'))
  return { number, id: parsed, boot, secret: bytes, rowFormat, last: toCounts(last) }
}
