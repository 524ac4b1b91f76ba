// The worker's configuration file.
// Which types it serves is said on the command line: many workers share one file.

import * as z from 'zod'
import { loadConfig } from '../../base/config.ts'
import type { ConfigSource } from '../../base/config.ts'
import { cloudKeys } from '../nats-config.ts'

/** The keys of the file; docs/OPERATING.md lists them. */
export const workerSchema = z.strictObject(cloudKeys)

/** The worker's configuration. */
export type WorkerConfig = z.output<typeof workerSchema>

/** Reads and checks it. Throws `config_unreadable` or `config_invalid`. */
export function loadWorkerConfig(source: ConfigSource): WorkerConfig {
  return loadConfig(workerSchema, source)
}
