// From a broker's configuration to one connection: files are read each time, so that a password or a
// certificate that was replaced is used at the next attempt without a restart.

import { readFileSync } from 'node:fs'
import type { Clock } from '../../../base/clock.ts'
import { HubleafError, messageOf } from '../../../base/errors.ts'
import type { BrokerConfig } from './config.ts'
import type { ConnectionOptions } from './connection.ts'

/** The options of the next connection. Throws `credentials_unreadable`. */
export function connectionOptions(
  { broker, hub, clock }: { broker: BrokerConfig; hub: string; clock: Clock },
  filters: readonly string[],
): ConnectionOptions {
  const { host, port, isTls } = broker.url
  const { ca_file, cert_file, key_file, server_name } = broker.tls
  const tls = {
    ...(ca_file === undefined ? {} : { ca: secret(ca_file) }),
    ...(cert_file === undefined ? {} : { cert: secret(cert_file) }),
    ...(key_file === undefined ? {} : { key: secret(key_file) }),
  }
  const { password_file } = broker
  return {
    ...{ host, port, isTls, tls, serverName: server_name, filters, clock },
    url: `${isTls ? 'mqtts' : 'mqtt'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    clientId: broker.client_id ?? `hubleaf-${hub}-${broker.name}`,
    version: broker.version,
    username: broker.username,
    password: password_file === undefined ? undefined : secret(password_file).replace(/\r?\n$/, ''),
    ...{ keepaliveMs: broker.keepalive, sessionExpiryMs: broker.session_expiry },
    maxInFlight: broker.max_in_flight,
  }
}

function secret(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `cannot read ${file}: ${messageOf(cause)}`
    const hint = 'check its path and its permissions'
    throw new HubleafError('credentials_unreadable', message, { cause, hint })
  }
}
