// Brings the rows of damaged files back beside the work, one step at a time, as long as there is room.
// Trouble is waited out: the damaged file stays until all of it has been read.

import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { CommitRunner } from './commit-runner.ts'

/** How long a salvage waits when the journal is full or the disk in trouble, ms. */
const WAIT_MS = 5000

/** What a salvage needs. */
export interface SalvageOptions {
  readonly runner: CommitRunner
  /** Commits what waits, which sheds where that is needed. */
  readonly flush: () => Promise<void>
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Resolves when no damaged file is left or the signal aborts. Never rejects. */
export async function runSalvage(options: SalvageOptions): Promise<void> {
  const { runner, flush, clock, log, signal } = options
  log.warn('journal_salvage_started', { files: runner.status().salvaging })
  let rows = 0
  let lost = 0
  while (!signal.aborted && runner.status().salvaging > 0) {
    try {
      if (runner.isShort) await flush()
      if (runner.isShort) {
        await clock.sleep(WAIT_MS, signal)
        continue
      }
      const step = await runner.salvage()
      rows += step.rows
      lost += step.lost
      // Whoever appends has their turn.
      await clock.sleep(0, signal)
    } catch (error) {
      log.warn('journal_salvage_waits', { reason: messageOf(error) })
      await clock.sleep(WAIT_MS, signal)
    }
  }
  if (!signal.aborted) log.warn('journal_salvaged', { rows, lost })
}
