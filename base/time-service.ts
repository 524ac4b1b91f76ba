// Whether the machine's own time service says that the clock is set: systemd-timesyncd by its marker,
// chrony by its answer. A machine with neither counts as not synced: nothing is guessed.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Clock } from './clock.ts'
import { readIfThere } from './durable-file.ts'

/** What the time service says. */
export interface TimeService {
  /** As of the last look. */
  isSynced(): boolean
  /** Looks again; never rejects. */
  look(): Promise<void>
}

/** Doors to the time services, for tests. */
export interface TimeServiceDoors {
  /** True when timesyncd's marker is there. */
  readonly hasMarker: () => boolean
  /** What `chronyc -c tracking` prints; rejects where there is no chrony. */
  readonly tracking: () => Promise<string>
}

/** How long chrony may take to answer, ms. */
const ANSWER_MS = 2000

/** A machine without chrony is asked again after this long, ms. */
const MISSING_MS = 300_000

const systemDoors: TimeServiceDoors = {
  hasMarker: () => readIfThere('/run/systemd/timesync/synchronized') !== undefined,
  async tracking() {
    const { stdout } = await promisify(execFile)('chronyc', ['-c', 'tracking'], {
      timeout: ANSWER_MS,
    })
    return stdout
  },
}

/** The machine's time service; what it says is known after the first `look`. */
export function machineTime(
  clock: Pick<Clock, 'monotonic'>,
  doors: TimeServiceDoors = systemDoors,
): TimeService {
  let synced = doors.hasMarker()
  let askAgainAt = -Infinity
  return {
    isSynced: () => synced,
    async look() {
      synced = doors.hasMarker()
      if (synced || clock.monotonic() < askAgainAt) return
      try {
        synced = isTracking(await doors.tracking())
      } catch {
        askAgainAt = clock.monotonic() + MISSING_MS
      }
    },
  }
}

/** For a machine whose clock is right without a time service that can be asked. */
export const trustedTime: TimeService = { isSynced: () => true, look: async () => undefined }

/** chrony's last field is the leap status; "Not synchronised" is the only one that means it. */
export function isTracking(csv: string): boolean {
  const fields = csv.trim().split(',')
  return fields.length >= 14 && !/not synchronised/i.test(fields.at(-1) ?? '')
}
