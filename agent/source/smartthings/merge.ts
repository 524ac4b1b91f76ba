// Which reports of one attribute are news. The same change can be seen on the event stream, in a
// snapshot of the status, and in the history, each with its own idea of the time. Pure: what is known
// goes in, what is known after it comes out. Repeats within one way are left to the journal's ids.

/** How a report came. */
export type Way = 'stream' | 'snapshot' | 'history'

/** A report to be judged. */
export interface Seen {
  readonly way: Way
  /** Epoch ms; for a report without a time, when it arrived. */
  readonly at: number
  /** From `valueText`: equal texts are equal values. */
  readonly text: string
  /** True where the report itself has no time: then only another value is news. */
  readonly isUntimed?: boolean
}

/** One change, and the time that each way gave it. */
export interface Heard {
  readonly text: string
  readonly times: { readonly [way in Way]?: number }
}

/** What is known of one attribute, in the order in which it became known. */
export interface Known {
  readonly heard: readonly Heard[]
  /** The last unit that a status or the history gave. */
  readonly unit?: string
}

/** An attribute of which nothing is known. */
export const NOTHING: Known = { heard: [] }

/** Two ways may differ by this much about the time of one change, ms. */
export const SKEW_MS = 1000

/**
 * Changes remembered for each attribute. A snapshot shows the newest only, and an answer from a server
 * that lags shows one a few changes old.
 */
const REMEMBERED = 32

/** What to do with each of several reports of one attribute, and what is known after them. */
export interface Judged {
  /** In the order of the reports: true where it is to be handed over. */
  readonly news: readonly boolean[]
  readonly known: Known
}

/**
 * Judges reports of one attribute that came together. Those whose time and value are known exactly go
 * first, so that none of the others takes their place.
 */
export function judge(before: Known, reports: readonly Seen[]): Judged {
  let known = before
  const isKnown = reports.map((seen) => {
    const place = known.heard.findIndex((heard) => isExactly(heard, seen))
    if (place >= 0) known = confirmed(known, place, seen)
    return place >= 0
  })
  const news = reports.map((seen, index) => {
    if (isKnown[index] === true) return seen.way === 'stream'
    const place = seen.way === 'stream' ? -1 : known.heard.findIndex((heard) => isSame(heard, seen))
    const isNew = place < 0 && !isOldView(known, seen)
    if (place >= 0) known = confirmed(known, place, seen)
    if (isNew) known = { ...known, heard: [...known.heard, heardAs(seen)].slice(-REMEMBERED) }
    return isNew
  })
  return { news, known }
}

/** The time of what is known, the latest of all ways; undefined if nothing is known. */
export function newestOf({ heard }: Known): (Heard & { readonly at: number }) | undefined {
  return heard
    .map((change) => ({ ...change, at: timeOf(change) }))
    .reduce<(Heard & { readonly at: number }) | undefined>(
      (newest, change) => (newest === undefined || change.at >= newest.at ? change : newest),
      undefined,
    )
}

/** True if the event stream has ever, as far as is remembered, told of this attribute. */
export function wasStreamed({ heard }: Known): boolean {
  return heard.some(({ times }) => times.stream !== undefined)
}

function timeOf({ times }: Heard): number {
  return Math.max(...Object.values(times))
}

function heardAs({ way, at, text }: Seen): Heard {
  return { text, times: { [way]: at } }
}

function confirmed(known: Known, place: number, { way, at }: Seen): Known {
  if (known.heard[place]?.times[way] === at) return known
  const heard = known.heard.map((change, index) =>
    index === place ? { ...change, times: { ...change.times, [way]: at } } : change,
  )
  return { ...known, heard }
}

function isExactly({ text, times }: Heard, seen: Seen): boolean {
  if (seen.isUntimed === true || text !== seen.text) return false
  const own = times[seen.way]
  return own === undefined ? Object.values(times).includes(seen.at) : own === seen.at
}

/** The same change as another way told it: one way gives a change one time. */
function isSame({ text, times }: Heard, seen: Seen): boolean {
  if (seen.isUntimed === true || text !== seen.text || times[seen.way] !== undefined) return false
  return Object.values(times).some((time) => Math.abs(time - seen.at) <= SKEW_MS)
}

/** A snapshot that shows what is known: a value without a time, or one not newer than its equal. */
function isOldView(known: Known, seen: Seen): boolean {
  if (seen.way !== 'snapshot') return false
  const newest = newestOf(known)
  if (newest?.text !== seen.text) return false
  return seen.isUntimed === true || seen.at <= newest.at
}
