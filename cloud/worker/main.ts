// `hubleaf worker --type temperature [--type …] | --others`: stores the packs of its types. Start more
// of the same to scale; they share the work.

import { parseArgs } from 'node:util'
import type { JetStreamManager } from '@nats-io/jetstream'
import { systemClock } from '../../base/clock.ts'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { createLogger } from '../../base/log.ts'
import type { Logger } from '../../base/log.ts'
import { connectNats } from '../../base/nats.ts'
import { startOpsServer } from '../../base/ops-server.ts'
import { systemRandom } from '../../base/random.ts'
import { createTelemetry } from '../../base/telemetry.ts'
import { aborted, runVerb } from '../../base/verb.ts'
import { version } from '../../base/version.ts'
import { parseSensorType } from '../../wire/ids.ts'
import type { TypeName } from '../../wire/ids.ts'
import { ensureConsumers, unnamedTypes } from '../stream/consumers.ts'
import { keepPurging } from '../stream/purge.ts'
import { openStreams } from '../stream/open.ts'
import { storageClient } from '../storage/client.ts'
import { loadWorkerConfig } from './config.ts'
import { workerHealth, workerMetrics } from './health.ts'
import { startWorker } from './worker.ts'
import type { Worker } from './worker.ts'

/** How often a worker for others looks for types that are new, ms. */
const LOOK_MS = 1000

/**
 * How long storage may take for one batch, ms. Long enough for a slow disk under load, short enough that
 * an answer that was lost with a connection is not waited for long: writing again is harmless.
 */
const STORAGE_TIMEOUT_MS = 4000

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runVerb('worker', async (signal) => {
    const flags = parseFlags(argv)
    const config = loadWorkerConfig({ file: flags.config, env: process.env })
    const log = createLogger({ name: 'worker', level: config.log_level })
    await using parts = new AsyncDisposableStack()
    const connection = await connectNats({
      ...{ url: config.nats.url, credentialsFile: config.nats.credentials_file },
      ...{ name: `hubleaf-worker ${flags.types.join(' ') || 'others'}`, log, signal },
    })
    parts.defer(() => connection.close())
    const streams = { replicas: config.streams.replicas, maxBytes: config.streams.max_bytes }
    const manager = await openStreams(connection, streams, systemClock, log, signal)
    if (manager === undefined) return
    const storage = storageClient(connection, { timeoutMs: STORAGE_TIMEOUT_MS })
    const worker = startWorker({
      connection,
      storage,
      clock: systemClock,
      random: systemRandom,
      log,
    })
    parts.use(worker)
    const telemetry = createTelemetry('worker', version)
    workerMetrics(telemetry, worker)
    if (config.ops !== undefined) {
      parts.use(await startOpsServer(config.ops.listen, workerHealth(worker), telemetry))
    }
    for (const type of flags.types) {
      await ensureConsumers(manager, type, 'named')
      await worker.serve(type)
    }
    const ending = AbortSignal.any([signal, worker.broken])
    log.info('worker_started', { types: flags.types, others: flags.others })
    if (flags.others) {
      // One duty that is not of any type; several who do it are no harm.
      const purging = keepPurging(manager, systemClock, log, ending)
      parts.defer(() => purging)
      await serveOthers(manager, worker, log, ending)
    }
    await aborted(ending)
    if (!signal.aborted) throw worker.broken.reason
  })
}

async function serveOthers(
  manager: JetStreamManager,
  worker: Worker,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const type of await unnamedTypes(manager)) {
        if (worker.status().types.includes(type)) continue
        await ensureConsumers(manager, type, 'others')
        await worker.serve(type)
      }
    } catch (error) {
      log.warn('looking_for_types_failed', { reason: messageOf(error) })
    }
    await systemClock.sleep(LOOK_MS, signal)
  }
}

interface Flags {
  readonly config: string | undefined
  readonly types: readonly TypeName[]
  readonly others: boolean
}

function parseFlags(argv: readonly string[]): Flags {
  const hint = 'hubleaf worker --config worker.yaml --type temperature [--type …] | --others'
  const { values } = parse(argv, hint)
  const { type: names = [], others = false, config } = values
  if (names.length === 0 && !others) {
    throw new HubleafError('usage', 'a worker needs --type or --others', { hint })
  }
  const types = names.map((name) => {
    const type = parseSensorType(name)
    if (type === undefined) throw new HubleafError('usage', `"${name}" is no sensor type`, { hint })
    return type
  })
  return { config, types, others }
}

function parse(argv: readonly string[], hint: string) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        type: { type: 'string', multiple: true },
        others: { type: 'boolean' },
      },
    })
  } catch (cause) {
    throw new HubleafError('usage', messageOf(cause), { hint, cause })
  }
}
