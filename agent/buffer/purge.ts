// Gives up waiting readings on purpose, in steps that are short enough to stand beside the agent's own
// work. What is under way, and the records that Hubleaf itself writes, are left alone; the journal
// writes a record for all that goes.

import type { Clock } from '../../base/clock.ts'
import { IntervalSet } from '../../base/interval-set.ts'
import { isReservedType } from '../../wire/ids.ts'
import type { Journal } from '../journal/journal.ts'

/** Which waiting readings. */
export interface PurgeFilter {
  /** Empty for all types. */
  readonly types: readonly string[]
  /** Received before, epoch ms; undefined for any time. */
  readonly before: number | undefined
}

/** How far a step came. */
export interface PurgeStep {
  readonly purged: number
  /** Rows up to this id have been looked at. */
  readonly through: number
  readonly done: boolean
}

/** Rows that are read in one piece: a few ms of the thread that also answers sources. */
const PIECE_ROWS = 500

/** Rows that go in one commit: few commits and records, none of them slow. */
const COMMIT_ROWS = 5000

/** A step ends after this long, ms, so that whoever waits hears how far it is. */
const STEP_MS = 1000

/** Purges from the rows behind `after`; call again with `through` until it is done. Throws like `append`. */
export async function purgeStep(
  journal: Journal,
  filter: PurgeFilter,
  after: number,
  clock: Clock,
): Promise<PurgeStep> {
  const endsAt = clock.monotonic() + STEP_MS
  const chosen = new IntervalSet()
  let [through, purged] = [after, 0]
  const drop = async (): Promise<void> => {
    if (chosen.size === 0) return
    const ranges = [...chosen.ranges]
    for (const range of ranges) chosen.remove(range)
    purged += await journal.drop(ranges, 'purged')
  }
  for (const range of journal.unsettled()) {
    let first = Math.max(range.first, after + 1)
    while (first <= range.last) {
      const rows = journal.read({ first, last: range.last }, PIECE_ROWS)
      for (const row of rows) {
        if (!('corrupt' in row) && wants(filter, row)) chosen.add({ first: row.id, last: row.id })
      }
      through = rows.length < PIECE_ROWS ? range.last : (rows.at(-1)?.id ?? range.last)
      first = through + 1
      if (chosen.size >= COMMIT_ROWS) await drop()
      if (clock.monotonic() >= endsAt) {
        await drop()
        return { purged, through, done: false }
      }
      await clock.sleep(0)
    }
  }
  await drop()
  return { purged, through, done: true }
}

function wants(
  { types, before }: PurgeFilter,
  row: { readonly type: string; readonly reading: { readonly receivedAt: number } },
): boolean {
  if (isReservedType(row.type)) return false
  if (types.length > 0 && !types.includes(row.type)) return false
  return before === undefined || row.reading.receivedAt < before
}
