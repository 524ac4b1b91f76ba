// The configuration of one cloud nats-server on a single machine: operator mode with the full
// resolver, JetStream that acknowledges only what is synced, a leafnode listener. Pure text.

import type { Keyring } from './keyring.ts'

/** What differs between one server and another. */
export interface CloudServerOptions {
  readonly serverName: string
  readonly clientPort: number
  readonly leafPort: number
  readonly monitorPort: number
  /** Streams and account JWTs live below this folder. */
  readonly storeFolder: string
  readonly pidFile: string
  readonly logFile: string
  readonly keyring: Keyring
}

/** The file's text. It holds JWTs, no seeds. */
export function renderCloudServer(options: CloudServerOptions): string {
  const { keyring } = options
  const accounts = [keyring.system, keyring.cloud, ...keyring.hubs.values()]
  const preload = accounts.map((account) => `  ${account.id}: ${account.jwt}`)
  return `# Written by Hubleaf at each start; changes here are lost.
server_name: ${JSON.stringify(options.serverName)}
listen: "127.0.0.1:${options.clientPort}"
http: "127.0.0.1:${options.monitorPort}"
pid_file: ${JSON.stringify(options.pidFile)}
log_file: ${JSON.stringify(options.logFile)}
logfile_size_limit: 1MB
logfile_max_num: 2

# A dead connection is found in seconds; the defaults take minutes.
ping_interval: "10s"
ping_max: 2

# Only with sync_interval "always" does an acknowledgement survive a power cut.
jetstream {
  store_dir: ${JSON.stringify(options.storeFolder)}
  domain: hub
  sync_interval: always
}

leafnodes {
  listen: "127.0.0.1:${options.leafPort}"
  isolate_leafnode_interest: true
  compression: off
}

operator: ${keyring.operatorJwt}
system_account: ${keyring.system.id}
resolver {
  type: full
  dir: ${JSON.stringify(`${options.storeFolder}/jwt`)}
  allow_delete: true
  interval: "2m"
}
resolver_preload {
${preload.join('\n')}
}
`
}
