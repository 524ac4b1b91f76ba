// Only one set-up at a time in a clone: two that install into the same folder break each other's
// work. A lock whose holder has ended is taken over.

import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { sleep } from './progress.mjs'

const LOOK_MS = 500
// No set-up takes that long: the process ids in such a lock belong to others by now.
const STALE_MS = 1_800_000

/**
 * Runs `work` while holding the lock file; waits for as long as another process holds it. `work` is
 * given a function by which a child that may outlive this process becomes a holder too.
 *
 * @template T
 * @param {string} file
 * @param {(share: (pid: number) => void) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true })
  let told = false
  while (!taken(file)) {
    if (!told) process.stderr.write('waiting for another set-up of this folder to end\n')
    told = true
    await sleep(LOOK_MS)
  }
  try {
    return await work((pid) => appendFileSync(file, ` ${pid}`))
  } finally {
    rmSync(file, { force: true })
  }
}

function taken(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!isHeld(file)) rmSync(file, { force: true })
    return false
  }
}

function isHeld(file) {
  try {
    if (Date.now() - statSync(file).mtimeMs > STALE_MS) return false
    const pids = readFileSync(file, 'utf8').split(' ').map(Number)
    return pids.some(isAlive)
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return true
  }
}

function isAlive(pid) {
  // A holder that has just made the lock has not written its id yet.
  if (pid === 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
