// Puts the demo together: keys, the cloud's nats-server, then all processes at once; each waits for
// what it needs by itself, so the order does not matter. Released in the order of the flow: the agent
// first, so that what it holds still finds a cloud.

import { join } from 'node:path'
import type { Clock } from '../base/clock.ts'
import { readIfThere, writeDurably } from '../base/durable-file.ts'
import { HubleafError, isHubleafError } from '../base/errors.ts'
import { ensureFolder } from '../base/folder.ts'
import { numberAt, parseJson } from '../base/json.ts'
import { silentLogger } from '../base/log.ts'
import { startNatsProcess } from '../base/nats-process.ts'
import type { NatsProcess } from '../base/nats-process.ts'
import { commandLineOf, isAlive } from '../base/process.ts'
import type { Random } from '../base/random.ts'
import { holdLock } from '../base/sqlite.ts'
import { openKeyring } from '../cloud/control/keyring.ts'
import type { Keyring } from '../cloud/control/keyring.ts'
import { renderCloudServer } from '../cloud/control/server-config.ts'
import { parseHubId } from '../wire/ids.ts'
import { startChild } from './child.ts'
import { writeConfigs } from './configs.ts'
import type { ConfigFiles } from './configs.ts'
import { choosePorts, PREFERRED } from './ports.ts'
import type { Ports } from './ports.ts'

/** What the demo needs. */
export interface DemoOptions {
  /** All of its data. */
  readonly folder: string
  readonly dashboardPort: number | undefined
  readonly pushPort: number | undefined
  readonly natsServer: string
  /** How to run this program: the Node program, its flags, the script. */
  readonly program: readonly string[]
  readonly say: (line: string) => void
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
}

/** A running demo. Disposal ends every process that it started. */
export interface Demo extends AsyncDisposable {
  readonly dashboardUrl: string
  readonly pushUrl: string
}

/** How long the page may take to answer, ms. */
const READY_TIMEOUT_MS = 60_000
const READY_LOOK_MS = 50

/** Starts the demo; resolves when the page answers or the signal aborts. Throws `demo_running`. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  ensureFolder(join(options.folder, 'logs'))
  ensureFolder(join(options.folder, 'nats'))
  await using parts = new AsyncDisposableStack()
  const lock = lockFolder(options.folder)
  parts.defer(() => lock[Symbol.dispose]())
  const ports = await demoPorts(options)
  for (const name of ['dashboard', 'push'] as const) {
    if (ports[name] !== PREFERRED[name] && options[`${name}Port`] === undefined) {
      options.say(`port ${PREFERRED[name]} is taken by another program, using ${ports[name]}`)
    }
  }
  const hub = parseHubId('demo-home')
  if (hub === undefined) throw new HubleafError('internal', 'the demo’s hub has no valid id')
  const keyring = await openKeyring(join(options.folder, 'keys'), [hub])
  options.say('starting the cloud’s nats-server …')
  parts.use(await startCloudServer(options, ports, keyring))
  const files = writeConfigs({ folder: options.folder, hub, ports, keyring })
  options.say('starting agent, workers, storage and dashboard …')
  startChildren(options, files, parts)
  const urls = {
    dashboardUrl: `http://127.0.0.1:${ports.dashboard}`,
    pushUrl: `http://127.0.0.1:${ports.push}`,
  }
  await answers(options, [`${urls.dashboardUrl}/healthz`, `${urls.pushUrl}/healthz`])
  const running = parts.move()
  return { ...urls, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

/** Only one demo may use a folder; a second one is told where the first one is. */
function lockFolder(folder: string): Disposable {
  try {
    return holdLock(join(folder, 'demo.lock'), 'demo_running', folder)
  } catch (cause) {
    if (!isHubleafError(cause, 'demo_running')) throw cause
    const port = numberAt(parseJson(readIfThere(join(folder, 'ports.json')) ?? ''), 'dashboard')
    const hint = `its page is http://127.0.0.1:${port ?? ''}; for a second demo give --data another folder`
    throw new HubleafError('demo_running', `a demo is running already with ${folder}`, { hint })
  }
}

async function demoPorts(options: DemoOptions): Promise<Ports> {
  const { folder, dashboardPort, pushPort } = options
  const cloudHeld = isServerLeft(join(folder, 'nats/cloud.pid'), folder)
  const leafHeld = isServerLeft(join(folder, 'agent/leaf/nats-server.pid'), folder)
  const wanted = {
    ...(dashboardPort === undefined ? {} : { dashboard: dashboardPort }),
    ...(pushPort === undefined ? {} : { push: pushPort }),
  }
  return choosePorts(join(folder, 'ports.json'), wanted, (name) =>
    name === 'leafClient' ? leafHeld : cloudHeld && name.startsWith('cloud'),
  )
}

function isServerLeft(pidFile: string, folder: string): boolean {
  const pid = Number(readIfThere(pidFile)?.trim() ?? 0)
  return pid > 1 && isAlive(pid) && commandLineOf(pid)?.includes(folder) === true
}

async function startCloudServer(
  options: DemoOptions,
  ports: Ports,
  keyring: Keyring,
): Promise<NatsProcess> {
  const at = (name: string): string => join(options.folder, 'nats', name)
  const files = { pidFile: at('cloud.pid'), logFile: at('cloud.log') }
  return startNatsProcess({
    ...{ role: 'cloud', binary: options.natsServer, configFile: at('cloud.conf'), ...files },
    configText: renderCloudServer({
      ...{ serverName: 'nats-1', clientPort: ports.cloudClient, leafPort: ports.cloudLeaf },
      ...{ monitorPort: ports.cloudMonitor, storeFolder: at('store'), ...files, keyring },
    }),
    ...{ port: ports.cloudClient, clock: options.clock, random: options.random },
    log: {
      ...silentLogger,
      warn: () =>
        options.say(`the cloud’s nats-server ended, starting it again; see ${files.logFile}`),
    },
  })
}

/** The processes, in the order in which they are ended last to first. */
function startChildren(
  options: DemoOptions,
  files: ConfigFiles,
  parts: AsyncDisposableStack,
): void {
  const children: readonly (readonly [name: string, ...args: string[]])[] = [
    ['dashboard', 'dashboard', '--config', files.dashboard],
    ['storage', 'storage', '--config', files.storage],
    ['worker-others', 'worker', '--config', files.worker, '--others'],
    ['worker-humidity', 'worker', '--config', files.worker, '--type', 'humidity'],
    ['worker-temperature', 'worker', '--config', files.worker, '--type', 'temperature'],
    ['agent', 'agent', '--config', files.agent],
  ]
  const { clock, random, say, folder } = options
  const [program = '', ...flags] = options.program
  const pids = new Map<string, number>()
  const note = (name: string, pid: number): void => {
    pids.set(name, pid)
    writeDurably(join(folder, 'pids.json'), JSON.stringify(Object.fromEntries(pids)))
  }
  for (const [name, ...args] of children) {
    const logFile = join(folder, 'logs', `${name}.log`)
    parts.use(
      startChild({
        ...{ name, command: [program, ...flags, ...args], logFile, clock, random },
        onStart: (pid) => note(name, pid),
        onTrouble: (what) => say(`the process id of ${name} was not noted: ${what}`),
        onDeath: (how) => say(`${name} ended (${how}), starting it again; see ${logFile}`),
      }),
    )
  }
}

/** Resolves when each address answers 200, or the signal aborts. Throws `internal` when none does. */
async function answers(options: DemoOptions, urls: readonly string[]): Promise<void> {
  const { clock, signal, folder } = options
  const deadline = clock.monotonic() + READY_TIMEOUT_MS
  for (const url of urls) {
    while (!signal.aborted && !(await isWell(url))) {
      if (clock.monotonic() > deadline) {
        const hint = `the reason is in ${join(folder, 'logs')}`
        throw new HubleafError('demo_not_ready', `${url} did not answer in a minute`, { hint })
      }
      await clock.sleep(READY_LOOK_MS, signal)
    }
  }
}

async function isWell(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok
  } catch {
    return false
  }
}
