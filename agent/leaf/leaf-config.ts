// The configuration of the local leaf nats-server. No JetStream: the journal is the only buffer, and
// a local stream could acknowledge in the cloud's place. Only the agent's user has the account that
// is connected to the cloud; other local programs get one without export. Pure text.

import type { HubId } from '../../wire/ids.ts'

/** What a leaf needs to know. */
export interface LeafOptions {
  readonly hub: HubId
  /** Loopback port for local clients. */
  readonly clientPort: number
  /** Password of the agent's own user, made at each start. */
  readonly agentPassword: string
  /** Addresses of the cloud's leafnode listeners, `nats-leaf://…`, `tls://…` or `wss://…`. */
  readonly cloudUrls: readonly string[]
  /** The hub's credentials file. */
  readonly credentialsFile: string
  readonly pidFile: string
  readonly logFile: string
}

/** The agent's user on its leaf. */
export const AGENT_USER = 'hubleaf-agent'

/** The file's text; it holds the local password, so its mode must be 0600. */
export function renderLeaf(options: LeafOptions): string {
  const urls = options.cloudUrls.map((url) => JSON.stringify(url)).join(', ')
  return `# Written by Hubleaf at each start; changes here are lost.
server_name: ${JSON.stringify(`leaf-${options.hub}`)}
listen: "127.0.0.1:${options.clientPort}"
pid_file: ${JSON.stringify(options.pidFile)}
log_file: ${JSON.stringify(options.logFile)}
logfile_size_limit: 1MB
logfile_max_num: 2

# A dead link is found in at most 20 s; the defaults take minutes.
ping_interval: "10s"
ping_max: 2

accounts {
  HUB { users: [ { user: ${AGENT_USER}, password: ${JSON.stringify(options.agentPassword)} } ] }
  LOCAL { users: [ { user: local } ] }
}
no_auth_user: local

leafnodes {
  reconnect: "500ms"
  remotes: [
    {
      urls: [ ${urls} ]
      account: HUB
      credentials: ${JSON.stringify(options.credentialsFile)}
      compression: off
    }
  ]
}
`
}
