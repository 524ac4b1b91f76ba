// Installs a package of Debian's kind of Linux, for tools of the tests that CI needs. Only root can;
// whoever calls decides whether it may.

import type { Environment } from '../../base/find-nats-server.ts'
import type { Progress } from './outcome.ts'
import { run } from './run.ts'

const UPDATE_MS = 120_000
const INSTALL_MS = 600_000

/** Installs the package; gives why it failed, or an empty text. */
export async function installPackage(
  name: string,
  env: Environment,
  userId: number,
  progress: Progress,
): Promise<string> {
  if (userId !== 0) return 'only root can install it'
  const quiet = { ...env, DEBIAN_FRONTEND: 'noninteractive' }
  return progress(`installing ${name} with apt-get`, async () => {
    const updated = await run('apt-get', ['update'], { env: quiet, timeoutMs: UPDATE_MS })
    if (!updated.ok) return updated.why
    const args = ['install', '-y', '--no-install-recommends', name]
    return (await run('apt-get', args, { env: quiet, timeoutMs: INSTALL_MS })).why
  })
}
