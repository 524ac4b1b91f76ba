// The configuration files of the demo's processes: real ones, which a reader may copy from.
// They are written anew at each start; the data that they point to stays.

import { join } from 'node:path'
import { stringify } from 'yaml'
import { writeDurably } from '../base/durable-file.ts'
import { ensureFolder } from '../base/folder.ts'
import type { Keyring } from '../cloud/control/keyring.ts'
import type { HubId } from '../wire/ids.ts'
import type { Ports } from './ports.ts'

/** Where each process finds its file. */
export interface ConfigFiles {
  readonly agent: string
  readonly worker: string
  readonly storage: string
  readonly dashboard: string
}

/** What the files are made from. */
export interface ConfigInput {
  readonly folder: string
  readonly hub: HubId
  readonly ports: Ports
  readonly keyring: Keyring
}

/** Writes all files anew. */
export function writeConfigs({ folder, hub, ports, keyring }: ConfigInput): ConfigFiles {
  const below = join(folder, 'config')
  ensureFolder(below)
  const write = (name: string, config: object): string => {
    const file = join(below, `${name}.yaml`)
    writeDurably(file, `# Written by hubleaf demo at each start.\n${stringify(config)}`)
    return file
  }
  const nats = {
    url: `nats://127.0.0.1:${ports.cloudClient}`,
    credentials_file: keyring.cloudCredentials,
  }
  return {
    agent: write('agent', {
      hub,
      data_dir: join(folder, 'agent'),
      cloud: {
        urls: [`nats-leaf://127.0.0.1:${ports.cloudLeaf}`],
        credentials_file: keyring.hubCredentials.get(hub) ?? '',
      },
      leaf: { port: ports.leafClient },
      http: { listen: `127.0.0.1:${ports.push}` },
      // A demonstration shows what it reads at once; it wears no card.
      journal: { flush_interval: '500ms' },
      // One machine has one clock: there is nobody whose time would be better.
      clock: { trust: true },
      sources: { host: { interval: '2s' }, simulated: { enabled: true, interval: '1s' } },
    }),
    worker: write('worker', { nats }),
    storage: write('storage', { nats, data_dir: join(folder, 'storage') }),
    dashboard: write('dashboard', {
      nats,
      listen: `127.0.0.1:${ports.dashboard}`,
      agent_url: `http://127.0.0.1:${ports.push}`,
    }),
  }
}
