// Reads the history of the times when nobody listened. A long gap is read in slices, so that what was
// read stays read when the budget ends in the middle; both ends overlap a little, as clocks differ.

import type { SmartThingsApi } from './api.ts'
import type { Gap } from './coverage.ts'
import type { Intake } from './intake.ts'
import type { AttributeReport } from './mapping.ts'
import { reportOfEntry } from './reports.ts'

/** What one slice covers, ms: a few pages of a busy house. */
export const SLICE_MS = 21_600_000

/** Read before and after a gap, ms; what is known there is not taken twice. */
const MARGIN_MS = 60_000

/** Rows taken in at once: one page. */
const ROWS_MAX = 300

/** The first slice of a gap. */
export function sliceOf({ from, to }: Gap): Gap {
  return { from, to: Math.min(to, from + SLICE_MS) }
}

/** Takes in all history rows of a slice. Throws what the port throws. */
export async function fillSlice(
  { api, intake }: { readonly api: SmartThingsApi; readonly intake: Intake },
  locationIds: readonly string[],
  slice: Gap,
  signal: AbortSignal,
): Promise<void> {
  const bounds = { afterEpochMs: slice.from - MARGIN_MS, beforeEpochMs: slice.to + MARGIN_MS }
  for (const locationId of locationIds) {
    let rows: AttributeReport[] = []
    for await (const entry of api.history.devices({ locationId, ...bounds }, signal)) {
      rows.push(reportOfEntry(entry))
      if (rows.length < ROWS_MAX) continue
      await intake.take('history', rows)
      rows = []
    }
    await intake.take('history', rows)
  }
}
