// Puts the SmartThings source together for the agent: its client, and the loop over it.
// Disposal ends what the client does beside the loop; the loop ends with its own signal.

import { join } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { openSmartThings } from './client.ts'
import type { SmartThingsConfig } from './config.ts'
import { smartThingsSource } from './smartthings-source.ts'
import type { SmartThingsSource } from './smartthings-source.ts'

/** The parts of the agent's configuration that it needs. */
export interface SourceConfig {
  readonly data_dir: string
  readonly sources: { readonly smartthings: SmartThingsConfig }
}

/** What it needs of the world. */
export interface SourceWorld {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Opens it; makes no call. Throws `state_file_unreadable`, `folder_unusable`, `state_write_failed`. */
export async function openSmartThingsSource(
  { data_dir: dataDir, sources }: SourceConfig,
  world: SourceWorld,
): Promise<SmartThingsSource & AsyncDisposable> {
  const config = sources.smartthings
  const api = await openSmartThings({ config, dataDir, ...world })
  const source = smartThingsSource({
    ...{ api, ...world, stream: config.stream, history: config.history },
    ...(config.location === undefined ? {} : { locationId: config.location }),
    ...{ pollMinMs: config.poll_interval, pollMaxMs: config.poll_interval_max },
    ...{ reconcileMs: config.reconcile_interval, staleAfterMs: config.stale_after },
    cursorFile: join(dataDir, 'smartthings', 'cursor.json'),
  })
  return { ...source, [Symbol.asyncDispose]: async () => api[Symbol.asyncDispose]() }
}
