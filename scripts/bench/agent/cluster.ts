// Three nats-servers on loopback as the cloud runs them: the product's own configuration with routes
// between them, accounts in operator mode, streams with three copies that acknowledge only what is
// synced; and a leaf, as the agent runs one. Ends with whoever started it.

import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { systemClock } from '../../../base/clock.ts'
import { HubleafError } from '../../../base/errors.ts'
import { findNatsServer } from '../../../base/find-nats-server.ts'
import { freePorts } from '../../../base/free-port.ts'
import { silentLogger } from '../../../base/log.ts'
import { startNatsProcess } from '../../../base/nats-process.ts'
import { connectNats } from '../../../base/nats.ts'
import { systemRandom } from '../../../base/random.ts'
import { ensureFolder } from '../../../base/folder.ts'
import { startLeafServer } from '../../../agent/leaf/leaf-server.ts'
import { openKeyring } from '../../../cloud/control/keyring.ts'
import { renderCloudServer } from '../../../cloud/control/server-config.ts'
import { openStreams } from '../../../cloud/stream/open.ts'
import { ensureStreams } from '../../../cloud/stream/streams.ts'
import { hubOf } from '../../../test/fixtures/readings.ts'
import { READINGS_STREAM } from '../../../wire/stream-facts.ts'
import { connectLeaf } from './leaf-connection.ts'
import type { LeafAccess } from './leaf-connection.ts'

const SERVERS = [1, 2, 3] as const
const HUB = 'bench'
const STREAMS = { replicas: SERVERS.length, maxBytes: 4_000_000_000 }
const PROBE_MS = 1000
const world = { clock: systemClock, random: systemRandom, log: silentLogger }

/** A leaf of the hub. */
export interface BenchLeaf extends AsyncDisposable {
  readonly access: LeafAccess
  readonly pid: number
}

/** Three servers and what leads to them. */
export interface Cluster extends AsyncDisposable {
  readonly hub: string
  readonly credentialsFile: string
  /** Where leaves connect, one port for each server. */
  readonly leafPorts: readonly number[]
  /** Starts a leaf that is connected to the given ports of this machine. */
  startLeaf(name: string, ports: readonly number[]): Promise<BenchLeaf>
  /** Removes all that the streams hold, message ids too, and waits until the leaf reaches them. */
  empty(leaf?: BenchLeaf): Promise<void>
  /** How many packs the stream holds. */
  stored(): Promise<number>
}

/** Starts the cluster with its files below `folder`. Throws `nats_server_*`. */
export async function startCluster(folder: string): Promise<Cluster> {
  await using parts = new AsyncDisposableStack()
  const binary = await findNatsServer(process.env)
  if (binary === undefined) {
    throw new HubleafError('nats_server_missing', 'this benchmark needs nats-server; run npm test')
  }
  const hub = hubOf(HUB)
  const keyring = await openKeyring(join(folder, 'keys'), [hub])
  const ports = await freePorts(4 * SERVERS.length)
  const [clients, leaves, monitors, routes] = [0, 1, 2, 3].map((place) =>
    ports.slice(place * SERVERS.length, (place + 1) * SERVERS.length),
  )
  const started = SERVERS.map(async (number, place) => {
    const below = join(folder, `server-${number}`)
    ensureFolder(below)
    const files = { pidFile: join(below, 'pid'), logFile: join(below, 'log') }
    const port = clients?.[place] ?? 0
    const configText = renderCloudServer({
      ...{ serverName: `n${number}`, storeFolder: join(below, 'store'), keyring, ...files },
      ...{ clientPort: port, leafPort: leaves?.[place] ?? 0, monitorPort: monitors?.[place] ?? 0 },
    })
    const routed = configText + renderRoutes(routes ?? [], place)
    const configFile = join(below, 'conf')
    const named = { role: `cloud-${number}`, binary, configFile, port }
    parts.use(await startNatsProcess({ ...named, ...files, configText: routed, ...world }))
  })
  await Promise.all(started)
  const url = (clients ?? []).map((port) => `127.0.0.1:${port}`).join(',')
  const connection = await connectCloud(url, keyring.cloudCredentials)
  parts.defer(() => connection.close())
  await openStreams(connection, STREAMS, systemClock, silentLogger, new AbortController().signal)
  const credentialsFile = keyring.hubCredentials.get(hub) ?? ''
  const running = parts.move()
  return {
    ...{ hub: HUB, credentialsFile, leafPorts: leaves ?? [] },
    startLeaf: (name, ports) => startLeaf(binary, join(folder, name), ports, credentialsFile),
    empty: (leaf) => empty(connection, leaf),
    async stored() {
      const manager = await jetstreamManager(connection)
      return (await manager.streams.info(READINGS_STREAM)).state.messages
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

async function connectCloud(url: string, credentialsFile: string): Promise<NatsConnection> {
  const [first = ''] = url.split(',')
  return connectNats({ url: first, name: 'bench', credentialsFile, log: silentLogger })
}

function renderRoutes(ports: readonly number[], place: number): string {
  const urls = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')
  return `
cluster {
  name: hubleaf
  listen: "127.0.0.1:${ports[place] ?? 0}"
  routes: [ ${urls} ]
}
`
}

async function startLeaf(
  binary: string,
  folder: string,
  ports: readonly number[],
  credentialsFile: string,
): Promise<BenchLeaf> {
  const [clientPort = 0] = await freePorts(1)
  const cloudUrls = ports.map((port) => `nats-leaf://127.0.0.1:${port}`)
  const named = { hub: hubOf(HUB), folder, clientPort, cloudUrls, credentialsFile }
  const leaf = await startLeafServer({ binary, ...named, ...world })
  return {
    access: { hub: HUB, url: leaf.url, ...leaf.login },
    pid: leaf.process.pid(),
    [Symbol.asyncDispose]: () => leaf[Symbol.asyncDispose](),
  }
}

async function empty(connection: NatsConnection, leaf: BenchLeaf | undefined): Promise<void> {
  const manager = await jetstreamManager(connection)
  await manager.streams.delete(READINGS_STREAM)
  await ensureStreams(manager, STREAMS)
  if (leaf === undefined) return
  const probing = await connectLeaf(leaf.access)
  try {
    while (!(await reaches(probing))) await systemClock.sleep(100)
  } finally {
    await probing.close()
  }
}

/** True if a message through this connection is acknowledged. */
async function reaches(connection: NatsConnection): Promise<boolean> {
  try {
    await jetstream(connection, { timeout: PROBE_MS }).publish(`readings.${HUB}.back.probe`, 'x')
    return true
  } catch {
    return false
  }
}
