// Makes sure that there is a nats-server: one that is already on this machine, else the official
// release, else a build by Go, else the system's package. What it gets goes into the user's cache
// folder, whole or not at all, so that two processes at once do not break each other's work.

import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { HubleafError, systemCodeOf } from '../../base/errors.ts'
import type { Environment } from '../../base/find-nats-server.ts'
import {
  cachedNatsServer,
  findNatsServer,
  isAtLeast,
  natsServerVersion,
  OLDEST_VERSION,
  onPath,
} from '../../base/find-nats-server.ts'
import { natsFromGo } from './nats-go.ts'
import { natsFromPackage } from './nats-package.ts'
import { natsFromRelease } from './nats-release.ts'
import type { Outcome, Progress, ToolContext } from './outcome.ts'

const WORK_PREFIX = 'getting-'
/** No attempt takes that long: its process was killed. */
const ABANDONED_MS = 86_400_000

/** What set-up needs to get a nats-server. */
export interface EnsureOptions {
  readonly env: Environment
  readonly clock: Clock
  readonly progress: Progress
  /** Tells a person one line. */
  say(line: string): void
  readonly releasesUrl: string
  /** As Node names them. */
  readonly platform: string
  readonly arch: string
}

/** A way to get the program; `name` is what the error calls it. */
interface Way {
  readonly name: string
  get(context: ToolContext): Promise<Outcome>
}

/**
 * Path of a usable nats-server. Throws `nats_server_missing`, which names each way and why it failed,
 * if there is none and none can be had.
 */
export async function ensureNatsServer(options: EnsureOptions): Promise<string> {
  const { env, clock, platform } = options
  const found = await findNatsServer(env)
  if (found !== undefined) return found
  const failures = [`PATH: ${await whyNotOnPath(env)}`]
  const ways: readonly Way[] = [
    {
      name: 'official release',
      get: (context) => natsFromRelease(context, clock, options),
    },
    { name: 'go install', get: natsFromGo },
    { name: 'system package', get: (context) => natsFromPackage(context, platform) },
  ]
  for (const way of ways) {
    const outcome = await intoCache(way, options)
    if ('found' in outcome) return outcome.found
    const failure = `${way.name}: ${outcome.failed}`
    options.say(`nats-server by ${failure}`)
    failures.push(failure)
  }
  const message = `there is no nats-server, and no way to get one:\n    ${failures.join('\n    ')}`
  const hint = `install nats-server ${OLDEST_VERSION} or newer, or set HUBLEAF_NATS_SERVER to the path of one`
  throw new HubleafError('nats_server_missing', message, { hint })
}

async function whyNotOnPath(env: Environment): Promise<string> {
  for (const candidate of onPath('nats-server', env)) {
    const version = await natsServerVersion(candidate)
    if (version !== undefined) return `${candidate} is ${version}, older than ${OLDEST_VERSION}`
  }
  return 'none there'
}

/** Tries one way; what it gives is checked and then moved into its place in one step. */
async function intoCache(way: Way, { env, clock, progress }: EnsureOptions): Promise<Outcome> {
  const place = cachedNatsServer(env)
  const folder = dirname(place)
  await mkdir(folder, { recursive: true })
  await removeAbandoned(folder, clock)
  const workFolder = await mkdtemp(join(folder, WORK_PREFIX))
  try {
    const outcome = await way.get({ env, progress, workFolder })
    if ('failed' in outcome) return outcome
    const version = await natsServerVersion(outcome.found)
    if (version === undefined || !isAtLeast(version, OLDEST_VERSION)) {
      return { failed: `what it gave ${version === undefined ? 'does not run' : `is ${version}`}` }
    }
    const ready = join(workFolder, 'ready')
    await copyFile(outcome.found, ready)
    await chmod(ready, 0o755)
    await rename(ready, place)
    return { found: place }
  } finally {
    await rm(workFolder, { recursive: true, force: true })
  }
}

async function removeAbandoned(folder: string, clock: Clock): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(WORK_PREFIX)) continue
    const path = join(folder, name)
    const found = await stat(path).catch(absent)
    if (found !== undefined && clock.now() - found.mtimeMs > ABANDONED_MS) {
      await rm(path, { recursive: true, force: true })
    }
  }
}

/** Another process may have ended its attempt since the folder was listed. */
function absent(error: unknown): undefined {
  if (systemCodeOf(error) !== 'ENOENT') throw error
  return undefined
}
