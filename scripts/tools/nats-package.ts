// nats-server from the system's packages, where those are new enough. A Debian package is unpacked,
// not installed: that needs no root and starts no service.

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { isAtLeast, OLDEST_VERSION } from '../../base/find-nats-server.ts'
import { parseJson } from '../../base/json.ts'
import { systemCodeOf } from '../../base/errors.ts'
import type { Outcome, ToolContext } from './outcome.ts'
import { run } from './run.ts'

const ASK_MS = 30_000
const INSTALL_MS = 300_000
const NAME = 'nats-server'

/** Takes the package of apt, or of brew on darwin. */
export async function natsFromPackage(context: ToolContext, platform: string): Promise<Outcome> {
  if (platform === 'darwin') return fromBrew(context)
  if (platform === 'linux') return fromApt(context)
  return { failed: `no package manager is known for ${platform}` }
}

async function fromApt({ env, workFolder, progress }: ToolContext): Promise<Outcome> {
  const asked = await run('apt-cache', ['policy', NAME], {
    env: { ...env, LC_ALL: 'C' },
    timeoutMs: ASK_MS,
  })
  if (!asked.ok) return { failed: asked.why }
  const refusal = refusalOf(aptCandidate(asked.output), 'apt')
  if (refusal !== undefined) return { failed: refusal }
  const limits = { env, cwd: workFolder, timeoutMs: INSTALL_MS }
  const fetched = await progress(`fetching the package ${NAME}`, () =>
    run('sh', ['-c', `apt-get download ${NAME} && dpkg-deb -x ${NAME}_*.deb .`], limits),
  )
  if (!fetched.ok) return { failed: fetched.why }
  return firstThere(['usr/sbin', 'usr/bin'].map((folder) => join(workFolder, folder, NAME)))
}

/** The version that apt would install, such as `2.9.10-1+b3`; undefined if apt knows none. */
export function aptCandidate(policy: string): string | undefined {
  const candidate = /^\s*Candidate: (\S+)/m.exec(policy)?.[1]
  // An epoch before a colon is Debian's, not the project's.
  return candidate === undefined || candidate === '(none)'
    ? undefined
    : candidate.replace(/^\d+:/, '')
}

async function fromBrew({ env, progress }: ToolContext): Promise<Outcome> {
  const asked = await run('brew', ['info', '--json=v2', NAME], { env, timeoutMs: ASK_MS })
  if (!asked.ok) return { failed: asked.why }
  const refusal = refusalOf(brewStable(asked.output), 'brew')
  if (refusal !== undefined) return { failed: refusal }
  const limits = { env, timeoutMs: INSTALL_MS }
  const installed = await progress(`installing ${NAME} with brew`, () =>
    run('brew', ['install', '--quiet', NAME], limits),
  )
  if (!installed.ok) return { failed: installed.why }
  const prefix = await run('brew', ['--prefix', NAME], { env, timeoutMs: ASK_MS })
  return prefix.ok ? firstThere([join(prefix.output, 'bin', NAME)]) : { failed: prefix.why }
}

/** The stable version in the answer of `brew info --json=v2`, or undefined. */
export function brewStable(json: string): string | undefined {
  return /"stable":\s*"(\d[^"]*)"/.exec(JSON.stringify(parseJson(json) ?? null))?.[1]
}

function refusalOf(version: string | undefined, manager: string): string | undefined {
  if (version === undefined) return `${manager} has no package ${NAME}`
  if (isAtLeast(version, OLDEST_VERSION)) return undefined
  return `the package ${NAME} of ${manager} is ${version}, older than ${OLDEST_VERSION}`
}

async function firstThere(files: readonly string[]): Promise<Outcome> {
  for (const file of files) {
    try {
      await access(file)
      return { found: file }
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
    }
  }
  return { failed: `the package has no ${files.join(' or ')}` }
}
