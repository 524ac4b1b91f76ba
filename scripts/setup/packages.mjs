// Brings node_modules in line with package-lock.json, and does nothing where it is already. Judges by
// npm's own record of what it has installed, which npm writes last, so that half an install shows and
// one made by hand counts.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { withProgress } from './progress.mjs'

/** @typedef {'runtime' | 'dev'} PackageSet what runs the program, or what also tests it */

/** @typedef {{ message: string, hint: string }} Trouble what went wrong, and what to do about it */

// npm's own retries would make a closed network look like a long download.
const NPM_OPTIONS = [
  ...['--loglevel=error', '--no-audit', '--no-fund', '--no-progress'],
  ...['--fetch-retries=3', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'],
]
const KEPT_OUTPUT_LENGTH = 4000
const SHOWN_LINES = 12

/** Where the package `node` keeps its Node. @param {string} root */
export function packagedNode(root) {
  return join(root, 'node_modules/node/bin/node')
}

/**
 * True if every package of the set is installed in the version of the lock file.
 *
 * @param {string} root
 * @param {PackageSet} set
 */
export function areInstalled(root, set) {
  const record = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(record) || !existsSync(packagedNode(root))) return false
  const installed = packagesIn(record)
  return Object.entries(packagesIn(join(root, 'package-lock.json'))).every(([path, wanted]) => {
    // Packages for other platforms are optional; npm leaves them out.
    if (path === '' || wanted.optional || wanted.devOptional) return true
    if (wanted.dev && set === 'runtime') return true
    const found = installed[path]
    return found?.version === wanted.version && existsSync(join(root, path, 'package.json'))
  })
}

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/**
 * Installs the set with npm; undefined if all went well.
 *
 * @param {string} root
 * @param {PackageSet} set
 * @param {(pid: number) => void} share told the id of the npm that was started
 * @returns {Promise<Trouble | undefined>}
 */
export async function install(root, set, share) {
  // Where the runtime set is right, the rest is added to it: a demo that runs from there goes on.
  const adds = set === 'dev' && areInstalled(root, 'runtime')
  const how = adds ? ['install', '--no-save'] : ['ci']
  const which = set === 'dev' ? '--include=dev' : '--omit=dev'
  const args = [...how, which, ...NPM_OPTIONS]
  rmSync(join(root, 'node_modules/.package-lock.json'), { force: true })
  const { code, output } = await withProgress(`installing the npm packages (npm ${how[0]})`, () =>
    npm(args, root, share),
  )
  return code === 0 ? nodeTrouble(root) : npmTrouble(output)
}

/** @returns {Promise<{ code: number, output: string }>} */
function npm(args, root, share) {
  return new Promise((resolve) => {
    // Without our own folder on PATH: npm must not run on the Node that it is about to replace.
    const path = (process.env.PATH ?? '')
      .split(delimiter)
      .filter((part) => !part.startsWith(join(root, 'node_modules')))
    const env = { ...process.env, PATH: path.join(delimiter) }
    const child = spawn('npm', args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    if (child.pid !== undefined) share(child.pid)
    let output = ''
    const keep = (chunk) => {
      output = (output + String(chunk)).slice(-KEPT_OUTPUT_LENGTH)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const stop = () => child.kill('SIGTERM')
    process.once('SIGTERM', stop)
    child.once('error', (error) => resolve({ code: 127, output: error.message }))
    child.once('close', (code) => {
      process.off('SIGTERM', stop)
      resolve({ code: code ?? 1, output })
    })
  })
}

function npmTrouble(output) {
  const network =
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH)\b/.exec(
      output,
    )
  if (network !== null) {
    const message = `npm could not reach the package registry (${network[0]})`
    const hint =
      'check the network and what "npm config list" says of registry and proxy; then run the same command again'
    return { message, hint }
  }
  const said = output.split('\n').filter((line) => line.trim() !== '')
  const message = ['npm could not install the packages; it said:', ...said.slice(-SHOWN_LINES)]
  return {
    message: message.join('\n  '),
    hint: 'repair what npm names and run the same command again',
  }
}

/** Undefined if the package's Node runs and is the one of the lock file. */
function nodeTrouble(root) {
  const wanted = packagesIn(join(root, 'package-lock.json'))['node_modules/node']?.version
  const { stdout, error } = spawnSync(packagedNode(root), ['--version'], { encoding: 'utf8' })
  if (error === undefined && stdout.trim() === `v${wanted}`) return undefined
  const found =
    error === undefined ? `is ${stdout.trim() || 'broken'}` : `does not run (${error.code})`
  return {
    message: `Node ${wanted}, the npm package "node", ${found}: its install script failed or was not run`,
    hint: 'run "npm rebuild node --ignore-scripts=false" to see why; then the same command again',
  }
}
