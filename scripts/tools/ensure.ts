// Makes sure that the tools are there which npm does not bring: nats-server, and with `--tests` the
// browser and the MQTT broker. Says nothing where they are. Run by scripts/setup.mjs.

import { systemClock } from '../../base/clock.ts'
import { reportError } from '../../base/verb.ts'
import { ensureChromium } from './chromium.ts'
import { ensureMosquitto } from './mosquitto.ts'
import { RELEASES_URL } from './nats-release.ts'
import { ensureNatsServer } from './nats-server.ts'
import { progressOn } from './progress.ts'

const progress = progressOn(process.stderr, systemClock)
const { env, platform, arch } = process

try {
  await ensureNatsServer({
    env,
    platform,
    arch,
    progress,
    say: (line) => process.stderr.write(`${line}\n`),
    clock: systemClock,
    releasesUrl: RELEASES_URL,
  })
  if (process.argv.includes('--tests')) {
    const userId = process.getuid?.() ?? -1
    await ensureChromium(env, userId, progress)
    await ensureMosquitto(env, userId, progress)
  }
} catch (error) {
  process.exitCode = reportError('setup', error)
}
