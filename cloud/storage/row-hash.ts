// The content hash of a reading: equal for a resend, different for another reading under the same
// key. It covers the reading's own fields and nothing that workers derive. Databases keep it, so the
// algorithm never changes: two lanes of multiply-and-xor over UTF-16 units and 32-bit words, finished
// as in MurmurHash3 (Austin Appleby, public domain), 53 bits. It guards against mistakes, not attack.

import type { Json, Reading } from '../../wire/reading.ts'
import { kindOf } from './row-table.ts'
import type { Kind } from './row-table.ts'

/** The state after the texts that many rows share. */
export interface HashSeed {
  readonly a: number
  readonly b: number
}

const A_FACTOR = 0x9e3779b1
const B_FACTOR = 0x5f356495
const WORD = 4_294_967_296

/** Hashes the shared texts once for all rows of a kind. */
export function hashSeed(kind: Kind): HashSeed {
  const { device, channel, site, source, boot, timeQuality, unit } = kind
  const text = JSON.stringify([device, channel, site, source, boot, timeQuality, unit])
  return mixText({ a: 0x6a09e667, b: 0xbb67ae85 }, text)
}

/** The hash of a row: its kind's seed, its times, and its value as canonical JSON. */
export function rowHash(
  seed: HashSeed,
  observedAt: number,
  receivedAt: number,
  monoMs: number,
  valueText: string,
): number {
  const timed = mixTime(mixTime(mixTime(seed, observedAt), receivedAt), monoMs)
  const mixed = mixText(timed, valueText)
  const top = finish(mixed.a ^ (mixed.b >>> 16)) & 0x1fffff
  return top * WORD + (finish(mixed.b ^ (mixed.a >>> 16)) >>> 0)
}

/** The hash of a reading by itself. */
export function readingHash(reading: Reading): number {
  const { observedAt, receivedAt, monoMs } = reading
  const seed = hashSeed(kindOf(reading))
  return rowHash(seed, observedAt, receivedAt, monoMs, canonicalJson(reading.value))
}

/** JSON text with the keys of objects sorted, so that equal values have equal text. */
export function canonicalJson(value: Json | null): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  return JSON.stringify(value, (_key, part: unknown) => sorted(part))
}

function sorted(part: unknown): unknown {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
  const entries = Object.entries(part)
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
}

function mixTime(seed: HashSeed, time: number): HashSeed {
  // Two's complement words: bit operators take a number modulo 2^32.
  const low = time | 0
  const high = Math.floor(time / WORD) | 0
  const a = Math.imul(seed.a ^ low, A_FACTOR)
  const b = Math.imul(seed.b ^ low, B_FACTOR)
  return {
    a: Math.imul(a ^ high ^ (a >>> 15), A_FACTOR),
    b: Math.imul(b ^ high ^ (b >>> 13), B_FACTOR),
  }
}

function mixText(seed: HashSeed, text: string): HashSeed {
  let { a, b } = seed
  for (let place = 0; place < text.length; place += 1) {
    const unit = text.charCodeAt(place)
    a = Math.imul(a ^ unit ^ (a >>> 15), A_FACTOR)
    b = Math.imul(b ^ unit ^ (b >>> 13), B_FACTOR)
  }
  a = Math.imul(a ^ text.length, A_FACTOR)
  b = Math.imul(b ^ text.length, B_FACTOR)
  return { a, b }
}

function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
