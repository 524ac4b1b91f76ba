// A nats-server that belongs to us: started as a child in its own process group (Ctrl-C in a terminal
// must not end it before its owner has flushed), restarted when it dies, and adopted or ended when
// an owner that was killed left it behind.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, renameSync, statSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { resolve as resolvePath } from 'node:path'
import type { Clock } from './clock.ts'
import { readIfThere, writeDurably } from './durable-file.ts'
import { HubleafError } from './errors.ts'
import type { Logger } from './log.ts'
import { endProcess, findProcesses, isAlive } from './process.ts'
import { retryDelayMs } from './retry.ts'
import type { Random } from './random.ts'

/** What to run and where. */
export interface NatsProcessOptions {
  /** What the log calls it, such as `leaf`. */
  readonly role: string
  /** Path of the nats-server program. */
  readonly binary: string
  readonly configFile: string
  readonly configText: string
  /** As `pid_file` in the configuration says. */
  readonly pidFile: string
  /** As `log_file` in the configuration says; read to know when the server is ready. */
  readonly logFile: string
  /** The client port; a server left behind is adopted only if it accepts there. */
  readonly port: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** A supervised nats-server. Disposal ends it. */
export interface NatsProcess extends AsyncDisposable {
  /** The process id now; changes when the server had to be restarted. */
  pid(): number
  /** How often it was restarted. */
  restarts(): number
}

const READY_TIMEOUT_MS = 15_000
const READY_LOOK_MS = 20
const STOP_GRACE_MS = 5000
const ALIVE_LOOK_MS = 250
const RESTART_BACKOFF = { firstMs: 100, maxMs: 5000 }

/** A log that is larger at a start is put aside: rotated under our eyes, it would hide what it says. */
const LOG_MAX_BYTES = 500_000

/** Starts or adopts the server; resolves when it accepts clients. Throws `nats_server_failed`. */
export async function startNatsProcess(given: NatsProcessOptions): Promise<NatsProcess> {
  // The path stands in the server's command line, by which it is known again from any folder.
  const options = { ...given, configFile: resolvePath(given.configFile) }
  const stop = new AbortController()
  const state = { pid: await adopt(options), restarts: 0 }
  if (state.pid === 0) state.pid = await launch(options, stop.signal)
  const watching = watch(options, state, stop.signal)
  let ended: Promise<void> | undefined
  const end = async (): Promise<void> => {
    stop.abort()
    await watching
    await endProcess(state.pid, STOP_GRACE_MS, options.clock)
  }
  return {
    pid: () => state.pid,
    restarts: () => state.restarts,
    [Symbol.asyncDispose]: () => (ended ??= end()),
  }
}

/**
 * The id of a server left behind that runs this very configuration, or 0 after ending any other. It is
 * looked for among all processes: its owner may have been killed before there was a pid file, and a
 * server that could not start beside it has put its own id there.
 */
async function adopt(options: NatsProcessOptions): Promise<number> {
  const { binary, configFile, configText, pidFile, port, role, clock, log } = options
  const named = `nats-server -c ${configFile}`
  const left = findProcesses((line) => {
    return line === `${binary} -c ${configFile}` || line === named || line.endsWith(`/${named}`)
  })
  const [pid = 0, ...others] = left
  const sameText = readIfThere(configFile) === configText
  if (pid > 0 && others.length === 0 && sameText && (await accepts(port))) {
    log.info('nats_server_adopted', { role, server_pid: pid })
    if (readIfThere(pidFile)?.trim() !== String(pid)) writeDurably(pidFile, String(pid))
    return pid
  }
  for (const other of left) {
    log.info('nats_server_left_behind_ended', { role, server_pid: other })
    await endProcess(other, STOP_GRACE_MS, clock)
  }
  return 0
}

async function launch(options: NatsProcessOptions, signal: AbortSignal): Promise<number> {
  writeDurably(options.configFile, options.configText)
  const logBytes = statSync(options.logFile, { throwIfNoEntry: false })?.size ?? 0
  if (logBytes > LOG_MAX_BYTES) renameSync(options.logFile, `${options.logFile}.1`)
  const { binary, clock, role } = options
  const output = `${options.logFile}.start`
  const skip = readIfThere(options.logFile)?.length ?? 0
  const child = startDetached(binary, ['-c', options.configFile], output)
  const failed = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message)).once('exit', () => resolve(''))
  })
  const said = (): string =>
    (readIfThere(options.logFile)?.slice(skip) ?? '') + (readIfThere(output) ?? '')
  const deadline = clock.monotonic() + READY_TIMEOUT_MS
  let why: string | undefined
  while (why === undefined && !signal.aborted && clock.monotonic() < deadline) {
    if (said().includes('Server is ready')) {
      options.log.info('nats_server_started', { role, server_pid: child.pid ?? 0 })
      return child.pid ?? 0
    }
    why = (await Promise.race([failed, clock.sleep(READY_LOOK_MS)])) ?? undefined
  }
  if (child.pid !== undefined) await endProcess(child.pid, STOP_GRACE_MS, clock)
  const reason = complaintIn(said()) ?? (why || 'it was not ready in time')
  const hint = `run "${binary} -c ${options.configFile}" to see all of its output`
  throw new HubleafError('nats_server_failed', `the ${role} nats-server failed: ${reason}`, {
    hint,
  })
}

/** Output goes to a file, not a pipe: a server that outlives its owner must not die of SIGPIPE. */
function startDetached(binary: string, args: readonly string[], output: string): ChildProcess {
  const handle = openSync(output, 'w', 0o600)
  try {
    return spawn(binary, args, { stdio: ['ignore', handle, handle], detached: true })
  } finally {
    closeSync(handle)
  }
}

/** The last line that the server wrote as an error. */
function complaintIn(output: string): string | undefined {
  const lines = output.split('\n').reverse()
  const line = lines.find((text) => /\[(?:ERR|FTL)\]|^nats-server: /.test(text))
  return line?.replace(/^.*\[(?:ERR|FTL)\] |^nats-server: /, '')
}

/** Restarts the server for as long as it is wanted. */
async function watch(
  options: NatsProcessOptions,
  state: { pid: number; restarts: number },
  signal: AbortSignal,
): Promise<void> {
  let attempt = 0
  const stopped = (): boolean => signal.aborted
  while (!stopped()) {
    await options.clock.sleep(ALIVE_LOOK_MS, signal)
    if (stopped() || isAlive(state.pid)) continue
    options.log.warn('nats_server_died', { role: options.role, server_pid: state.pid })
    attempt += 1
    await options.clock.sleep(retryDelayMs(RESTART_BACKOFF, attempt, options.random), signal)
    if (stopped()) return
    try {
      state.pid = await launch(options, signal)
      state.restarts += 1
      attempt = 0
    } catch (error) {
      options.log.error('nats_server_restart_failed', { role: options.role, reason: String(error) })
    }
  }
}

/** True if something accepts TCP connections on the port of this machine. */
async function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ port, host: '127.0.0.1' })
    const answer = (open: boolean) => () => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', answer(true)).once('error', answer(false))
  })
}
