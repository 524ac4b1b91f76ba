// A NATS connection as all our processes want it: it waits for a server that is not there yet,
// reconnects for ever, and tells the log once per change of state.

import { readFileSync } from 'node:fs'
import { connect, credsAuthenticator } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
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
  readonly log: Logger
}

/** Milliseconds between attempts to reconnect; the server is usually on this machine or near. */
const RECONNECT_WAIT_MS = 250

/** Connects, waiting as long as it takes. Throws `credentials_unreadable`. */
export async function connectNats(options: NatsOptions): Promise<NatsConnection> {
  const connection = await connect({
    servers: options.url,
    name: options.name,
    ...(options.credentialsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(readCredentials(options.credentialsFile)) }),
    ...(options.login === undefined
      ? {}
      : { user: options.login.user, pass: options.login.password }),
    ...(options.inboxPrefix === undefined ? {} : { inboxPrefix: options.inboxPrefix }),
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_WAIT_MS,
    reconnectJitter: RECONNECT_WAIT_MS,
    ignoreAuthErrorAbort: true,
  })
  watch(connection, options.log).catch((error: unknown) => {
    options.log.error('nats_status_lost', { reason: messageOf(error) })
  })
  return connection
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
