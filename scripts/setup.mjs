// Makes a fresh clone ready and runs a command in it: `npm start`, `npm test` and `npm run check` all
// come here. Needs any Node from 20 on and npm; installs what is missing, then hands over to Node 24.
// Where nothing is missing it says nothing. Plain JavaScript, since it runs before all else is there.

import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NODE_OPTIONS, runToEnd } from '../base/launch.mjs'
import { withLock } from './setup/lock.mjs'
import { areInstalled, install, packagedNode } from './setup/packages.mjs'

const OLDEST_NODE_MAJOR = 20
const TAP = 'node_modules/.bin/tap'

/**
 * What each command needs: its packages, its tools (undefined: none), and the program to run.
 *
 * @type {Record<string, { set: 'runtime' | 'dev', tools?: string[], program: string[] }>}
 */
const COMMANDS = {
  demo: { set: 'runtime', tools: [], program: ['hubleaf.ts', 'demo'] },
  test: { set: 'dev', tools: ['--tests'], program: [TAP, 'run'] },
  check: { set: 'dev', tools: ['--tests'], program: ['scripts/tools/check.ts'] },
  run: { set: 'dev', program: [] },
}

const root = fileURLToPath(new URL('../', import.meta.url))

/** @returns {Promise<number>} the exit code */
async function main([name, ...args]) {
  if (Number.parseInt(process.versions.node) < OLDEST_NODE_MAJOR) {
    const message = `Node ${process.versions.node} is too old to set Hubleaf up`
    return fail({ message, hint: `use Node ${OLDEST_NODE_MAJOR} or newer` })
  }
  const command = COMMANDS[name]
  if (command === undefined) {
    const known = Object.keys(COMMANDS).join(', ')
    return fail({ message: `setup.mjs knows no command "${name ?? ''}"`, hint: `use ${known}` })
  }
  const trouble = await installOnce(command.set)
  if (trouble !== undefined) return fail(trouble)
  if (command.tools !== undefined) {
    // Downloads go through the proxy that the user's environment names, as npm's do.
    const env = { NODE_USE_ENV_PROXY: '1', ...process.env }
    const code = await onNode24(['scripts/tools/ensure.ts', ...command.tools], env)
    if (code !== 0) return code
  }
  return onNode24([...command.program, ...args], process.env)
}

/** @param {import('./setup/packages.mjs').Trouble} trouble */
function fail({ message, hint }) {
  process.stderr.write(`hubleaf: ${message}\n  ${hint}\n`)
  return 1
}

async function installOnce(set) {
  if (areInstalled(root, set)) return undefined
  const clone = createHash('sha256').update(root).digest('hex').slice(0, 16)
  const folder = join(cacheFolder(), 'setup')
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    const message = `the cache folder ${cacheFolder()} cannot be written (${error.code})`
    return { message, hint: 'set HOME or XDG_CACHE_HOME to a folder that this user may write to' }
  }
  const lock = join(folder, `${clone}.lock`)
  return withLock(lock, async (share) =>
    areInstalled(root, set) ? undefined : install(root, set, share),
  )
}

async function onNode24(args, environment) {
  const binaries = join(root, 'node_modules/.bin')
  const env = {
    ...environment,
    PATH: [binaries, environment.PATH ?? ''].join(delimiter),
    // Stripped and compiled sources are kept, which halves the time of each later start.
    NODE_COMPILE_CACHE: environment.NODE_COMPILE_CACHE ?? join(cacheFolder(), 'compiled'),
  }
  return runToEnd(packagedNode(root), [...NODE_OPTIONS, ...args], { cwd: root, env })
}

/** The same folder as in base/find-nats-server.ts, which this file cannot load on an older Node. */
function cacheFolder() {
  const { XDG_CACHE_HOME, HOME } = process.env
  const home = HOME || homedir()
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, 'hubleaf')
  return join(home, process.platform === 'darwin' ? 'Library/Caches' : '.cache', 'hubleaf')
}

process.exitCode = await main(process.argv.slice(2))
