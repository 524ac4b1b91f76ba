// What storage's main thread and its two threads say to each other: one answer per question, in the
// order of the questions. Both ends are ours, so only the start is checked.

import { HubleafError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { numberAt, textAt } from '../../base/json.ts'
import type { RowTable, TableOutcome } from './row-table.ts'
import type { DeviceName, Latest, Point, RangeRequest } from './storage.ts'

/** How a thread is started. The writer creates and migrates the file; the reader expects it. */
export interface ThreadStart {
  readonly role: 'writer' | 'reader'
  readonly file: string
  /** The file may not grow beyond this; 0 for no bound. */
  readonly maxBytes: number
}

/** The start in a thread's data. Throws `internal`. */
export function parseStart(data: unknown): ThreadStart {
  const role = textAt(data, 'role')
  const file = textAt(data, 'file')
  const maxBytes = numberAt(data, 'maxBytes')
  if ((role === 'writer' || role === 'reader') && file !== undefined && maxBytes !== undefined) {
    return { role, file, maxBytes }
  }
  throw new HubleafError('internal', 'a storage thread was started without saying what for')
}

/** A question to a thread; `commit` is the writer's, the others are the reader's. */
export type ThreadQuestion =
  | { readonly kind: 'commit'; readonly tables: readonly RowTable[] }
  | { readonly kind: 'latest' }
  | { readonly kind: 'devices' }
  | { readonly kind: 'range'; readonly range: RangeRequest }
  | { readonly kind: 'count' }
  | { readonly kind: 'close' }

/** What a thread says: `ready` once, then one answer per question. */
export type ThreadAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'commit'; readonly outcomes: readonly TableOutcome[] }
  | { readonly kind: 'latest'; readonly latest: readonly Latest[] }
  | { readonly kind: 'devices'; readonly devices: readonly DeviceName[] }
  | { readonly kind: 'range'; readonly points: readonly Point[] }
  | { readonly kind: 'count'; readonly rows: number }
  | { readonly kind: 'close' }
  | ThreadFailure

/** The question failed, or the start did; the thread lives on unless it was the start. */
export interface ThreadFailure {
  readonly kind: 'failed'
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string | undefined
}
