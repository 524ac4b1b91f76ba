// The operator's HTTP ends of a process: /healthz, /readyz, /status and /metrics. A process that has
// its own Fastify server adds these routes to it; the others start one for them alone.

import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { ListenAddress } from './config.ts'
import { HubleafError, systemCodeOf } from './errors.ts'
import type { Telemetry } from './telemetry.ts'

/**
 * Settings of a server whose routes have no schemas. Without them Fastify loads its compilers of schemas
 * whether they are used or not: a fifth of an agent's start, and 8 MB.
 */
export const WITHOUT_SCHEMAS = {
  schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
} as const

function noSchemas(): never {
  throw new HubleafError('internal', 'a route has a schema on a server without schemas')
}

/** One thing that can be well or not. */
export interface Check {
  readonly state: 'ok' | 'degraded' | 'failed' | 'unknown'
  /** Why, as a sentence, where the state is not ok. */
  readonly reason?: string
}

/** What a process says of itself. */
export interface Health {
  /** Alive: false only if a restart would help. */
  alive(): boolean
  /** By name; the process is ready when none has failed. */
  checks(): { readonly [name: string]: Check }
  /** More facts for `/status`, JSON. */
  facts(): { readonly [name: string]: unknown }
}

/** Adds /healthz, /readyz, /status and /metrics to a server. */
export function addOpsRoutes(app: FastifyInstance, health: Health, telemetry: Telemetry): void {
  app.get('/healthz', async (_request, reply) => {
    const alive = health.alive()
    await reply.code(alive ? 200 : 503).send({ status: alive ? 'ok' : 'failed' })
  })
  app.get('/readyz', async (_request, reply) => {
    const checks = health.checks()
    const ready = Object.values(checks).every((check) => check.state !== 'failed')
    await reply.code(ready ? 200 : 503).send({ status: ready ? 'ok' : 'failed', checks })
  })
  app.get('/status', async () => ({ checks: health.checks(), ...health.facts() }))
  app.get('/metrics', async (_request, reply) => {
    const { type, text } = await telemetry.scrape()
    await reply.header('content-type', type).send(text)
  })
}

/** A server for the operator's ends alone; its disposal closes it. Throws `port_taken`. */
export async function startOpsServer(
  listen: ListenAddress,
  health: Health,
  telemetry: Telemetry,
): Promise<AsyncDisposable & { readonly port: number }> {
  const app = fastify({ ...WITHOUT_SCHEMAS, forceCloseConnections: true })
  addOpsRoutes(app, health, telemetry)
  const port = await listenOn(app, listen)
  return { port, [Symbol.asyncDispose]: () => app.close() }
}

/** Starts listening and gives the port that was taken. Throws `port_taken`. */
export async function listenOn(app: FastifyInstance, listen: ListenAddress): Promise<number> {
  try {
    await app.listen(listen)
  } catch (cause) {
    await app.close()
    if (systemCodeOf(cause) !== 'EADDRINUSE') throw cause
    const message = `port ${listen.port} on ${listen.host} is taken by another program`
    const hint = 'stop that program, or give another port in the configuration'
    throw new HubleafError('port_taken', message, { cause, hint })
  }
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : listen.port
}
