// nats-server built on this machine by `go install` of the pinned version, from whatever module proxy
// Go is set to. Only with the Go that is there: fetching another compiler is not ours to decide.

import { join } from 'node:path'
import { isAtLeast, PINNED_VERSION } from '../../base/find-nats-server.ts'
import type { Outcome, ToolContext } from './outcome.ts'
import { run } from './run.ts'

/** The oldest Go that compiles the pinned version: the `go` line of its go.mod. */
export const OLDEST_GO = '1.26.0'

const MODULE = `github.com/nats-io/nats-server/v2@v${PINNED_VERSION}`
const VERSION_MS = 10_000
const BUILD_MS = 600_000

/** Builds with the `go` on PATH. */
export async function natsFromGo({ env, workFolder, progress }: ToolContext): Promise<Outcome> {
  const local = { ...env, GOTOOLCHAIN: 'local' }
  const asked = await run('go', ['env', 'GOVERSION'], { env: local, timeoutMs: VERSION_MS })
  if (!asked.ok) return { failed: asked.why }
  const version = asked.output.replace(/^go/, '')
  if (!isAtLeast(version, OLDEST_GO)) {
    return { failed: `go is ${version}; nats-server ${PINNED_VERSION} needs ${OLDEST_GO}` }
  }
  const built = await progress(`building nats-server ${PINNED_VERSION} with go ${version}`, () =>
    run('go', ['install', '-trimpath', '-ldflags=-w', MODULE], {
      // GOOS and GOARCH are for this machine, whatever the user builds else; with others GOBIN is refused.
      env: { ...local, GOBIN: workFolder, GOOS: '', GOARCH: '', CGO_ENABLED: '0' },
      cwd: workFolder,
      timeoutMs: BUILD_MS,
    }),
  )
  return built.ok ? { found: join(workFolder, 'nats-server') } : { failed: built.why }
}
