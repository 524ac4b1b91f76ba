// Finds a nats-server that is already on this machine: the one that HUBLEAF_NATS_SERVER names, the one
// that set-up has put into the user's cache folder, or one on PATH. No network, no build. Gives only
// what runs and is new enough.

import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { HubleafError } from './errors.ts'

/** Environment variables by name. */
export type Environment = { readonly [name: string]: string | undefined }

/** The version that set-up fetches or builds. */
export const PINNED_VERSION = '2.15.2'
/** The oldest version that serves: earlier ones lack parts of the leaf's and the stream's settings. */
export const OLDEST_VERSION = '2.12.0'

const ANSWER_MS = 10_000

/**
 * Path of a usable nats-server, or undefined. Throws `nats_server_missing` if HUBLEAF_NATS_SERVER
 * names one that does not serve: what somebody chose must not be passed over in silence.
 */
export async function findNatsServer(env: Environment): Promise<string | undefined> {
  const chosen = env['HUBLEAF_NATS_SERVER']
  if (chosen !== undefined && chosen !== '') return checkChosen(chosen)
  for (const candidate of [cachedNatsServer(env), ...onPath('nats-server', env)]) {
    const version = await natsServerVersion(candidate)
    if (version !== undefined && isAtLeast(version, OLDEST_VERSION)) return candidate
  }
  return undefined
}

async function checkChosen(chosen: string): Promise<string> {
  const version = await natsServerVersion(chosen)
  if (version !== undefined && isAtLeast(version, OLDEST_VERSION)) return chosen
  const why = version === undefined ? 'does not run' : `is ${version}, older than ${OLDEST_VERSION}`
  const message = `HUBLEAF_NATS_SERVER names ${chosen}, which ${why}`
  const hint = 'name another nats-server, or unset the variable to let Hubleaf find one'
  throw new HubleafError('nats_server_missing', message, { hint })
}

/** Hubleaf's part of the user's cache folder; nothing in it is missed when it is removed. */
export function cacheFolder(env: Environment): string {
  const xdg = env['XDG_CACHE_HOME']
  if (xdg !== undefined && xdg !== '') return join(xdg, 'hubleaf')
  const caches = process.platform === 'darwin' ? 'Library/Caches' : '.cache'
  return join(env['HOME'] ?? homedir(), caches, 'hubleaf')
}

/** Where set-up puts nats-server. */
export function cachedNatsServer(env: Environment): string {
  return join(cacheFolder(env), 'tools', `nats-server-${PINNED_VERSION}`, 'nats-server')
}

/** Each place on PATH where a program of this name may be, in order. */
export function onPath(name: string, env: Environment): readonly string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name))
}

/** The version that a nats-server gives of itself, such as `2.15.2`; undefined if it does not run. */
export async function natsServerVersion(binary: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(binary, ['--version'], { timeout: ANSWER_MS }, (error, output) => {
      resolve(error === null ? /\bv?(\d+\.\d+\.\d+)/.exec(output)?.[1] : undefined)
    })
  })
}

/** True if `version` (numbers between dots; what follows them is ignored) is not below `oldest`. */
export function isAtLeast(version: string, oldest: string): boolean {
  const found = numbersOf(version)
  for (const [index, wanted] of numbersOf(oldest).entries()) {
    const number = found[index] ?? 0
    if (number !== wanted) return number > wanted
  }
  return true
}

function numbersOf(version: string): readonly number[] {
  const numbers = /^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? ''
  return numbers.split('.').map(Number)
}
