// The agent, put together in the order of a reading's way: journal, uplink, sources. Released in
// reverse: sources stop first, what they handed over is synced, what is under way is awaited.

import { join } from 'node:path'
import { fastify } from 'fastify'
import { readBootId } from '../base/boot.ts'
import type { Clock } from '../base/clock.ts'
import { messageOf } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { addOpsRoutes, listenOn, WITHOUT_SCHEMAS } from '../base/ops-server.ts'
import type { Health } from '../base/ops-server.ts'
import type { Random } from '../base/random.ts'
import { createTelemetry } from '../base/telemetry.ts'
import { addPurgeRoute } from './buffer/purge-route.ts'
import { machineTime, trustedTime } from '../base/time-service.ts'
import { keepClock } from './clock/clock-keeper.ts'
import type { AgentConfig } from './config.ts'
import { openDevices } from './devices/known-devices.ts'
import type { Devices } from './devices/known-devices.ts'
import type { CorruptRow, Journal } from './journal/journal.ts'
import { journalLimits } from './journal-limits.ts'
import { openJournal } from './journal/sqlite-journal.ts'
import { agentMetrics, showSources } from './metrics.ts'
import { addPushRoutes } from './source/push-routes.ts'
import type { Sink, Source, SourceStatus } from './source/source.ts'
import { startUplink } from './uplink.ts'
import type { Uplink, UplinkOptions } from './uplink.ts'

/** How long a request may take to arrive, ms: a sender that stalls must not hold its connection for ever. */
const REQUEST_TIMEOUT_MS = 30_000

/** How long stopping waits for requests that are still arriving, ms; none of them was answered yet. */
const REQUESTS_GRACE_MS = 1500

/** Connections at the same time; what their bodies may hold together is bounded by it. */
const CONNECTIONS_MAX = 128

/** What an agent needs of the world. */
export interface AgentOptions {
  readonly config: AgentConfig
  readonly version: string
  readonly natsServer: () => Promise<string | undefined>
  readonly sources: readonly Source[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** A running agent. Disposal stops it cleanly. */
export interface Agent extends AsyncDisposable {
  /** The port that takes pushed readings. */
  readonly port: number
  /** Aborts with the reason when the agent can accept nothing any more; only a new start helps. */
  readonly broken: AbortSignal
}

/** Starts an agent. Throws `journal_*`, `port_taken`: what it cannot run without. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  await using parts = new AsyncDisposableStack()
  const boot = readBootId(options.random)
  const { clock: rawClock, log, config } = options
  const time = config.clock.trust ? trustedTime : machineTime(rawClock)
  await time.look()
  const keeper = keepClock({ boot, clock: rawClock, time, log })
  const stamping = { boot, timeQuality: () => keeper.quality(), clock: keeper.clock }
  const journal = parts.use(await openAgentJournal({ ...options, ...stamping }))
  const kept = parts.use(keeper.keep(journal))
  const uplink = startAgentUplink({ ...options, ...stamping, time: kept }, journal)
  if (uplink !== undefined) parts.use(uplink)
  const telemetry = createTelemetry('agent', options.version)
  const devices = parts.use(
    await openDevices({ folder: config.data_dir, journal, clock: rawClock, log }),
  )
  const sink = sinkWithDevices(agentMetrics(telemetry, journal, uplink), devices)
  showSources(telemetry, options.sources)
  const health = agentHealth({ journal, uplink, devices, sources: options.sources })
  const port = parts.use(await startHttp(options, telemetry, sink, health, journal))
  parts.use(runSources(options, sink))
  const running = parts.move()
  let ended: Promise<void> | undefined
  return {
    port: port.port,
    broken: journal.ended,
    [Symbol.asyncDispose]: () => (ended ??= running.disposeAsync()),
  }
}

type Stamping = Pick<UplinkOptions, 'boot' | 'timeQuality'>

async function openAgentJournal(options: AgentOptions & Stamping): Promise<Journal> {
  const { config, clock, random, log, boot, timeQuality } = options
  return openJournal({
    folder: join(config.data_dir, 'journal'),
    ...journalLimits(config),
    ...{ boot, timeQuality, agentVersion: options.version, clock, random, log },
  })
}

function startAgentUplink(
  options: AgentOptions & Stamping & Pick<UplinkOptions, 'time'>,
  journal: Journal,
): Uplink | undefined {
  const { cloud } = options.config
  if (cloud === undefined) return undefined
  const onCorrupt = (row: CorruptRow): void => {
    options.log.error('journal_row_corrupt', { id: row.id, reason: row.corrupt })
  }
  return startUplink({ ...options, cloud, journal, onCorrupt })
}

async function startHttp(
  options: AgentOptions,
  telemetry: ReturnType<typeof createTelemetry>,
  sink: Sink,
  health: Health,
  journal: Journal,
): Promise<AsyncDisposable & { readonly port: number }> {
  const times = { forceCloseConnections: 'idle', requestTimeout: REQUEST_TIMEOUT_MS } as const
  const app = fastify({ ...WITHOUT_SCHEMAS, ...times })
  app.server.maxConnections = CONNECTIONS_MAX
  addPushRoutes(app, options, sink)
  addPurgeRoute(app, { journal, clock: options.clock, log: options.log })
  addOpsRoutes(app, health, telemetry)
  const port = await listenOn(app, options.config.http.listen)
  return {
    port,
    async [Symbol.asyncDispose]() {
      const cancel = options.clock.after(REQUESTS_GRACE_MS, () => app.server.closeAllConnections())
      await app.close()
      cancel()
    },
  }
}

function runSources(options: AgentOptions, sink: Sink): AsyncDisposable {
  const stop = new AbortController()
  const running = options.sources.map((source) => source.run(sink, stop.signal))
  return {
    async [Symbol.asyncDispose]() {
      stop.abort()
      await Promise.allSettled(running)
    },
  }
}

/** The sink that sources get: what comes in through it is heard of its device. */
function sinkWithDevices(sink: Sink, devices: Devices): Sink {
  return {
    devices,
    async accept(readings, urgency) {
      devices.seen(readings)
      return sink.accept(readings, urgency)
    },
  }
}

/** What health is told of. */
interface Parts {
  readonly journal: Journal
  readonly uplink: Uplink | undefined
  readonly devices: Devices
  readonly sources: readonly Source[]
}

function agentHealth({ journal, uplink, devices, sources }: Parts): Health {
  return {
    alive: () => !journal.ended.aborted,
    checks: () => ({
      ...{ journal: journalCheck(journal), uplink: uplinkCheck(uplink) },
      ...told(sources, ({ check }) => check),
    }),
    facts: () => ({
      ...{ journal: journal.status(), uplink: uplink?.status() ?? null },
      ...{ devices: devices.status(), sources: told(sources, (status) => status) },
    }),
  }
}

/** What the sources that have something to say say, by their names. */
/** By name, of the sources that say how they are. */
function told<T>(
  sources: readonly Source[],
  pick: (status: SourceStatus) => T,
): { readonly [name: string]: T } {
  return Object.fromEntries(
    sources.flatMap((source): [string, T][] => {
      const status = source.status?.()
      return status === undefined ? [] : [[source.name, pick(status)]]
    }),
  )
}

function journalCheck(journal: Journal): ReturnType<Health['checks']>[string] {
  if (journal.ended.aborted) return { state: 'failed', reason: messageOf(journal.ended.reason) }
  const { fullness, salvaging } = journal.status()
  if (fullness === 'refusing') return { state: 'degraded', reason: 'full: it takes no readings' }
  if (fullness === 'shedding') {
    return { state: 'degraded', reason: 'full: the oldest readings are given up' }
  }
  if (salvaging > 0) return { state: 'degraded', reason: 'rows of a damaged file come back' }
  return { state: 'ok' }
}

function uplinkCheck(uplink: Uplink | undefined): ReturnType<Health['checks']>[string] {
  if (uplink === undefined) return { state: 'unknown', reason: 'no cloud is configured' }
  const { trouble, forwarder } = uplink.status()
  const reason = trouble ?? forwarder?.trouble
  if (reason !== undefined) return { state: 'degraded', reason }
  return forwarder === undefined ? { state: 'unknown', reason: 'starting' } : { state: 'ok' }
}
