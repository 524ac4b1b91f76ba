// nats-server from the project's own release: the archive for this platform, used only if its
// checksum stands in the release's SHA256SUMS.

import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import { PINNED_VERSION } from '../../base/find-nats-server.ts'
import { checksumIn, downloadFile, downloadText } from './download.ts'
import type { Outcome, ToolContext } from './outcome.ts'
import { run } from './run.ts'

/** Where releases are. Tests put a server of their own here. */
export const RELEASES_URL = 'https://github.com/nats-io/nats-server/releases/download'

const ARCHITECTURES: { readonly [arch: string]: string } = { x64: 'amd64', arm64: 'arm64' }
const UNPACK_MS = 60_000

/** The name of the release's archive without `.tar.gz`; undefined where there is none that we use. */
export function releaseName(platform: string, arch: string): string | undefined {
  const architecture = ARCHITECTURES[arch]
  if (architecture === undefined || (platform !== 'linux' && platform !== 'darwin'))
    return undefined
  return `nats-server-v${PINNED_VERSION}-${platform}-${architecture}`
}

/** Downloads, verifies and unpacks the release for `platform` and `arch` as Node names them. */
export async function natsFromRelease(
  context: ToolContext,
  clock: Clock,
  { releasesUrl, platform, arch }: { releasesUrl: string; platform: string; arch: string },
): Promise<Outcome> {
  const name = releaseName(platform, arch)
  if (name === undefined) return { failed: `there is no release for ${platform} ${arch}` }
  const base = `${releasesUrl}/v${PINNED_VERSION}`
  const sums = await downloadText(`${base}/SHA256SUMS`, clock)
  if ('failed' in sums) return sums
  const expected = checksumIn(sums.got, `${name}.tar.gz`)
  if (expected === undefined) return { failed: `SHA256SUMS does not name ${name}.tar.gz` }
  const archive = join(context.workFolder, 'release.tar.gz')
  const what = `downloading nats-server ${PINNED_VERSION}`
  const actual = await context.progress(what, () =>
    downloadFile(`${base}/${name}.tar.gz`, archive, clock),
  )
  if ('failed' in actual) return actual
  if (actual.got !== expected) {
    return { failed: `the checksum of ${name}.tar.gz is ${actual.got}, not ${expected}` }
  }
  const member = `${name}/nats-server`
  const unpacked = await run('tar', ['-xzf', archive, '-C', context.workFolder, member], {
    env: context.env,
    timeoutMs: UNPACK_MS,
  })
  return unpacked.ok ? { found: join(context.workFolder, member) } : { failed: unpacked.why }
}
