// The history page by page, as the reader goes on. The SDK's own iterator loses the last entry, so its
// pages are read one by one; the cloud pages past the bounds, so they are kept here.

import { HubleafError } from '../../../base/errors.ts'
import type { HistoryEntry, HistoryQuery } from './api.ts'
import type { sdkFor } from './sdk.ts'
import { parseAll, parseHistoryEntry } from './shapes.ts'

type History = ReturnType<typeof sdkFor>['history']

/** The most entries that the cloud gives in a page. */
const PAGE_MAX = 300

/** Pages of one question: more than a month of a busy house. */
const PAGES_MAX = 2000

/** The entries within the bounds, each once. `onMalformed` hears how many were none. */
export async function* readHistory(
  history: History,
  query: HistoryQuery,
  onMalformed: (count: number) => void,
): AsyncGenerator<HistoryEntry> {
  const { locationId, deviceId, afterEpochMs = -Infinity, beforeEpochMs = Infinity } = query
  const list = await history.devices({
    ...{ locationId, limit: query.pageSize ?? PAGE_MAX, oldestFirst: query.newestFirst !== true },
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(query.afterEpochMs === undefined ? {} : { after: query.afterEpochMs }),
    ...(query.beforeEpochMs === undefined ? {} : { before: query.beforeEpochMs }),
  })
  let before: ReadonlySet<string> = new Set()
  for (let page = 1; page <= PAGES_MAX; page += 1) {
    const listed: unknown = list.items
    if (!Array.isArray(listed)) throw invalid('the answer holds no list')
    const { items, malformed } = parseAll(listed, parseHistoryEntry)
    if (malformed > 0) onMalformed(malformed)
    const seen = new Set(items.map(nameOf))
    const fresh = items.filter((entry) => !before.has(nameOf(entry)))
    for (const entry of unique(fresh)) {
      if (entry.epochMs > afterEpochMs && entry.epochMs < beforeEpochMs) yield entry
    }
    const isPast = (entry: HistoryEntry): boolean =>
      query.newestFirst === true ? entry.epochMs <= afterEpochMs : entry.epochMs >= beforeEpochMs
    if (listed.length === 0 || !list.hasNext() || items.every(isPast)) return
    // A page that only repeats the one before would go on for ever.
    if (page > 1 && fresh.length === 0 && items.length > 0)
      throw invalid('the pages repeat themselves')
    before = seen
    await list.next()
  }
  throw invalid(`the history has no end after ${PAGES_MAX} pages`)
}

function nameOf(entry: HistoryEntry): string {
  const { deviceId, component, capability, attribute, epochMs, hash } = entry
  return [deviceId, component, capability, attribute, epochMs, hash].join('\n')
}

function unique(entries: readonly HistoryEntry[]): Iterable<HistoryEntry> {
  return new Map(entries.map((entry) => [nameOf(entry), entry])).values()
}

function invalid(what: string): HubleafError {
  return new HubleafError('smartthings_answer_invalid', `GET /history/devices: ${what}`)
}
