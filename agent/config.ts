// The agent's configuration file.
// Every key has a default but the hub's name and its folder; what is unknown or wrong is refused.

import { isIPv4 } from 'node:net'
import * as z from 'zod'
import { listenAddress, loadConfig } from '../base/config.ts'
import type { ConfigSource, ListenAddress } from '../base/config.ts'
import { LOG_LEVELS } from '../base/log.ts'
import { durationMs, sizeBytes } from '../base/quantity.ts'
import { parseHubId } from '../wire/ids.ts'
import type { HubId } from '../wire/ids.ts'
import { WHEN_FULL } from './journal/shedding.ts'
import { smartThingsSchema } from './source/smartthings/config.ts'
import { mqttSchema } from './source/mqtt/config.ts'

const hubId = z.string().transform((text, context): HubId => {
  const hub = parseHubId(text)
  if (hub !== undefined) return hub
  const message = 'must be 1 to 32 small letters, digits, "-" or "_", such as "lake-house"'
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

/** True for addresses that only this machine can reach. */
function isLoopback({ host }: ListenAddress): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

const http = z
  .strictObject({
    listen: listenAddress.prefault('127.0.0.1:8686'),
    /** Holds the token that each request must bring; without it only this machine may push. */
    token_file: z.string().min(1).optional(),
    /** Of each sender. */
    requests_per_second: z.int().min(1).max(1_000_000).default(1000),
    /** Takes the body of the old SmartApp at /act from whoever knows the passcode in this file. */
    legacy_passcode_file: z.string().min(1).optional(),
    /** Takes what smartthings-mqtt-bridge's SmartApp pushes, at /push. */
    mqtt_bridge: z.boolean().default(false),
  })
  .refine(({ listen, token_file }) => token_file !== undefined || isLoopback(listen), {
    path: ['listen'],
    message: 'must be a loopback address, unless http.token_file names a token for its senders',
  })

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
  http: http.prefault({}),
  journal: z
    .strictObject({
      flush_interval: duration('2500ms'),
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
      smartthings: smartThingsSchema.prefault({}),
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
