// The control of a simulated SmartThings cloud from another process: its faults, values by hand, tokens,
// and the log of truth. It has a port of its own, so that it answers also while the cloud is away.

import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { listenOn, WITHOUT_SCHEMAS } from '../../base/ops-server.ts'
import type { SmartThingsCloud } from './cloud.ts'
import { faultsSchema } from './faults.ts'

const path = { deviceId: z.string(), component: z.string().default('main') }
const attributeSchema = z.strictObject({
  ...{ ...path, capability: z.string(), attribute: z.string() },
  ...{ value: z.json(), unit: z.string().optional() },
})
const healthSchema = z.strictObject({
  ...{ deviceId: z.string(), health: z.enum(['ONLINE', 'OFFLINE', 'UNHEALTHY']) },
})
const grantSchema = z.strictObject({
  ...{ locationId: z.string().optional(), scopes: z.array(z.string()).optional() },
})
const appSchema = z.strictObject({ installedAppId: z.string() })

/** What `POST` takes at each path, and what it does. */
type Action = (cloud: SmartThingsCloud, body: unknown) => unknown

function action<T>(
  schema: z.ZodType<T>,
  act: (cloud: SmartThingsCloud, body: T) => unknown,
): Action {
  return (cloud, body) => act(cloud, schema.parse(body ?? {}))
}

const ACTIONS: { readonly [path: string]: Action } = {
  '/faults': action(faultsSchema.partial(), async (cloud, faults) => {
    await cloud.setFaults(faultsSchema.parse({ ...cloud.faults, ...faults }))
    return cloud.faults
  }),
  '/attributes': action(attributeSchema, (cloud, { value, unit, ...attribute }) => {
    cloud.advance()
    return { change: cloud.house.set(attribute, value, unit) ?? null }
  }),
  '/health': action(healthSchema, (cloud, { deviceId, health }) => {
    cloud.advance()
    cloud.house.setHealth(deviceId, health)
    return {}
  }),
  '/grants': action(grantSchema, (cloud, { locationId, scopes }) =>
    cloud.grant({
      ...(locationId === undefined ? {} : { locationId }),
      ...(scopes === undefined ? {} : { scopes }),
    }),
  ),
  '/personal-tokens': action(z.strictObject({}), (cloud) => ({ token: cloud.personalToken() })),
  '/revoke': action(appSchema, (cloud, { installedAppId }) => ({
    revoked: cloud.tokens.revoke(installedAppId),
  })),
  '/expire': action(z.strictObject({}), (cloud) => {
    cloud.tokens.expireAccess()
    return {}
  }),
}

/** Starts the control of a cloud on a port of loopback, 0 for any. Throws `port_taken`. */
export async function startControl(
  cloud: SmartThingsCloud,
  port: number,
): Promise<AsyncDisposable & { readonly url: string }> {
  const app = fastify({ ...WITHOUT_SCHEMAS, forceCloseConnections: true })
  addRoutes(app, cloud)
  const taken = await listenOn(app, { host: '127.0.0.1', port })
  return { url: `http://127.0.0.1:${taken}`, [Symbol.asyncDispose]: () => app.close() }
}

function addRoutes(app: FastifyInstance, cloud: SmartThingsCloud): void {
  app.setErrorHandler(async (error, _request, reply) => {
    const isInput = error instanceof z.ZodError
    const message = isInput ? z.prettifyError(error) : String(error)
    await reply.code(isInput ? 400 : 500).send({ error: message })
  })
  app.get('/truth', async (_request, reply) =>
    reply.type('application/x-ndjson').send(cloud.truth.text()),
  )
  app.get('/faults', async () => cloud.faults)
  app.get('/', async () => ({ url: cloud.url, ...cloud.app }))
  for (const [path, act] of Object.entries(ACTIONS)) {
    app.post(path, async (request) => act(cloud, request.body))
  }
}
