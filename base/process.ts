// Other processes: whether one is alive, whether it is the one we think, and how to end it. A process
// is only ever signalled by its id, after its command line was seen to be ours.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { Clock } from './clock.ts'
import { systemCodeOf } from './errors.ts'

/** True if a process with this id exists and has not ended. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    return systemCodeOf(error) === 'EPERM'
  }
  return !isZombie(pid)
}

function isZombie(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return /^\S+ \S/.test(stat) && stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
  } catch {
    // No /proc (darwin): a zombie there is our own unreaped child, which Node reaps.
    return false
  }
}

/** The command line of a process, words joined by spaces, or undefined if it cannot be read. */
export function commandLineOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
  } catch {
    return commandLineByPs(pid)
  }
}

function commandLineByPs(pid: number): string | undefined {
  try {
    const args = ['-o', 'command=', '-p', String(pid)]
    return execFileSync('ps', args, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim()
  } catch {
    return undefined
  }
}

/** The processes whose command line, words joined by spaces, is one that `matches` takes. */
export function findProcesses(matches: (commandLine: string) => boolean): readonly number[] {
  return processIds().filter((pid) => {
    const line = commandLineOf(pid)
    return line !== undefined && matches(line) && isAlive(pid)
  })
}

function processIds(): readonly number[] {
  const isPid = (name: string): boolean => /^\d+$/.test(name)
  try {
    return readdirSync('/proc').filter(isPid).map(Number)
  } catch {
    const listed = execFileSync('ps', ['-A', '-o', 'pid='], { stdio: ['ignore', 'pipe', 'ignore'] })
    return listed.toString().split(/\s+/).filter(isPid).map(Number)
  }
}

/** Sends a signal; a process that is gone already is no error. */
export function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (systemCodeOf(error) !== 'ESRCH') throw error
  }
}

/** How often a process that is not our child is looked at, ms. */
const LOOK_MS = 50

/** SIGTERM, then SIGKILL after `graceMs`; resolves when the process has ended. */
export async function endProcess(pid: number, graceMs: number, clock: Clock): Promise<void> {
  const deadline = clock.monotonic() + graceMs
  signalProcess(pid, 'SIGTERM')
  while (isAlive(pid)) {
    if (clock.monotonic() > deadline) signalProcess(pid, 'SIGKILL')
    await clock.sleep(LOOK_MS)
  }
}
