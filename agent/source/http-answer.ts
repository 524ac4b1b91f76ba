// What a pushed body is answered: pure, from parsed items and what the journal made of them.
// Each item gets its own fate, in the order of the request.

import type { ParsedReading, Refusal } from '../../wire/parse-reading.ts'
import type { Accepted } from '../journal/journal.ts'

/** The fate of one item, in the order of the request. */
export type ItemAnswer =
  | { readonly status: 'accepted'; readonly type: string; readonly seq: number }
  | { readonly status: 'repeated' }
  | { readonly status: 'rejected'; readonly error: Refusal }

/** An answer: HTTP status and JSON body. */
export interface Answer {
  readonly code: 200 | 207 | 400
  readonly body: {
    readonly accepted: number
    readonly repeated: number
    readonly rejected: number
    readonly results: readonly ItemAnswer[]
    /** The first refusal, where nothing was accepted. */
    readonly error?: Refusal
  }
}

/**
 * 200 when all items were accepted (or are repeats), 207 when some were, 400 when none was.
 * `accepted` belongs to the good items, in their order.
 */
export function answerItems(
  parsed: readonly ParsedReading[],
  accepted: readonly Accepted[],
): Answer {
  const fates = accepted[Symbol.iterator]()
  const results = parsed.map((item): ItemAnswer => {
    if (!item.ok) return { status: 'rejected', error: item.refusal }
    const fate = fates.next()
    if (fate.done === true || fate.value.kind === 'repeated') return { status: 'repeated' }
    return { status: 'accepted', type: fate.value.type, seq: fate.value.seq }
  })
  const count = (status: ItemAnswer['status']): number =>
    results.filter((result) => result.status === status).length
  const rejected = count('rejected')
  const summary = { accepted: count('accepted'), repeated: count('repeated'), rejected, results }
  const first = results.find((result) => result.status === 'rejected')
  if (first === undefined) return { code: 200, body: summary }
  if (rejected < results.length) return { code: 207, body: summary }
  return { code: 400, body: { ...summary, error: first.error } }
}
