// A NATS connection as all our processes want it: it waits for a server that is not there yet,
// reconnects for ever, and tells the log once per change of state.

import { readFileSync } from 'node:fs'
import { connect, credsAuthenticator } from '@nats-io/transport-node'
import type { NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node'
import { systemClock } from './clock.ts'
import { HubleafError, messageOf } from './errors.ts'
import type { Logger } from './log.ts'

/** How to reach NATS. */
export interface NatsOptions {
  readonly url: string
  /** The client's name, as servers list it. */
  readonly name: string
  /** A `.creds` file (JWT and seed), where the server asks for one. */
  readonly credentialsFile?: string | undefined
  /** User and password, for a local leaf. */
  readonly login?: { readonly user: string; readonly password: string }
  /** Replies arrive below this; the user's permissions must name it. */
  readonly inboxPrefix?: string
  /** Ends the waiting for a server that is not there. */
  readonly signal?: AbortSignal
  readonly log: Logger
}

/** Milliseconds between attempts to reconnect; the server is usually on this machine or near. */
const RECONNECT_WAIT_MS = 250

/** Milliseconds that one attempt to connect may take. */
const CONNECT_TIMEOUT_MS = 5000

/**
 * Connects, waiting as long as it takes or until the signal aborts. Throws `credentials_unreadable`,
 * or `nats_unreachable` when the signal ended the waiting.
 */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const settings = settingsOf(options)
  const { log, url, signal } = options
  for (let told = false; signal?.aborted !== true; told = true) {
    try {
      const connection = await connect(settings)
      watch(connection, log).catch((error: unknown) => {
        log.error('nats_status_lost', { reason: messageOf(error) })
      })
      return connection
    } catch (error) {
      if (!told) log.warn('waiting_for_nats', { server: url, reason: messageOf(error) })
      await systemClock.sleep(RECONNECT_WAIT_MS, signal)
    }
  }
  throw new HubleafError('nats_unreachable', `stopped before ${url} could be reached`)
}

function settingsOf(options: NatsOptions): NodeConnectionOptions {
  const { url, name, credentialsFile, login, inboxPrefix } = options
  return {
    servers: url,
    name,
    ...(credentialsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(readCredentials(credentialsFile)) }),
    ...(login === undefined ? {} : { user: login.user, pass: login.password }),
    ...(inboxPrefix === undefined ? {} : { inboxPrefix }),
    timeout: CONNECT_TIMEOUT_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
    ignoreAuthErrorAbort: true,
    // A stack trace kept for each request costs more than the request.
    noAsyncTraces: true,
  }
}

async function watch(connection: NatsConnection, log: Logger): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') log.warn('nats_disconnected', { server: status.server })
    if (status.type === 'reconnect') log.info('nats_reconnected', { server: status.server })
    if (status.type === 'error') log.warn('nats_error', { reason: status.error.message })
  }
}

function readCredentials(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    const message = `cannot read the credentials ${file}: ${messageOf(cause)}`
    throw new HubleafError('credentials_unreadable', message, { cause })
  }
}
