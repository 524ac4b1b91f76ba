// The agent's configuration file.
// Every key has a default but the hub's name and its folder; what is unknown or wrong is refused.

import * as z from 'zod'
import { listenAddress, loadConfig } from '../base/config.ts'
import type { ConfigSource } from '../base/config.ts'
import { LOG_LEVELS } from '../base/log.ts'
import { durationMs, sizeBytes } from '../base/quantity.ts'
import { parseHubId } from '../wire/ids.ts'
import type { HubId } from '../wire/ids.ts'
import { WHEN_FULL } from './journal/shedding.ts'
import { mqttSchema } from './source/mqtt/config.ts'

const hubId = z.string().transform((text, context): HubId => {
  const hub = parseHubId(text)
  if (hub !== undefined) return hub
  const message = 'must be 1 to 32 small letters, digits, "-" or "_", such as "lake-house"'
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** Until tokens exist, only this machine may push. */
const loopback = listenAddress.refine(
  ({ host }) => host === 'localhost' || host === '::1' || host.startsWith('127.'),
  'must be a loopback address: pushing from other machines needs a token, which this version lacks',
)

/** Below this the room that is kept for one commit would be too small for large readings. */
const QUOTA_MIN_BYTES = 16_000_000

const quota = sizeBytes.refine((bytes) => bytes >= QUOTA_MIN_BYTES, 'must be at least 16MB')

const duration = (text: string) => durationMs.prefault(text)

/** The keys of the file; docs/OPERATING.md lists them. */
export const agentSchema = z.strictObject({
  hub: hubId,
  data_dir: z.string().min(1),
  log_level: z.enum(LOG_LEVELS).default('info'),
  /** Without a cloud the agent keeps everything until it is given one. */
  cloud: z
    .strictObject({ urls: z.array(z.string().min(1)).min(1), credentials_file: z.string().min(1) })
    .optional(),
  clock: z.strictObject({ trust: z.boolean().default(false) }).prefault({}),
  leaf: z.strictObject({ port: z.int().min(1).max(65_535).default(4222) }).prefault({}),
  http: z.strictObject({ listen: loopback.prefault('127.0.0.1:8686') }).prefault({}),
  journal: z
    .strictObject({
      flush_interval: duration('2s'),
      min_sync_gap: duration('0s'),
      keep_settled: duration('24h'),
      quota: quota.prefault('1GB'),
      keep_free: sizeBytes.prefault('200MB'),
      when_full: z.enum(WHEN_FULL).default('drop_oldest'),
    })
    .prefault({}),
  sources: z
    .strictObject({
      host: z
        .strictObject({ enabled: z.boolean().default(true), interval: duration('5s') })
        .prefault({}),
      simulated: z
        .strictObject({
          enabled: z.boolean().default(false),
          interval: duration('1s'),
          seed: z.int().min(0).default(1),
        })
        .prefault({}),
      mqtt: mqttSchema,
    })
    .prefault({}),
})

/** The agent's configuration; durations are milliseconds. */
export type AgentConfig = z.output<typeof agentSchema>

/** Reads and checks it. Throws `config_unreadable` or `config_invalid`. */
export function loadAgentConfig(source: ConfigSource): AgentConfig {
  return loadConfig(agentSchema, source)
}
