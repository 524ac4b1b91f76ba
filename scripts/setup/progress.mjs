// Tells a person that long work is going on, and for how long: one line that counts in a terminal,
// a plain line now and then elsewhere. Sets timers itself, since this runs before Node 24 is there.

import { setTimeout as sleepTimeout } from 'node:timers/promises'

const TERMINAL_INTERVAL_MS = 1000
const PLAIN_INTERVAL_MS = 10_000

/**
 * Shows `what` for as long as `work` takes; gives what `work` gives.
 *
 * @template T
 * @param {string} what such as `installing the packages`
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withProgress(what, work) {
  const out = process.stderr
  const startedAt = Date.now()
  const seconds = () => Math.round((Date.now() - startedAt) / 1000)
  const show = () => {
    if (out.isTTY) out.write(`\r\x1b[K${what} … ${seconds()} s`)
    else out.write(`${what} … ${seconds()} s\n`)
  }
  show()
  const timer = setInterval(show, out.isTTY ? TERMINAL_INTERVAL_MS : PLAIN_INTERVAL_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    out.write(`${out.isTTY ? '\r\x1b[K' : ''}${what}: ended after ${seconds()} s\n`)
  }
}

/** @param {number} ms */
export async function sleep(ms) {
  await sleepTimeout(ms)
}
