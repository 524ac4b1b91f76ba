// The MQTT broker for the tests of the MQTT source. On a person's machine it is only looked for; where
// it is missing those tests say so and are skipped. In CI on Debian it is installed.

import { HubleafError } from '../../base/errors.ts'
import type { Environment } from '../../base/find-nats-server.ts'
import { onPath } from '../../base/find-nats-server.ts'
import { installPackage } from './apt.ts'
import { isExecutable } from './chromium.ts'
import type { Progress } from './outcome.ts'

/** Debian puts daemons where the PATH of a user who is not root does not look. */
const DAEMONS = '/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin'

/** Path of a mosquitto, or undefined. HUBLEAF_MOSQUITTO is believed. */
export async function findMosquitto(
  env: Environment,
  daemons = DAEMONS,
): Promise<string | undefined> {
  const chosen = env['HUBLEAF_MOSQUITTO']
  if (chosen !== undefined && chosen !== '') return chosen
  const candidates = [env, { PATH: daemons }].flatMap((from) => onPath('mosquitto', from))
  for (const candidate of candidates) if (await isExecutable(candidate)) return candidate
  return undefined
}

/**
 * Installs mosquitto if CI=true, this is Debian's kind of Linux and we are root; else only looks.
 * Throws `mosquitto_missing` if CI=true and there is none in the end: a test that CI skips in silence
 * proves nothing.
 */
export async function ensureMosquitto(
  env: Environment,
  userId: number,
  progress: Progress,
  daemons = DAEMONS,
): Promise<string | undefined> {
  const found = await findMosquitto(env, daemons)
  if (found !== undefined || env['CI'] !== 'true') return found
  const why = await installPackage('mosquitto', env, userId, progress)
  const installed = await findMosquitto(env, daemons)
  if (installed !== undefined) return installed
  const hint = 'install Debian\'s package "mosquitto", or set HUBLEAF_MOSQUITTO to the path of one'
  throw new HubleafError('mosquitto_missing', `there is no mosquitto: ${why}`, { hint })
}
