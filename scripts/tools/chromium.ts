// The browser for the tests of the dashboard. On a person's machine it is only looked for; where it
// is missing the browser test says so and is skipped. In CI on Debian it is installed.

import { access, constants } from 'node:fs/promises'
import { HubleafError, systemCodeOf } from '../../base/errors.ts'
import type { Environment } from '../../base/find-nats-server.ts'
import { onPath } from '../../base/find-nats-server.ts'
import { installPackage } from './apt.ts'
import type { Progress } from './outcome.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Path of a Chromium or Chrome, or undefined. HUBLEAF_CHROMIUM is believed. */
export async function findChromium(env: Environment): Promise<string | undefined> {
  const chosen = env['HUBLEAF_CHROMIUM']
  if (chosen !== undefined && chosen !== '') return chosen
  for (const candidate of NAMES.flatMap((name) => onPath(name, env))) {
    if (await isExecutable(candidate)) return candidate
  }
  return undefined
}

/**
 * Installs Chromium if CI=true, this is Debian's kind of Linux and we are root; else only looks.
 * Throws `chromium_missing` if CI=true and there is none in the end: a test that CI skips in silence
 * proves nothing.
 */
export async function ensureChromium(
  env: Environment,
  userId: number,
  progress: Progress,
): Promise<string | undefined> {
  const found = await findChromium(env)
  if (found !== undefined || env['CI'] !== 'true') return found
  const why = await installPackage('chromium', env, userId, progress)
  const installed = await findChromium(env)
  if (installed !== undefined) return installed
  const hint = 'install Debian\'s package "chromium", or set HUBLEAF_CHROMIUM to the path of one'
  throw new HubleafError('chromium_missing', `there is no Chromium: ${why}`, { hint })
}

/** True if the file is there and this user may run it. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return true
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR') return false
    throw error
  }
}
