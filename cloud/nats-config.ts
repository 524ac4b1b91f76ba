// The part of the configuration that all cloud processes share: how to reach NATS, what the streams
// are like, where the operator's HTTP ends listen.

import * as z from 'zod'
import { listenAddress } from '../base/config.ts'
import { LOG_LEVELS } from '../base/log.ts'
import { sizeBytes } from '../base/quantity.ts'

/** Keys of every cloud process; spread into its schema. */
export const cloudKeys = {
  log_level: z.enum(LOG_LEVELS).default('info'),
  nats: z.strictObject({
    url: z.string().min(1),
    credentials_file: z.string().min(1).optional(),
  }),
  streams: z
    .strictObject({
      replicas: z.int().min(1).max(5).default(1),
      max_bytes: sizeBytes.prefault('2GB'),
    })
    .prefault({}),
  /** /healthz, /readyz, /status and /metrics; none without it. */
  ops: z.strictObject({ listen: listenAddress }).optional(),
}
