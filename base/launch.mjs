// Runs a program on the Node that comes with the packages and stands in for it: same terminal, same
// signals, same exit code. Plain JavaScript, because older versions of Node run it too.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Node options that every program of Hubleaf is started with: node:sqlite still warns. */
export const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning']

/**
 * Runs a program to its end and gives its exit code; 127 if it cannot be started, 128 + n if signal
 * n ended it. The child ends before this does: signals are passed on, never acted upon here.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<number>}
 */
export function runToEnd(program, args, options) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit', ...options })
    const pass = (signal) => child.kill(signal)
    // Ctrl-C reaches the child by itself: a terminal signals the whole process group.
    const interrupt = process.stdin.isTTY ? () => undefined : pass
    const end = (code) => {
      process.off('SIGTERM', pass).off('SIGHUP', pass).off('SIGINT', interrupt)
      resolve(code)
    }
    process.on('SIGTERM', pass).on('SIGHUP', pass).on('SIGINT', interrupt)
    child.once('error', (error) => {
      process.stderr.write(`hubleaf: ${program} cannot be started: ${error.message}\n`)
      end(127)
    })
    child.once('exit', (code, signal) => end(code ?? 128 + (constants.signals[signal] ?? 0)))
  })
}
