// The local leaf: a nats-server child of this agent with the hub's credentials, and the password by
// which the agent, and nobody else on this machine, may publish through it.

import { join } from 'node:path'
import { readIfThere, writeDurably } from '../../base/durable-file.ts'
import { ensureFolder } from '../../base/folder.ts'
import { startNatsProcess } from '../../base/nats-process.ts'
import type { NatsProcess, NatsProcessOptions } from '../../base/nats-process.ts'
import { randomToken } from '../../base/random.ts'
import type { HubId } from '../../wire/ids.ts'
import { AGENT_USER, renderLeaf } from './leaf-config.ts'

/** What a leaf needs. */
export interface LeafServerOptions extends Pick<
  NatsProcessOptions,
  'binary' | 'clock' | 'random' | 'log'
> {
  readonly hub: HubId
  /** Folder of the leaf's files; made if missing. */
  readonly folder: string
  readonly clientPort: number
  readonly cloudUrls: readonly string[]
  readonly credentialsFile: string
}

/** A running leaf and how the agent gets in. */
export interface LeafServer extends AsyncDisposable {
  readonly process: NatsProcess
  readonly url: string
  readonly login: { readonly user: string; readonly password: string }
}

/** Starts the leaf, or adopts the one that a killed agent left. Throws `nats_server_failed`. */
export async function startLeafServer(options: LeafServerOptions): Promise<LeafServer> {
  const { hub, folder, clientPort, cloudUrls, credentialsFile } = options
  ensureFolder(folder)
  const at = (name: string): string => join(folder, name)
  const password = keepPassword(at('password'), options.random)
  const pidFile = at('nats-server.pid')
  const logFile = at('nats-server.log')
  const process = await startNatsProcess({
    role: 'leaf',
    ...{ binary: options.binary, configFile: at('nats-server.conf'), pidFile, logFile },
    configText: renderLeaf({
      ...{ hub, clientPort, agentPassword: password, cloudUrls, credentialsFile },
      ...{ pidFile, logFile },
    }),
    ...{ port: clientPort, clock: options.clock, random: options.random, log: options.log },
  })
  return {
    process,
    url: `127.0.0.1:${clientPort}`,
    login: { user: AGENT_USER, password },
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

/** The same password at each start: a leaf that was left behind must still let us in. */
function keepPassword(file: string, random: NatsProcessOptions['random']): string {
  const known = readIfThere(file)
  if (known !== undefined && known.length === 32) return known
  const made = randomToken(random, 32)
  writeDurably(file, made)
  return made
}
