// The way to the cloud: leaf, connection, forwarder, heartbeat. It starts beside the sources and
// never holds them up: with no network, no cloud or no nats-server the hub still accepts readings.

import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { readIfThere } from '../base/durable-file.ts'
import { HubleafError, messageOf } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { connectNats } from '../base/nats.ts'
import type { Random } from '../base/random.ts'
import { retryDelayMs } from '../base/retry.ts'
import type { TimeQuality } from '../wire/reading.ts'
import type { TimeNotice } from '../wire/requests.ts'
import type { KeptClock } from './clock/clock-keeper.ts'
import type { AgentConfig } from './config.ts'
import { startForwarder } from './forwarder/forwarder.ts'
import type { ForwarderOptions } from './forwarder/forwarder.ts'
import type { Forwarder, ForwarderStatus } from './forwarder/forwarder-status.ts'
import { HEARTBEAT_MS, HEARTBEAT_SOON_MS, makeHeartbeat } from './forwarder/heartbeat.ts'
import { leafPublisher } from './forwarder/publisher.ts'
import type { Publisher } from './forwarder/publisher.ts'
import { serveRequests } from './forwarder/requests.ts'
import type { Journal } from './journal/journal.ts'
import { startLeafServer } from './leaf/leaf-server.ts'
import type { LeafServer } from './leaf/leaf-server.ts'

/** What the uplink needs. */
export interface UplinkOptions {
  readonly config: AgentConfig
  readonly cloud: NonNullable<AgentConfig['cloud']>
  readonly journal: Journal
  readonly natsServer: () => Promise<string | undefined>
  readonly version: string
  readonly onCorrupt: ForwarderOptions['onCorrupt']
  readonly boot: string
  readonly timeQuality: () => TimeQuality
  readonly time: KeptClock
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The uplink as `/status` shows it. */
export interface UplinkStatus {
  /** Why the leaf is not up, where it is not. */
  readonly trouble: string | undefined
  readonly leafPid: number | undefined
  readonly forwarder: ForwarderStatus | undefined
}

/** A running uplink. */
export interface Uplink extends AsyncDisposable {
  status(): UplinkStatus
}

const RESTART = { firstMs: 500, maxMs: 30_000 } as const

/** Starts the uplink in the background; its trouble is retried for ever and shown in its status. */
export function startUplink(options: UplinkOptions): Uplink {
  const stop = new AbortController()
  const parts = new AsyncDisposableStack()
  const shown: { trouble?: string; leafPid?: () => number; forwarder?: Forwarder } = {}
  const started = establish(options, stop.signal, parts, shown).catch((error: unknown) => {
    shown.trouble = messageOf(error)
    options.log.error('uplink_failed', { reason: messageOf(error) })
  })
  let ended: Promise<void> | undefined
  const end = async (): Promise<void> => {
    stop.abort()
    await started
    await parts.disposeAsync()
  }
  return {
    status: () => ({
      trouble: shown.trouble,
      leafPid: shown.leafPid?.(),
      forwarder: shown.forwarder?.status(),
    }),
    [Symbol.asyncDispose]: () => (ended ??= end()),
  }
}

async function establish(
  options: UplinkOptions,
  signal: AbortSignal,
  parts: AsyncDisposableStack,
  shown: { trouble?: string; leafPid?: () => number; forwarder?: Forwarder },
): Promise<void> {
  const leaf = await startLeafUntilItWorks(options, signal, shown)
  if (leaf === undefined) return
  parts.use(leaf)
  shown.leafPid = () => leaf.process.pid()
  const { config, journal, clock, random, log } = options
  const { hub } = config
  const connection = await connectNats({
    ...{ url: leaf.url, name: `hubleaf-agent-${hub}`, login: leaf.login },
    ...{ inboxPrefix: `_INBOX.${hub}`, log, signal },
  })
  parts.defer(() => connection.close())
  const publisher = leafPublisher(connection)
  const { onCorrupt } = options
  const gate = options.time.decided
  const forwarder = startForwarder({ hub, journal, publisher, clock, random, log, gate, onCorrupt })
  parts.use(forwarder)
  shown.forwarder = forwarder
  const onTime = hearTime(options)
  parts.use(serveRequests({ hub, connection, journal, forwarder, clock, log, onTime }))
  const beating = beat(options, publisher, forwarder, signal)
  parts.defer(() => beating)
}

async function startLeafUntilItWorks(
  options: UplinkOptions,
  signal: AbortSignal,
  shown: { trouble?: string },
): Promise<LeafServer | undefined> {
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      const leaf = await startLeafOnce(options)
      delete shown.trouble
      return leaf
    } catch (error) {
      const reason = messageOf(error)
      if (shown.trouble !== reason) options.log.error('leaf_not_started', { reason })
      shown.trouble = reason
      await options.clock.sleep(retryDelayMs(RESTART, attempt, options.random), signal)
    }
  }
  return undefined
}

async function startLeafOnce(options: UplinkOptions) {
  const { config, cloud, clock, random, log } = options
  const binary = await options.natsServer()
  if (binary === undefined) {
    const hint = 'put nats-server 2.12 or newer on PATH, or name it in HUBLEAF_NATS_SERVER'
    throw new HubleafError('nats_server_missing', 'no nats-server was found', { hint })
  }
  checkCredentials(cloud.credentials_file)
  return startLeafServer({
    ...{ binary, clock, random, log, hub: config.hub },
    ...{ folder: join(config.data_dir, 'leaf'), clientPort: config.leaf.port },
    ...{ cloudUrls: cloud.urls, credentialsFile: cloud.credentials_file },
  })
}

/** The leaf server would only say that the cloud refuses it. Throws `credentials_unreadable`. */
function checkCredentials(file: string): void {
  const hint = 'name the hub’s .creds file in cloud.credentials_file'
  const text = readIfThere(file)
  if (text?.includes('-----BEGIN NATS USER JWT-----') === true) return
  const what = text === undefined ? 'there is no credentials file' : 'no credentials are in'
  throw new HubleafError('credentials_unreadable', `${what} ${file}`, { hint })
}

/** The cloud's time counts for this boot only; how long its answer took is the keeper's business. */
function hearTime({ boot, clock, time }: UplinkOptions): (notice: TimeNotice) => void {
  return (notice) => {
    if (notice.boot !== boot) return
    time.heard({ now: notice.now, sentMono: notice.monoMs, receivedMono: clock.sinceBoot() })
  }
}

async function beat(
  options: UplinkOptions,
  publisher: Publisher,
  forwarder: Forwarder,
  signal: AbortSignal,
): Promise<void> {
  const { config, journal, clock, log, boot, time, timeQuality } = options
  const startedAt = clock.monotonic()
  const isStopped = (): boolean => signal.aborted
  for (let seq = 1; !isStopped(); seq += 1) {
    const monoMs = clock.sinceBoot()
    const times = { receivedAt: clock.now(), monoMs, boot, timeQuality: timeQuality() } as const
    const upMs = Math.round(clock.monotonic() - startedAt)
    const named = { hub: config.hub, journal, marks: forwarder.marks(), agent: options.version }
    try {
      const sent = publisher.publish(makeHeartbeat({ ...named, seq, upMs, times }))
      // Stopping does not wait for an answer that may never come.
      await Promise.race([sent, clock.sleep(HEARTBEAT_MS, signal)])
      if (!isStopped()) time.linkIsUp()
      await clock.sleep(HEARTBEAT_MS, signal)
    } catch (error) {
      log.debug('heartbeat_not_sent', { reason: messageOf(error) })
      // The first acknowledgement tells that the cloud can be reached; nothing else does while the
      // forwarder waits for the time.
      await clock.sleep(HEARTBEAT_SOON_MS, signal)
    }
  }
}
