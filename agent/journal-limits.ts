// The journal's limits as the agent's configuration has them: for the agent itself, and for the verbs
// that open a journal in its place.

import type { AgentConfig } from './config.ts'
import type { JournalOptions } from './journal/journal-options.ts'

/** Held back for the moment when the disk is full, bytes: a log of a thousand pages fits. */
const BALLAST_MAX_BYTES = 4_194_304

/** Of a small quota the ballast takes this part at most. */
const BALLAST_QUOTA_SHARE = 1 / 16

/** The part of the journal's options that the configuration decides. */
export function journalLimits(
  config: AgentConfig,
): Pick<
  JournalOptions,
  | 'flushIntervalMs'
  | 'minSyncGapMs'
  | 'keepSettledMs'
  | 'quotaBytes'
  | 'keepFreeBytes'
  | 'ballastBytes'
  | 'whenFull'
> {
  const { flush_interval, min_sync_gap, keep_settled, quota, keep_free, when_full } = config.journal
  const ballastBytes = Math.min(BALLAST_MAX_BYTES, Math.floor(quota * BALLAST_QUOTA_SHARE))
  return {
    ballastBytes,
    ...{ flushIntervalMs: flush_interval, minSyncGapMs: min_sync_gap },
    ...{ keepSettledMs: keep_settled, quotaBytes: quota, keepFreeBytes: keep_free },
    ...{ whenFull: when_full },
  }
}
