// The journal as the agent opens it, for programs of this benchmark: default settings, room for any
// backlog, a clock that counts as synced.

import type { Clock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { systemRandom } from '../../../base/random.ts'
import type { Journal } from '../../../agent/journal/journal.ts'
import { openJournal } from '../../../agent/journal/sqlite-journal.ts'

/** Opens or makes the journal in `folder`. Throws `journal_*`. */
export async function openBenchJournal(folder: string, clock: Clock): Promise<Journal> {
  return openJournal({
    ...{ folder, flushIntervalMs: 1000, keepSettledMs: 86_400_000, boot: 'bench' },
    ...{ isClockSynced: () => true, agentVersion: 'bench', clock },
    ...{ random: systemRandom, log: silentLogger },
  })
}
