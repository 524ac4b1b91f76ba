// A child process of the demo: one verb of this program, restarted when it dies, its output in a log
// file. It runs in a process group of its own, so that Ctrl-C reaches the demo alone, which then ends
// all in order; if the demo itself is killed, the closing IPC channel tells the child to end.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, statSync } from 'node:fs'
import { once } from 'node:events'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { messageOf } from '../base/errors.ts'
import { retryDelayMs } from '../base/retry.ts'

/** What to run. */
export interface ChildOptions {
  readonly name: string
  /** The Node program, its flags and the script, then the verb and its arguments. */
  readonly command: readonly [program: string, ...args: string[]]
  readonly logFile: string
  readonly clock: Clock
  readonly random: Random
  /** Called with the process id at each start. */
  readonly onStart: (pid: number) => void
  /** Called when `onStart` throws, in words; the child is left running. */
  readonly onTrouble: (what: string) => void
  /** Called with each unexpected end, in words. */
  readonly onDeath: (how: string) => void
}

/** A supervised child. Disposal ends it. */
export interface Child extends AsyncDisposable {
  readonly name: string
}

const STOP_GRACE_MS = 10_000
const RESTART = { firstMs: 200, maxMs: 5000 } as const

/** A child that lived this long starts over with the shortest delay, ms. */
const SETTLED_MS = 10_000

/** A log larger than this starts anew when its child starts, bytes. */
const LOG_MAX_BYTES = 10_000_000

/** Starts a child and keeps it running. */
export function startChild(options: ChildOptions): Child {
  const stop = new AbortController()
  const state: { process: ChildProcess | undefined } = { process: undefined }
  const running = keepRunning(options, state, stop.signal)
  let ended: Promise<void> | undefined
  const end = async (): Promise<void> => {
    stop.abort()
    const { process } = state
    if (process !== undefined && isRunning(process)) await endChild(process, options.clock)
    await running
  }
  return {
    name: options.name,
    [Symbol.asyncDispose]: () => (ended ??= end()),
  }
}

async function keepRunning(
  options: ChildOptions,
  state: { process: ChildProcess | undefined },
  signal: AbortSignal,
): Promise<void> {
  const { clock, random } = options
  const stopped = (): boolean => signal.aborted
  for (let attempt = 1; !stopped(); attempt += 1) {
    const startedAt = clock.monotonic()
    const how = await runOnce(options, state)
    if (stopped()) return
    if (clock.monotonic() - startedAt > SETTLED_MS) attempt = 1
    options.onDeath(how)
    await clock.sleep(retryDelayMs(RESTART, attempt, random), signal)
  }
}

/** One life of the child, from its start to its end, in words. A start that fails is a short life. */
async function runOnce(
  options: ChildOptions,
  state: { process: ChildProcess | undefined },
): Promise<string> {
  try {
    const child = launch(options)
    state.process = child
    const ended = endOf(child)
    if (child.pid !== undefined) noteStart(options, child.pid)
    return await ended
  } catch (error) {
    return messageOf(error)
  }
}

/** What the owner makes of the id (a file, say) may fail on a full disk; the child runs all the same. */
function noteStart(options: ChildOptions, pid: number): void {
  try {
    options.onStart(pid)
  } catch (error) {
    options.onTrouble(messageOf(error))
  }
}

function launch(options: ChildOptions): ChildProcess {
  const [program, ...args] = options.command
  const size = statSync(options.logFile, { throwIfNoEntry: false })?.size ?? 0
  const log = openSync(options.logFile, size > LOG_MAX_BYTES ? 'w' : 'a', 0o600)
  try {
    return spawn(program, args, { stdio: ['ignore', log, log, 'ipc'], detached: true })
  } finally {
    closeSync(log)
  }
}

async function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? 0}`))
  })
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

async function endChild(child: ChildProcess, clock: Clock): Promise<void> {
  const exited = once(child, 'exit')
  const cancel = clock.after(STOP_GRACE_MS, () => child.kill('SIGKILL'))
  child.kill('SIGTERM')
  await exited
  cancel()
}
