// A second copy of the decisions about wall times, beside the database: a decision that damage made
// unknown would be made anew, and rows that were sent would go out with other times. Written before a
// decision is committed, and nothing is sent before that. One line of JSON each, with a checksum.

import { crc32 } from 'node:zlib'
import { join } from 'node:path'
import { readIfThere, writeDurably } from '../../base/durable-file.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import type { BootMark } from './journal.ts'

/** Decisions in the copy at most, the newest. */
const COPY_MAX_MARKS = 1000

/** Writes the copy; returns when the disk has it. Throws the system's errors. */
export function writeMarkCopy(folder: string, marks: readonly BootMark[]): void {
  const lines = marks.slice(-COPY_MAX_MARKS).map(({ boot, wallAtBoot }) => {
    const text = JSON.stringify({ boot, wallAtBoot })
    return `${checksumOf(text)} ${text}\n`
  })
  writeDurably(join(folder, 'boots'), lines.join(''))
}

/** The decisions in the copy whose checksums hold; none if there is no copy. */
export function readMarkCopy(folder: string): readonly BootMark[] {
  const text = readIfThere(join(folder, 'boots')) ?? ''
  return text.split('\n').flatMap((line): BootMark[] => {
    const json = line.slice(9)
    const value = checksumOf(json) === line.slice(0, 8) ? parseJson(json) : undefined
    if (!isJsonObject(value)) return []
    const { boot, wallAtBoot } = value
    if (typeof boot !== 'string') return []
    if (wallAtBoot !== null && typeof wallAtBoot !== 'number') return []
    return [{ boot, wallAtBoot }]
  })
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
