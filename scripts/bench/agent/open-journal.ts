// The journal as the agent opens it, for programs of this benchmark: the agent's default settings, room
// for any backlog, a clock that counts as right.

import type { Clock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { systemRandom } from '../../../base/random.ts'
import { agentSchema } from '../../../agent/config.ts'
import { journalLimits } from '../../../agent/journal-limits.ts'
import type { Journal } from '../../../agent/journal/journal.ts'
import { openJournal } from '../../../agent/journal/sqlite-journal.ts'

/** Opens or makes the journal in `folder`. Throws `journal_*`. */
export async function openBenchJournal(folder: string, clock: Clock): Promise<Journal> {
  const config = agentSchema.parse({ hub: 'bench', data_dir: folder, journal: { quota: '4GB' } })
  return openJournal({
    ...{ folder, ...journalLimits(config), boot: 'bench', agentVersion: 'bench' },
    ...{ timeQuality: () => 'synced' as const, clock, random: systemRandom, log: silentLogger },
  })
}
