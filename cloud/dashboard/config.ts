// The dashboard's configuration file. It listens on this machine only unless told otherwise: the
// page asks nobody for a password.

import * as z from 'zod'
import { listenAddress, loadConfig } from '../../base/config.ts'
import type { ConfigSource } from '../../base/config.ts'
import { durationMs } from '../../base/quantity.ts'
import { cloudKeys } from '../nats-config.ts'

/** The keys of the file; docs/OPERATING.md lists them. */
export const dashboardSchema = z.strictObject({
  ...{ log_level: cloudKeys.log_level, nats: cloudKeys.nats },
  listen: listenAddress.prefault('127.0.0.1:8080'),
  /** How long one question to storage may take. */
  storage_timeout: durationMs.prefault('5s'),
  /** Where the agent takes readings by HTTP; the empty page shows it. */
  agent_url: z.url({ protocol: /^https?$/ }).optional(),
})

/** The dashboard's configuration. */
export type DashboardConfig = z.output<typeof dashboardSchema>

/** Reads and checks it. Throws `config_unreadable` or `config_invalid`. */
export function loadDashboardConfig(source: ConfigSource): DashboardConfig {
  return loadConfig(dashboardSchema, source)
}
