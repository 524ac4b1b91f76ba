// What the writer is told when a journal opens: the new epoch, by the caller's chance, and the bounds.
// Ids and secrets come from the random source that is handed in, never from a seed in production.

import { makeEpochId } from '../../wire/ids.ts'
import { MESSAGE_ID_SECRET_BYTES } from '../../wire/message-id.ts'
import type { Stamp } from './row-body.ts'
import { PAGE_BYTES } from './schema.ts'
import type { JournalOptions } from './journal-options.ts'
import type { OpenRequest } from './thread-protocol.ts'

/** The log is brought into the database at 4 MB, sooner where the quota is small. */
const CHECKPOINT_MAX_PAGES = 4000
const CHECKPOINT_QUOTA_SHARE = 1 / 32

/** The request of one opening. */
export function openRequest(options: JournalOptions): OpenRequest {
  const { random, quotaBytes, folder, boot, agentVersion, ballastBytes } = options
  const pages = Math.floor((quotaBytes * CHECKPOINT_QUOTA_SHARE) / PAGE_BYTES)
  return {
    ...{ kind: 'open', folder, boot, agent: agentVersion, ballastBytes },
    epoch: makeEpochId(random),
    secret: random.bytes(MESSAGE_ID_SECRET_BYTES),
    stamp: stampNow(options),
    checkpointPages: Math.max(16, Math.min(CHECKPOINT_MAX_PAGES, pages)),
  }
}

/** The agent's times now. */
export function stampNow(options: Pick<JournalOptions, 'clock' | 'timeQuality'>): Stamp {
  const { clock, timeQuality } = options
  const monoMs = clock.sinceBoot()
  return { receivedAt: clock.now(), monoMs, timeQuality: timeQuality() }
}
