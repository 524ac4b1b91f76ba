// Runs a program on the Node that comes with the packages: same terminal, same signals, same exit code.
// Knows what each verb's process is started with. Plain JavaScript, because older versions of Node run
// it too.

import { spawn } from 'node:child_process'
import { accessSync, constants as modes } from 'node:fs'
import { constants } from 'node:os'

/** Node options that every program of Hubleaf is started with: node:sqlite still warns. */
export const NODE_OPTIONS = ['--disable-warning=ExperimentalWarning']

// A hub is a small machine. Left alone, V8 lets young objects take 120 MB and collects old ones late:
// an agent grew to 400 MB while a backlog drained, of which 30 MB of objects were alive. The price is
// CPU: 7 to 8 µs instead of 5.5 for each reading of a backlog. `--optimize-for-size` would save 10 MB more,
// but on a busy machine fresh readings then wait much longer. Nothing here is a ceiling for the heap:
// a burst makes it larger, and must not end the process. No cache of compiled code: it costs 6 MB.
const SMALL_OPTIONS = [
  // MB for young objects, thrice: with half of it rows of the backlog outlive two collections.
  '--max-semi-space-size=8',
  // Old objects are collected when they have grown by a fifth.
  '--heap-growing-percent=20',
  // Else each of the two threads has a copy of V8's builtins.
  '--no-short-builtin-calls',
]

// Else glibc has a heap for each thread, and each keeps what was freed in it.
const SMALL_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' }

/**
 * What the process of a verb is started with: options for Node, and variables that the user's
 * environment may override.
 *
 * @param {string | undefined} verb
 * @returns {import('./launch.d.mts').Launch}
 */
export function launchOf(verb) {
  const isSmall = verb === 'agent'
  return {
    options: isSmall ? [...NODE_OPTIONS, ...SMALL_OPTIONS] : NODE_OPTIONS,
    environment: isSmall ? SMALL_ENVIRONMENT : {},
  }
}

/**
 * Becomes the program, where this Node and the system can do that: nothing of this process is left, and
 * a hub has 45 MB more. Elsewhere runs it to its end and gives its exit code.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ readonly [name: string]: string | undefined }} env
 * @returns {Promise<number>}
 */
export function become(program, args, env) {
  const canBecome = typeof process.execve === 'function' && process.platform !== 'win32'
  // A program that cannot be run would end this one with a stack trace.
  if (canBecome && isExecutable(program)) process.execve(program, [program, ...args], env)
  return runToEnd(program, args, { env })
}

function isExecutable(file) {
  try {
    accessSync(file, modes.X_OK)
    return true
  } catch {
    return false
  }
}

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
