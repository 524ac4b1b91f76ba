// The journal's small state, one row of JSON: what is settled, what is deleted, and the highest seqs
// up to a row id, so that opening a journal reads a few thousand rows and not millions.

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
}

/** The state of a new journal. */
export const emptyState: JournalState = {
  settled: { through: 0, ranges: [] },
  deletedThrough: 0,
  epoch: 0,
  heads: {},
  headsAt: 0,
}

/** The row's text. */
export function renderState(state: JournalState): string {
  return JSON.stringify(state)
}

/**
 * The state in a row's text. What cannot be read counts as unsettled and undeleted: rows are then
 * sent again, which the row key makes harmless, and never skipped.
 */
export function parseState(text: string): JournalState {
  const value = parseJson(text)
  if (!isJsonObject(value)) return emptyState
  const settled = isJsonObject(value['settled']) ? value['settled'] : {}
  const ranges: readonly unknown[] = Array.isArray(settled['ranges']) ? settled['ranges'] : []
  const heads = isJsonObject(value['heads']) ? value['heads'] : {}
  return {
    settled: { through: numberAt(settled, 'through') ?? 0, ranges: ranges.flatMap(toRange) },
    deletedThrough: numberAt(value, 'deletedThrough') ?? 0,
    epoch: numberAt(value, 'epoch') ?? 0,
    heads: Object.fromEntries(Object.keys(heads).map((type) => [type, numberAt(heads, type) ?? 0])),
    headsAt: numberAt(value, 'headsAt') ?? 0,
  }
}

function toRange(item: unknown): (readonly [number, number])[] {
  const pair: readonly unknown[] = Array.isArray(item) ? item : []
  const [first, last] = pair
  if (typeof first !== 'number' || typeof last !== 'number' || first > last) return []
  return [[first, last]]
}
