import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import {
  cachedNatsServer,
  natsServerVersion,
  onPath,
  PINNED_VERSION,
} from '../../base/find-nats-server.ts'
import { freePorts } from '../../base/free-port.ts'
import { ensureNatsServer } from './nats-server.ts'
import type { EnsureOptions } from './nats-server.ts'
import { releaseName } from './nats-release.ts'

const SERVER = `#!/bin/sh\necho "nats-server: v${PINNED_VERSION}"\n`
const NAME = releaseName('linux', 'x64') ?? ''
const ASKED = `/v${PINNED_VERSION}/`

function putProgram(folder: string, name: string, script: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`)
  chmodSync(join(folder, name), 0o755)
}

/** A release's archive, packed by the tar of this machine as goreleaser packs it. */
function archiveIn(folder: string, program = SERVER): Buffer {
  mkdirSync(join(folder, NAME), { recursive: true })
  writeFileSync(join(folder, NAME, 'nats-server'), program, { mode: 0o755 })
  execFileSync('tar', ['-czf', 'release.tar.gz', NAME], { cwd: folder })
  return readFileSync(join(folder, 'release.tar.gz'))
}

const sumsOf = (archive: Buffer): string =>
  `${'0'.repeat(64)}  other.tar.gz\n${createHash('sha256').update(archive).digest('hex')}  ${NAME}.tar.gz\n`

/** A host of releases; gives its address and what was asked of it. */
async function releaseHost(
  t: Test,
  files: { readonly [path: string]: string | Buffer },
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, answer) => {
    const path = request.url ?? ''
    asked.push(path)
    const body = files[path]
    answer.writeHead(body === undefined ? 404 : 200).end(body ?? 'not found')
  })
  const [port = 0] = await freePorts(1)
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  t.teardown(() => server.close())
  return { url: `http://127.0.0.1:${port}`, asked }
}

/** A machine with an empty cache and only the programs that a test puts into its `bin`. */
function machine(
  t: Test,
  releasesUrl: string,
): { options: EnsureOptions; bin: string; said: string[]; folder: string } {
  const folder = t.testdir({ bin: {}, cache: {} })
  const bin = join(folder, 'bin')
  const said: string[] = []
  // What the ways and the stand-ins need; /usr/bin as a whole could have a go, an apt or a nats-server.
  for (const name of ['tar', 'gzip', 'sh', 'cp', 'mkdir']) {
    symlinkSync(onPath(name, process.env).find(existsSync) ?? name, join(bin, name))
  }
  const options: EnsureOptions = {
    env: { PATH: bin, XDG_CACHE_HOME: join(folder, 'cache') },
    clock: systemClock,
    progress: (what, work) => {
      said.push(what)
      return work()
    },
    say: (line) => said.push(line),
    releasesUrl,
    platform: 'linux',
    arch: 'x64',
  }
  return { options, bin, said, folder }
}

t.test('the release is verified, unpacked into the cache, and fetched only once', async (t) => {
  const archive = archiveIn(t.testdir({}))
  const host = await releaseHost(t, {
    [`${ASKED}SHA256SUMS`]: sumsOf(archive),
    [`${ASKED}${NAME}.tar.gz`]: archive,
  })
  const { options, said } = machine(t, host.url)
  const found = await ensureNatsServer(options)
  t.equal(found, cachedNatsServer(options.env))
  t.equal(await natsServerVersion(found), PINNED_VERSION)
  t.strictSame(host.asked, [`${ASKED}SHA256SUMS`, `${ASKED}${NAME}.tar.gz`])
  t.strictSame(said, [`downloading nats-server ${PINNED_VERSION}`])
  t.strictSame(readdirSync(dirname(found)), ['nats-server'], 'nothing else stays in the cache')
  t.equal(await ensureNatsServer(options), found)
  t.equal(host.asked.length, 2, 'the second time nothing is asked')
  t.equal(said.length, 1, 'and nothing said')
})

t.test('a broken file in the cache is replaced', async (t) => {
  const archive = archiveIn(t.testdir({}))
  const host = await releaseHost(t, {
    [`${ASKED}SHA256SUMS`]: sumsOf(archive),
    [`${ASKED}${NAME}.tar.gz`]: archive,
  })
  const { options } = machine(t, host.url)
  const cached = cachedNatsServer(options.env)
  mkdirSync(dirname(cached), { recursive: true })
  writeFileSync(cached, '\x7fELF, cut off', { mode: 0o755 })
  t.equal(await ensureNatsServer(options), cached)
  t.equal(await natsServerVersion(cached), PINNED_VERSION)
})

t.test('two at once both end well', async (t) => {
  const archive = archiveIn(t.testdir({}))
  const host = await releaseHost(t, {
    [`${ASKED}SHA256SUMS`]: sumsOf(archive),
    [`${ASKED}${NAME}.tar.gz`]: archive,
  })
  const { options } = machine(t, host.url)
  const found = await Promise.all([1, 2, 3].map(() => ensureNatsServer(options)))
  const cached = cachedNatsServer(options.env)
  t.strictSame(found, [cached, cached, cached])
  t.equal(await natsServerVersion(cached), PINNED_VERSION)
  t.strictSame(readdirSync(dirname(cached)), ['nats-server'])
})

t.test(
  'a release that is not what it should be is refused and does not reach the cache',
  async (t) => {
    const archive = archiveIn(t.testdir({}))
    const broken = archiveIn(t.testdir({}), '#!/bin/sh\nexit 1\n')
    for (const [title, sums, body, why] of [
      [
        'bad checksum',
        sumsOf(archive),
        broken,
        /official release: the checksum of .* is [0-9a-f]{64}/,
      ],
      ['no checksum', 'nothing\n', archive, /SHA256SUMS does not name nats-server-v/],
      ['cut off', sumsOf(archive.subarray(0, 50)), archive.subarray(0, 50), /release: tar failed/],
      ['does not run', sumsOf(broken), broken, /release: what it gave does not run/],
    ] as const) {
      const host = await releaseHost(t, {
        [`${ASKED}SHA256SUMS`]: sums,
        [`${ASKED}${NAME}.tar.gz`]: body,
      })
      const { options } = machine(t, host.url)
      await t.rejects(
        ensureNatsServer(options),
        { code: 'nats_server_missing', message: why },
        title,
      )
      t.notOk(existsSync(cachedNatsServer(options.env)), `${title}: the cache stays empty`)
    }
  },
)

t.test('a host that cannot be reached is given up at once, and go builds', async (t) => {
  const [port = 0] = await freePorts(1)
  const { options, bin, said, folder } = machine(t, `http://127.0.0.1:${port}`)
  const go = (version: string): void =>
    putProgram(
      bin,
      'go',
      `if [ "$1" = env ]; then echo go${version}; exit; fi
echo "$@" "$GOTOOLCHAIN" > ${folder}/asked
cp ${folder}/built "$GOBIN/nats-server"`,
    )
  writeFileSync(join(folder, 'built'), SERVER, { mode: 0o755 })
  go('1.25.9')
  await t.rejects(ensureNatsServer(options), {
    message: /go install: go is 1\.25\.9; nats-server 2\.15\.2 needs 1\.26/,
  })
  go('1.26.8')
  t.equal(await ensureNatsServer(options), cachedNatsServer(options.env))
  t.match(
    readFileSync(join(folder, 'asked'), 'utf8'),
    /^install .*github\.com\/nats-io\/nats-server\/v2@v2\.15\.2 local\n$/,
  )
  t.match(
    said.join('\n'),
    /official release: 127\.0\.0\.1:\d+ could not be reached \(ECONNREFUSED\)/,
  )
})

t.test('a host that accepts and says nothing is given up after seconds', async (t) => {
  const silent = createServer(() => undefined)
  const [port = 0] = await freePorts(1)
  await new Promise<void>((resolve) => {
    silent.listen(port, '127.0.0.1', resolve)
  })
  t.teardown(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const { options } = machine(t, `http://127.0.0.1:${port}`)
  // The limit is what is tested, not the wait: time passes as soon as somebody waits for it.
  const waits: number[] = []
  const clock = {
    ...systemClock,
    after: (ms: number, action: () => void) => {
      waits.push(ms)
      return systemClock.after(ms === Math.min(...waits) ? 50 : ms, action)
    },
  }
  await t.rejects(ensureNatsServer({ ...options, clock }), {
    message: /did not answer within \d s/,
  })
  t.ok(Math.min(...waits) <= 5000)
})

t.test('the system package is unpacked if it is new enough', async (t) => {
  const host = await releaseHost(t, {})
  const { options, bin, folder } = machine(t, host.url)
  const candidate = (version: string): void =>
    putProgram(bin, 'apt-cache', `printf 'nats-server:\\n  Candidate: ${version}\\n'`)
  candidate('2.9.10-1+b3')
  await t.rejects(ensureNatsServer(options), {
    message: /of apt is 2\.9\.10-1\+b3, older than 2\.12/,
  })
  candidate('(none)')
  await t.rejects(ensureNatsServer(options), { message: /apt has no package nats-server/ })
  candidate('1:2.12.4-1')
  putProgram(bin, 'apt-get', 'echo x > nats-server_2.12.4_amd64.deb')
  writeFileSync(join(folder, 'built'), SERVER, { mode: 0o755 })
  putProgram(
    bin,
    'dpkg-deb',
    `mkdir -p "$3/usr/sbin"; cp ${folder}/built "$3/usr/sbin/nats-server"`,
  )
  t.equal(await ensureNatsServer(options), cachedNatsServer(options.env))
})

t.test('with no way left, the error names all four and why', async (t) => {
  const host = await releaseHost(t, {})
  const { options, bin } = machine(t, host.url)
  putProgram(bin, 'nats-server', 'echo "nats-server: v2.9.10"')
  await t.rejects(ensureNatsServer(options), {
    code: 'nats_server_missing',
    kind: 'operator',
    hint: /HUBLEAF_NATS_SERVER/,
    message:
      /PATH: \S+ is 2\.9\.10, older.*\n.*official release: \S+ answered 404.*\n.*go install: there is no go\n.*system package: there is no apt-cache$/,
  })
  const darwin = { ...options, platform: 'darwin', arch: 'ia32' }
  await t.rejects(ensureNatsServer(darwin), {
    message: /no release for darwin ia32\n.*\n.*there is no brew$/,
  })
})

t.test('each platform that Hubleaf runs on has a release', async (t) => {
  for (const [platform, arch, name] of [
    ['linux', 'x64', 'linux-amd64'],
    ['linux', 'arm64', 'linux-arm64'],
    ['darwin', 'x64', 'darwin-amd64'],
    ['darwin', 'arm64', 'darwin-arm64'],
  ] as const) {
    t.equal(releaseName(platform, arch), `nats-server-v${PINNED_VERSION}-${name}`)
  }
  t.equal(releaseName('win32', 'x64'), undefined)
})
