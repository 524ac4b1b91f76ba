// `hubleaf agent`: one hub. Runs until it is told to stop; then flushes and exits within 10 s.
// What is wrong with the configuration or the journal is said in a sentence, with an exit code.

import { systemClock } from '../base/clock.ts'
import { findNatsServer } from '../base/find-nats-server.ts'
import { createLogger } from '../base/log.ts'
import { seededRandom, systemRandom } from '../base/random.ts'
import { aborted, configFlag, runVerb } from '../base/verb.ts'
import { version } from '../base/version.ts'
import { startAgent } from './agent.ts'
import { loadAgentConfig } from './config.ts'
import type { AgentConfig } from './config.ts'
import { readVitals } from './source/host.ts'
import { pollingSource } from './source/poll.ts'
import { readHouse } from './source/simulated.ts'
import type { Source } from './source/source.ts'
import type { Logger } from '../base/log.ts'

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runVerb('agent', async (signal) => {
    const config = loadAgentConfig({ file: configFlag('agent', argv), env: process.env })
    const log = createLogger({ name: 'agent', level: config.log_level })
    const sources = await makeSources(config, log)
    await using agent = await startAgent({
      ...{ config, version, sources, log },
      natsServer: () => findNatsServer(process.env),
      ...{ clock: systemClock, random: systemRandom },
    })
    log.info('agent_started', { hub: config.hub, http_port: agent.port })
    await aborted(AbortSignal.any([signal, agent.broken]))
    // Whoever supervises this process starts it again; it could only refuse.
    if (!signal.aborted) throw agent.broken.reason
    log.info('agent_stopping')
  })
}

async function makeSources(config: AgentConfig, log: Logger): Promise<readonly Source[]> {
  const { host, simulated } = config.sources
  const made: Source[] = []
  const clock = systemClock
  if (host.enabled) {
    // Loaded only where it is used: the package is large.
    const { default: vitals } = await import('systeminformation')
    const poll = () => readVitals(vitals)
    made.push(pollingSource({ name: 'host', intervalMs: host.interval, poll, clock, log }))
  }
  if (simulated.enabled) {
    const random = seededRandom(simulated.seed)
    const poll = async () => readHouse(clock.now(), random)
    const intervalMs = simulated.interval
    made.push(pollingSource({ name: 'simulated', intervalMs, poll, clock, log }))
  }
  return made
}
