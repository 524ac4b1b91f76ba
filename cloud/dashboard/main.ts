// `hubleaf dashboard`: the page with live and past charts. It holds nothing: it may be killed and
// started again at any time, and as many of them may run as people like.

import { systemClock } from '../../base/clock.ts'
import { createLogger } from '../../base/log.ts'
import { connectNats } from '../../base/nats.ts'
import { createTelemetry } from '../../base/telemetry.ts'
import { aborted, configFlag, runVerb } from '../../base/verb.ts'
import { version } from '../../base/version.ts'
import { storageClient } from '../storage/client.ts'
import { loadDashboardConfig } from './config.ts'
import { natsFeed } from './live-nats.ts'
import { createDashboard } from './server.ts'

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runVerb('dashboard', async (signal) => {
    const config = loadDashboardConfig({ file: configFlag('dashboard', argv), env: process.env })
    const log = createLogger({ name: 'dashboard', level: config.log_level })
    await using parts = new AsyncDisposableStack()
    const { url, credentials_file: credentialsFile } = config.nats
    const name = 'hubleaf-dashboard'
    const connection = await connectNats({ url, credentialsFile, name, log, signal })
    parts.defer(() => connection.close())
    const live = parts.use(natsFeed(connection, log))
    const dashboard = await createDashboard({
      ...{ live, log, clock: systemClock, listen: config.listen, agentUrl: config.agent_url },
      storage: storageClient(connection, { timeoutMs: config.storage_timeout }),
      telemetry: createTelemetry('dashboard', version),
    })
    parts.use(dashboard)
    log.info('dashboard_started', { url: `http://${config.listen.host}:${dashboard.port}/` })
    await aborted(signal)
  })
}
