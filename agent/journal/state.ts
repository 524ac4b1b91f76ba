// The journal's small state, one row of text: what is settled, what is deleted, and the highest seqs
// up to a row id, so that opening a journal reads a few thousand rows and not millions. A checksum
// stands before it: a flipped digit must not settle what nobody has.

import { crc32 } from 'node:zlib'
import { IntervalSet } from '../../base/interval-set.ts'
import type { Interval } from '../../base/interval-set.ts'
import { isJsonObject, numberAt, parseJson } from '../../base/json.ts'
import type { Settled } from './thread-protocol.ts'

/** What is in the state row. */
export interface JournalState {
  readonly settled: Settled
  /** Rows up to this id are gone. */
  readonly deletedThrough: number
  /** The epoch that `heads` is about. */
  readonly epoch: number
  /** Highest seq per type among the rows up to `headsAt`. */
  readonly heads: { readonly [type: string]: number }
  readonly headsAt: number
  /** The epoch that the last deleted row was of, and the highest seq per type that was deleted. */
  readonly tailEpoch: number
  readonly tails: { readonly [type: string]: number }
  /** The first epoch that began in this file; 0 where that is not known. */
  readonly began: number
}

/** The state of a new journal. */
export const emptyState: JournalState = {
  settled: { through: 0, ranges: [] },
  deletedThrough: 0,
  epoch: 0,
  heads: {},
  headsAt: 0,
  tailEpoch: 0,
  tails: {},
  began: 0,
}

/** The row's text: eight hex digits of CRC-32, a blank, JSON. */
export function renderState(state: JournalState): string {
  const text = JSON.stringify(state)
  return `${checksumOf(text)} ${text}`
}

/**
 * The state in a row's text, or undefined if it cannot be vouched for. Rows then count as unsettled
 * and undeleted: they are sent again, which the row key makes harmless, and never skipped. The first
 * format had no checksum.
 */
export function parseState(text: string): JournalState | undefined {
  const json = text.startsWith('{') ? text : text.slice(9)
  if (json !== text && checksumOf(json) !== text.slice(0, 8)) return undefined
  const value = parseJson(json)
  if (!isJsonObject(value)) return undefined
  const settled = isJsonObject(value['settled']) ? value['settled'] : {}
  const ranges: readonly unknown[] = Array.isArray(settled['ranges']) ? settled['ranges'] : []
  return {
    settled: { through: numberAt(settled, 'through') ?? 0, ranges: ranges.flatMap(toRange) },
    deletedThrough: numberAt(value, 'deletedThrough') ?? 0,
    epoch: numberAt(value, 'epoch') ?? 0,
    heads: toCounts(value['heads']),
    headsAt: numberAt(value, 'headsAt') ?? 0,
    tailEpoch: numberAt(value, 'tailEpoch') ?? 0,
    tails: toCounts(value['tails']),
    began: numberAt(value, 'began') ?? 0,
  }
}

/** The numbers of a JSON object, by key; other values count as 0. */
export function toCounts(value: unknown): { readonly [type: string]: number } {
  if (!isJsonObject(value)) return {}
  return Object.fromEntries(Object.keys(value).map((type) => [type, numberAt(value, type) ?? 0]))
}

/** Ranges above the settled prefix that are written down; more are rare and merely looked at again. */
export const SETTLED_MAX_RANGES = 1000

/** The settled ids with some more. */
export function withSettled(settled: Settled, more: readonly Interval[]): Settled {
  if (more.length === 0) return settled
  const { through, ranges } = settled
  const set = new IntervalSet(ranges.map(([first, last]) => ({ first, last })))
  if (through > 0) set.add({ first: 1, last: through })
  for (const range of more) set.add(range)
  const prefix = set.lowest?.first === 1 ? set.lowest.last : 0
  const above = set.ranges.filter(({ first }) => first > prefix).slice(0, SETTLED_MAX_RANGES)
  return { through: prefix, ranges: above.map(({ first, last }) => [first, last]) }
}

function checksumOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

function toRange(item: unknown): (readonly [number, number])[] {
  const pair: readonly unknown[] = Array.isArray(item) ? item : []
  const [first, last] = pair
  if (typeof first !== 'number' || typeof last !== 'number' || first > last) return []
  return [[first, last]]
}
