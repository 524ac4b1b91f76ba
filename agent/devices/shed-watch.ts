// Notices that the journal has given up rows: records of devices may have been among them, and nobody
// else would send those again.

import type { Clock } from '../../base/clock.ts'
import type { Journal } from '../journal/journal.ts'

/** How often it looks, ms: a hub that is full for weeks must not fill itself with records. */
export const SHED_LOOK_MS = 3_600_000

/** Calls `onShed` when rows were given up since the last look and there is room again; ends with the signal. */
export async function watchShedding(
  journal: Pick<Journal, 'status'>,
  clock: Clock,
  signal: AbortSignal,
  onShed: () => void,
): Promise<void> {
  const dropped = (): number =>
    Object.values(journal.status().dropped).reduce((sum, count) => sum + count, 0)
  let known = dropped()
  while (!signal.aborted) {
    await clock.sleep(SHED_LOOK_MS, signal)
    const now = dropped()
    if (now === known || journal.status().fullness !== 'room') continue
    known = now
    onShed()
  }
}
