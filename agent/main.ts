// `hubleaf agent`: one hub. Runs until it is told to stop; then flushes and exits within 10 s.
// What is wrong with the configuration or the journal is said in a sentence, with an exit code.

import { systemClock } from '../base/clock.ts'
import { isHubleafError } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { findNatsServer } from '../base/find-nats-server.ts'
import { createLogger } from '../base/log.ts'
import { seededRandom, systemRandom } from '../base/random.ts'
import { retryDelayMs } from '../base/retry.ts'
import { aborted, configFlag, runVerb } from '../base/verb.ts'
import { version } from '../base/version.ts'
import { startAgent } from './agent.ts'
import type { AgentOptions } from './agent.ts'
import { loadAgentConfig } from './config.ts'
import type { AgentConfig } from './config.ts'
import { readVitals } from './source/host.ts'
import { pollingSource } from './source/poll.ts'
import { houseDevices, readHouse } from './source/simulated.ts'
import type { Source } from './source/source.ts'
import type { Logger } from '../base/log.ts'

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runVerb('agent', async (signal) => {
    const config = loadAgentConfig({ file: configFlag('agent', argv), env: process.env })
    const log = createLogger({ name: 'agent', level: config.log_level })
    await using parts = new AsyncDisposableStack()
    const sources = await makeSources(config, log)
    if (config.sources.smartthings.enabled) {
      // Loaded only where it is used: the package behind it is large.
      const { openSmartThingsSource } = await import('./source/smartthings/open-source.ts')
      const world = { clock: systemClock, random: systemRandom, log }
      sources.push(parts.use(await openSmartThingsSource(config, world)))
    }
    const started: AgentOptions = {
      ...{ config, version, sources, log },
      natsServer: () => findNatsServer(process.env),
      ...{ clock: systemClock, random: systemRandom },
    }
    await runAgent(started, signal)
  })
}

const AGAIN = { firstMs: 1000, maxMs: 30_000 } as const

/** Runs agents one after the other: one whose journal is damaged or has ended is followed by another. */
async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const { clock, config, log, random } = options
  let attempt = 0
  let hasStarted = false
  while (!signal.aborted) {
    try {
      await using agent = await startAgent(options)
      attempt = 0
      hasStarted = true
      log.info('agent_started', { hub: config.hub, http_port: agent.port })
      await aborted(AbortSignal.any([signal, agent.broken]))
      log.info('agent_stopping')
      if (agent.broken.aborted) throw agent.broken.reason
    } catch (error) {
      if (!isHubleafError(error) || !CURABLE.has(error.code)) throw error
      if (!hasStarted && error.code === 'journal_write_failed') throw error
      attempt += 1
      log.error('agent_starts_again', { code: error.code, reason: error.message })
      await clock.sleep(retryDelayMs(AGAIN, attempt, random), signal)
    }
  }
}

/** What another start can cure. */
const CURABLE: ReadonlySet<ErrorCode> = new Set([
  'journal_corrupt',
  'journal_closed',
  'journal_disk_full',
  'journal_write_failed',
])

async function makeSources(config: AgentConfig, log: Logger): Promise<Source[]> {
  const { host, simulated, mqtt } = config.sources
  const made: Source[] = []
  const clock = systemClock
  if (host.enabled) {
    // Loaded only where it is used, and when it is: the package is large, and asks the system things
    // while it loads. Nobody's reading waits for that.
    const poll = async () => readVitals((await import('systeminformation')).default)
    made.push(pollingSource({ name: 'host', intervalMs: host.interval, poll, clock, log }))
  }
  if (simulated.enabled) {
    const random = seededRandom(simulated.seed)
    const poll = async () => readHouse(clock.now(), random)
    const intervalMs = simulated.interval
    const devices = houseDevices(intervalMs)
    made.push(pollingSource({ name: 'simulated', intervalMs, poll, devices, clock, log }))
  }
  if (mqtt.brokers.length > 0) {
    // Loaded only where it is used, like every large package.
    const { mqttSource } = await import('./source/mqtt/mqtt-source.ts')
    const world = { hub: config.hub, dataDir: config.data_dir, clock, random: systemRandom, log }
    made.push(...mqtt.brokers.map((broker) => mqttSource({ broker, ...world })))
  }
  return made
}
