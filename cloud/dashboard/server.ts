// The dashboard's HTTP server: the page and its files, the newest readings, ranges for charts, and
// live points as server-sent events. It only reads, through the storage port; what it cannot get
// it says with a code. Scripts come from this server alone, and nothing inline runs.

import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Clock } from '../../base/clock.ts'
import type { ListenAddress } from '../../base/config.ts'
import { HubleafError, messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { addOpsRoutes, listenOn } from '../../base/ops-server.ts'
import type { Health } from '../../base/ops-server.ts'
import type { Telemetry } from '../../base/telemetry.ts'
import type { Storage } from '../storage/storage.ts'
import { addAssetRoutes, loadAssets } from './assets.ts'
import { labelOf, splitPoints } from './device-labels.ts'
import { createLiveClients, shorten } from './live-clients.ts'
import type { LiveClients } from './live-clients.ts'
import type { LiveFeed } from './live-feed.ts'
import { parseRangeQuery } from './queries.ts'
import type { DeviceLabel, LatestAnswer, RangeAnswer } from './shapes.ts'
import { watchState } from './state.ts'
import type { StateWatch } from './state.ts'

/** What the dashboard reads of storage. */
export type StorageReader = Pick<Storage, 'latest' | 'devices' | 'range' | 'count'>

/** What a dashboard is made of. */
export interface DashboardParts {
  readonly storage: StorageReader
  readonly live: LiveFeed
  readonly log: Logger
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly listen: ListenAddress
  /** Where the agent takes readings by HTTP, for the first-reading help. */
  readonly agentUrl?: string | undefined
}

/** A running dashboard; its disposal drops all viewers and closes the port. */
export interface Dashboard extends AsyncDisposable {
  readonly port: number
}

const SECURITY_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

/** Starts the server. Throws `port_taken`. */
export async function createDashboard(parts: DashboardParts): Promise<Dashboard> {
  const { storage, live, clock, log, telemetry } = parts
  const assets = await loadAssets()
  const clients = createLiveClients(clock, telemetry)
  const state = watchState({ storage, live, clock, log, tell: (status) => clients.tell(status) })
  const unsubscribe = live.subscribe({
    onPoints(points) {
      const { readings, labels } = splitPoints(points)
      clients.send(readings)
      clients.name(labels)
    },
    onMissed: () => clients.disconnect(),
  })
  const app = fastify({ forceCloseConnections: true, exposeHeadRoutes: true })
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS)
  })
  app.setErrorHandler((error, _request, reply) => sendError(reply, error, log))
  app.setNotFoundHandler(async (_request, reply) => {
    await reply.code(404).send(errorBody('not_found', 'there is nothing at this address'))
  })
  addAssetRoutes(app, assets)
  addApiRoutes(app, parts, state, clients)
  addOpsRoutes(app, healthOf(live, state), telemetry)
  const end = async (): Promise<void> => {
    unsubscribe()
    await state[Symbol.asyncDispose]()
    clients.close()
    await app.close()
  }
  try {
    return { port: await listenOn(app, parts.listen), [Symbol.asyncDispose]: end }
  } catch (error) {
    await end()
    throw error
  }
}

function addApiRoutes(
  app: FastifyInstance,
  parts: DashboardParts,
  state: StateWatch,
  clients: LiveClients,
): void {
  const { storage, clock } = parts
  app.get('/api/latest', async (_request, reply): Promise<LatestAnswer> => {
    reply.header('cache-control', 'no-store')
    const [series, devices] = await Promise.all([storage.latest(), labels(parts)])
    const agentUrl = parts.agentUrl ?? null
    const { rows } = state.status()
    return { now: clock.now(), rows, agentUrl, series: series.map(shorten), devices }
  })
  app.get('/api/range', async (request, reply): Promise<RangeAnswer> => {
    reply.header('cache-control', 'no-store')
    const points = await storage.range(parseRangeQuery(request.query))
    return { at: points.map(({ at }) => at), number: points.map(({ number }) => number) }
  })
  app.get('/api/live', { exposeHeadRoute: false }, async (_request, reply) => {
    if (!clients.hasRoom()) {
      throw new HubleafError('too_many_viewers', 'too many viewers watch this dashboard now')
    }
    const headers = {
      ...reply.getHeaders(),
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    }
    reply.hijack()
    clients.add(reply.raw, headers, state.status())
  })
}

/** Names are worth having and not worth failing for: without them the page shows ids. */
async function labels({ storage, log }: DashboardParts): Promise<readonly DeviceLabel[]> {
  try {
    return (await storage.devices()).map(labelOf)
  } catch (error) {
    log.debug('device_names_away', { reason: messageOf(error) })
    return []
  }
}

function healthOf(live: LiveFeed, state: StateWatch): Health {
  return {
    alive: () => true,
    checks: () => ({
      storage: state.storageCheck(),
      live: live.connected()
        ? { state: 'ok' }
        : { state: 'failed', reason: 'NATS does not answer; the page shows stored readings only' },
    }),
    facts: () => ({ rows: state.status().rows }),
  }
}

const errorBody = (code: string, message: string) => ({ error: { code, message } })

async function sendError(reply: FastifyReply, error: unknown, log: Logger): Promise<void> {
  if (error instanceof HubleafError && error.kind !== 'bug') {
    const status = error.kind === 'input' ? 400 : 503
    await reply.code(status).send(errorBody(error.code, error.message))
    return
  }
  // Fastify's own refusals (a malformed URL, a body where none is wanted) carry a status below 500.
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    if (error.statusCode < 500) {
      await reply.code(error.statusCode).send(errorBody('request_invalid', error.message))
      return
    }
  }
  log.error('dashboard_request_failed', { reason: messageOf(error) })
  await reply.code(500).send(errorBody('internal', 'this is a bug in Hubleaf; its log says more'))
}
