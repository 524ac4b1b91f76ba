import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'

const ROOT = fileURLToPath(new URL('../', import.meta.url))

/** How a command ended. */
interface Ended {
  readonly code: number | null
  readonly output: string
  readonly complaints: string
}

/** A clone whose npm and program are stand-ins. */
interface Clone {
  readonly folder: string
  readonly setup: (args: readonly string[], options?: SetupOptions) => Promise<Ended>
  /** The arguments of each call of npm. */
  readonly npmCalls: () => readonly string[]
}

interface SetupOptions {
  readonly env?: { readonly [name: string]: string }
  /** Sent to set-up when the program prints its first line. */
  readonly signalOnOutput?: NodeJS.Signals
}

const LOCK = {
  packages: {
    '': {},
    'node_modules/node': { version: process.versions.node },
    'node_modules/plain': { version: '1.0.0' },
    'node_modules/tests': { version: '2.0.0', dev: true },
    'node_modules/elsewhere': { version: '3.0.0', optional: true },
  },
}

// Installs what the lock file names as npm does: packages first, its own record last.
const NPM = `#!/bin/sh
echo "$@" >> "$PWD/npm-calls"
if [ -n "$FAKE_NPM_SAYS" ]; then echo "$FAKE_NPM_SAYS" >&2; exit 1; fi
case "$1" in ci) rm -rf node_modules;; esac
for name in node plain; do mkdir -p node_modules/$name; echo '{}' > node_modules/$name/package.json; done
case "$*" in *--include=dev*) mkdir -p node_modules/tests; echo '{}' > node_modules/tests/package.json;; esac
mkdir -p node_modules/node/bin
if [ -z "$FAKE_NPM_NO_NODE" ]; then cp -f node-link node_modules/node/bin/node; fi
case "$*" in *--include=dev*) cp package-lock.json node_modules/.package-lock.json;;
*) grep -v node_modules/tests package-lock.json > node_modules/.package-lock.json;; esac
`

const PROGRAM = `
if (process.argv.includes('wait')) {
  const forever = setInterval(() => undefined, 1000)
  process.on('SIGTERM', () => { clearInterval(forever); process.exitCode = 7 })
} else process.exitCode = Number(process.argv[3] ?? 0)
console.log('program', process.argv.slice(2).join(' '))
`

function write(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  chmodSync(file, mode)
}

/** One line for each package, so that the stand-in can leave a line out. */
function lockText(): string {
  const lines = Object.entries(LOCK.packages).map(([path, entry]) =>
    [JSON.stringify(path), JSON.stringify(entry)].join(':'),
  )
  return `{"packages":{\n${lines.join(',\n')}\n}}\n`
}

function cloneIn(t: Test): Clone {
  const folder = t.testdir({ home: {} })
  for (const part of ['scripts/setup.mjs', 'scripts/setup', 'base/launch.mjs']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true })
  }
  write(join(folder, 'package.json'), '{"type":"module"}')
  write(join(folder, 'package-lock.json'), lockText())
  write(join(folder, 'bin', 'npm'), NPM, 0o755)
  // Not a link: the packaged Node is judged by running it.
  write(join(folder, 'node-link'), `#!/bin/sh\nexec ${process.execPath} "$@"\n`, 0o755)
  write(join(folder, 'hubleaf.ts'), PROGRAM)
  write(join(folder, 'scripts/tools/ensure.ts'), 'if (process.env.NO_TOOLS) process.exitCode = 5\n')
  const setup = async (args: readonly string[], options: SetupOptions = {}): Promise<Ended> => {
    const PATH = `${join(folder, 'bin')}:/usr/bin:/bin`
    const env = { PATH, HOME: join(folder, 'home'), ...options.env }
    return ended(
      spawn(process.execPath, [join(folder, 'scripts/setup.mjs'), ...args], { env }),
      options,
    )
  }
  const calls = join(folder, 'npm-calls')
  const npmCalls = (): readonly string[] =>
    existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : []
  return { folder, setup, npmCalls }
}

async function ended(
  child: ReturnType<typeof spawn>,
  { signalOnOutput }: SetupOptions,
): Promise<Ended> {
  let output = ''
  let complaints = ''
  child.stdout?.on('data', (chunk) => (output += String(chunk)))
  if (signalOnOutput !== undefined) child.stdout?.once('data', () => child.kill(signalOnOutput))
  child.stderr?.on('data', (chunk) => (complaints += String(chunk)))
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, output, complaints }))
  })
}

t.test('the first time installs, the second time only runs', async (t) => {
  const { setup, npmCalls } = cloneIn(t)
  const first = await setup(['demo', '0', 'more'])
  t.match(first, {
    code: 0,
    output: 'program demo 0 more\n',
    complaints: /installing the npm packages/,
  })
  t.match(npmCalls(), [/^ci --omit=dev --loglevel=error/])
  t.strictSame(await setup(['demo']), { code: 0, output: 'program demo\n', complaints: '' })
  t.equal(npmCalls().length, 1)
})

t.test('the packages for tests are added to those of a demo', async (t) => {
  const { setup, npmCalls } = cloneIn(t)
  await setup(['demo'])
  await setup(['run', 'hubleaf.ts'])
  t.match(npmCalls(), [/^ci --omit=dev/, /^install --no-save --include=dev/])
  await setup(['demo'])
  await setup(['run', 'hubleaf.ts'])
  t.equal(npmCalls().length, 2, 'and serve both')
})

t.test('half an install is healed', async (t) => {
  for (const lost of ['plain', 'node/bin/node', '.package-lock.json']) {
    const { folder, setup, npmCalls } = cloneIn(t)
    await setup(['demo'])
    rmSync(join(folder, 'node_modules', lost), { recursive: true })
    t.match(await setup(['demo']), { code: 0, output: 'program demo\n' }, lost)
    t.equal(npmCalls().length, 2, `${lost}: installed again`)
  }
})

t.test('another version in the lock file is installed', async (t) => {
  const { folder, setup, npmCalls } = cloneIn(t)
  await setup(['demo'])
  write(join(folder, 'package-lock.json'), lockText().replace('1.0.0', '1.0.1'))
  await setup(['demo'])
  t.equal(npmCalls().length, 2)
})

t.test('what goes wrong is said with the way to repair it', async (t) => {
  const { setup } = cloneIn(t)
  for (const [env, said] of [
    [
      { FAKE_NPM_SAYS: 'npm error code ENOTFOUND' },
      /could not reach the package registry \(ENOTFOUND\)\n {2}check/,
    ],
    [{ FAKE_NPM_SAYS: 'npm error code EACCES' }, /it said:\n {2}npm error code EACCES\n {2}repair/],
    [{ FAKE_NPM_NO_NODE: '1' }, /does not run \(ENOENT\).*\n {2}run "npm rebuild node/],
  ] as const) {
    const result = await setup(['demo'], { env })
    t.match(result, { code: 1, output: '', complaints: said })
  }
  t.match(await setup(['nonsense']), { code: 1, complaints: /knows no command "nonsense"/ })
})

t.test('a home that cannot be written is told with the way to repair it', async (t) => {
  const { folder, setup, npmCalls } = cloneIn(t)
  const result = await setup(['demo'], { env: { HOME: join(folder, 'package.json') } })
  t.match(result, {
    code: 1,
    complaints: /^hubleaf: the cache folder .* cannot be written \(ENOTDIR\)\n {2}set HOME/,
  })
  t.strictSame(npmCalls(), [], 'nothing is installed')
})

t.test('exit codes and signals pass through', async (t) => {
  const { setup } = cloneIn(t)
  t.equal((await setup(['demo', '3'])).code, 3)
  t.match(await setup(['demo', 'wait'], { signalOnOutput: 'SIGTERM' }), { code: 7 })
  const noTools = await setup(['demo'], { env: { NO_TOOLS: '1' } })
  t.match(noTools, { code: 5, output: '' }, 'without its tools the program is not started')
})

t.test('two at once install once', async (t) => {
  const { setup, npmCalls } = cloneIn(t)
  const both = await Promise.all([setup(['demo']), setup(['demo'])])
  t.match(both, [{ code: 0 }, { code: 0 }])
  t.equal(npmCalls().length, 1)
})

t.test('the lock of a set-up that was killed is taken over', async (t) => {
  const { folder, setup } = cloneIn(t)
  await setup(['demo'])
  rmSync(join(folder, 'node_modules'), { recursive: true })
  const locks = join(folder, 'home', process.platform === 'darwin' ? 'Library/Caches' : '.cache')
  t.ok(existsSync(join(locks, 'hubleaf/setup')), 'locks are kept in the cache folder')
  const gone = await new Promise<number>((resolve) => {
    const child = spawn(process.execPath, ['--version'])
    child.once('close', () => resolve(child.pid ?? 0))
  })
  const name = createHash('sha256').update(`${folder}/`).digest('hex').slice(0, 16)
  writeFileSync(join(locks, `hubleaf/setup/${name}.lock`), String(gone))
  t.match(await setup(['demo']), { code: 0, complaints: /waiting for another set-up/ })
})
