// What an opening of the journal is given: its bounds, its policy, and the doors to time, chance and
// log. The configuration decides most of it, see journal-limits.ts.

import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import type { TimeQuality } from '../../wire/reading.ts'
import type { WhenFull } from './shedding.ts'

/** How a journal is opened. */
export interface JournalOptions {
  /** Folder of the journal's files; made if missing. */
  readonly folder: string
  /** Polled readings wait at most this long for their sync, ms. */
  readonly flushIntervalMs: number
  /** At least this long from commit to commit, ms; 0 for none. */
  readonly minSyncGapMs: number
  /** Settled rows stay this long, ms, while there is room. */
  readonly keepSettledMs: number
  /** Bytes of database and write-ahead log at most. */
  readonly quotaBytes: number
  /** Bytes of the disk that are left to others. */
  readonly keepFreeBytes: number
  /** Bytes held back for the moment when the disk is full; 0 for none. */
  readonly ballastBytes: number
  readonly whenFull: WhenFull
  readonly boot: string
  /** How far the wall clock can be trusted now. */
  readonly timeQuality: () => TimeQuality
  readonly agentVersion: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}
