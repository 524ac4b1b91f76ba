// The storage service's configuration file: where the database lives and which NATS it serves.
// Keys that it does not know are refused.

import * as z from 'zod'
import { loadConfig } from '../../base/config.ts'
import type { ConfigSource } from '../../base/config.ts'
import { sizeBytes } from '../../base/quantity.ts'
import { cloudKeys } from '../nats-config.ts'

/** The keys of the file; docs/OPERATING.md lists them. */
export const storageSchema = z.strictObject({
  ...{ log_level: cloudKeys.log_level, nats: cloudKeys.nats, ops: cloudKeys.ops },
  /** The database's folder; one process has it. */
  data_dir: z.string().min(1),
  /** Writes that would make the database larger are refused until there is room; no bound without. */
  max_size: sizeBytes.optional(),
})

/** The storage service's configuration. */
export type StorageConfig = z.output<typeof storageSchema>

/** Reads and checks it. Throws `config_unreadable` or `config_invalid`. */
export function loadStorageConfig(source: ConfigSource): StorageConfig {
  return loadConfig(storageSchema, source)
}
