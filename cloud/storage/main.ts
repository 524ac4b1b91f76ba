// `hubleaf storage`: the database as a service on NATS. One process per folder. SIGTERM answers what
// has arrived and ends; a database thread that dies ends the process, for its supervisor to restart.

import { systemClock } from '../../base/clock.ts'
import { createLogger } from '../../base/log.ts'
import { connectNats } from '../../base/nats.ts'
import { startOpsServer } from '../../base/ops-server.ts'
import { createTelemetry } from '../../base/telemetry.ts'
import { aborted, configFlag, runVerb } from '../../base/verb.ts'
import { version } from '../../base/version.ts'
import { loadStorageConfig } from './config.ts'
import { commitMetrics, serviceMetrics, storageHealth } from './health.ts'
import { serveStorage } from './service.ts'
import { openSqliteStorage } from './sqlite-storage.ts'

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runVerb('storage', async (signal) => {
    const config = loadStorageConfig({ file: configFlag('storage', argv), env: process.env })
    const log = createLogger({ name: 'storage', level: config.log_level })
    await using parts = new AsyncDisposableStack()
    const engine = await openSqliteStorage({ folder: config.data_dir, maxBytes: config.max_size })
    parts.use(engine)
    const { url, credentials_file: credentialsFile } = config.nats
    const connection = await connectNats({
      url,
      credentialsFile,
      name: 'hubleaf-storage',
      log,
      signal,
    })
    parts.defer(() => connection.close())
    const telemetry = createTelemetry('storage', version)
    const onCommit = commitMetrics(telemetry)
    const service = await serveStorage({ connection, engine, clock: systemClock, log, onCommit })
    parts.use(service)
    serviceMetrics(telemetry, service)
    if (config.ops !== undefined) {
      const health = storageHealth(service, engine)
      parts.use(await startOpsServer(config.ops.listen, health, telemetry))
    }
    log.info('storage_started', { data_dir: config.data_dir, rows: await engine.count() })
    await aborted(AbortSignal.any([signal, engine.broken]))
    if (engine.broken.aborted) throw engine.broken.reason
  })
}
