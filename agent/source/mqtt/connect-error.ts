// What went wrong with a broker, as an error with a code: told by the reason codes of MQTT and by the
// codes of system and TLS errors, never by message text. Pure.

import { HubleafError, messageOf, systemCodeOf } from '../../../base/errors.ts'

/** Reasons of CONNACK, SUBACK and DISCONNECT (MQTT 3.1.1, 3.2.2.3 and MQTT 5, 2.4). */
const UNAUTHORIZED: ReadonlySet<number> = new Set([4, 5, 134, 135, 138, 140])
const VERSION: ReadonlySet<number> = new Set([1, 132])
const TAKEN_OVER = 142

/** System codes of what passes by itself; every other error while TLS is set up is TLS's own. */
const NETWORK = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ENOTFOUND'],
  ...['EAI_AGAIN', 'EPIPE', 'ECONNABORTED', 'EADDRNOTAVAIL', 'EHOSTDOWN', 'ENETDOWN'],
])

/** Where a broker is and how we speak to it. */
export interface BrokerPlace {
  readonly url: string
  readonly isTls: boolean
  readonly clientId: string
  readonly version: '5' | '3.1.1'
}

/** The error for what MQTT itself answered. */
export function refusedBy(place: BrokerPlace, reason: number, cause?: unknown): HubleafError {
  const broker = `the broker at ${place.url}`
  if (UNAUTHORIZED.has(reason)) {
    const hint = 'check username and password_file, and what the broker lets this user do'
    const message = `${broker} does not accept user name and password (reason ${reason})`
    return new HubleafError('mqtt_unauthorized', message, { hint, cause })
  }
  if (VERSION.has(reason)) {
    const hint = `set version: "${place.version === '5' ? '3.1.1' : '5'}" for this broker`
    const message = `${broker} does not speak MQTT ${place.version} (reason ${reason})`
    return new HubleafError('mqtt_version_refused', message, { hint, cause })
  }
  if (reason === TAKEN_OVER) {
    const hint = 'two agents must not have one client_id'
    const message = `${broker} gave the session of client ${place.clientId} to another connection`
    return new HubleafError('mqtt_refused', message, { hint, cause })
  }
  const message = `${broker} refuses the connection (reason ${reason})`
  return new HubleafError('mqtt_refused', message, { hint: "the broker's log says why", cause })
}

/** The error for a connection that failed or ended. `isSecured`: TLS was set up, or is not used. */
export function connectionFailed(
  place: BrokerPlace,
  error: unknown,
  isSecured: boolean,
): HubleafError {
  const code = systemCodeOf(error)
  if (place.isTls && !isSecured && code !== undefined && !NETWORK.has(code)) {
    const message = `no TLS connection to ${place.url}: ${messageOf(error)} (${code})`
    const hint = 'check url, tls.ca_file and the certificates on both sides'
    return new HubleafError('mqtt_tls_failed', message, { hint, cause: error })
  }
  // A server that wants a client's certificate says so by an alert after the handshake.
  if (place.isTls && code?.startsWith('ERR_SSL_') === true) {
    const message = `the broker at ${place.url} ended the TLS connection: ${code}`
    const hint = 'check tls.cert_file and tls.key_file'
    return new HubleafError('mqtt_tls_failed', message, { hint, cause: error })
  }
  const why = error === undefined ? 'the connection ended' : messageOf(error)
  const message = `the broker at ${place.url} cannot be reached: ${why}`
  return new HubleafError('mqtt_unreachable', message, { cause: error })
}
