// What Linux knows of a process: memory, CPU of all its threads, bytes written. Reads /proc; on another
// system there is nothing to read and the benchmark says so.

import { readFileSync } from 'node:fs'
import { HubleafError, messageOf } from '../../../base/errors.ts'

/** Ticks of /proc/<pid>/stat per second: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

/** Resident memory of a process now, bytes. */
export function rssOf(pid: number): number {
  return lineOf(pid, 'status', 'VmRSS') * 1024
}

/** Resident memory that belongs to no file, bytes: the rest are pages of the program and its libraries. */
export function ownMemoryOf(pid: number): number {
  return lineOf(pid, 'status', 'RssAnon') * 1024
}

/** The most resident memory that the process has had, bytes. */
export function peakRssOf(pid: number): number {
  return lineOf(pid, 'status', 'VmHWM') * 1024
}

/** CPU that all threads of a process have used, microseconds. */
export function cpuMicrosOf(pid: number): number {
  // The program's name stands in brackets and may hold spaces; what follows it does not.
  const fields = read(pid, 'stat').split(') ').at(-1)?.split(' ') ?? []
  const ticks = Number(fields[11]) + Number(fields[12])
  return (ticks / TICKS_PER_SECOND) * 1_000_000
}

/** Bytes that a process has sent to the disk, and bytes that it has passed to write calls. */
export function writtenBy(pid: number | 'self'): { readonly disk: number; readonly calls: number } {
  return { disk: lineOf(pid, 'io', 'write_bytes'), calls: lineOf(pid, 'io', 'wchar') }
}

/** The machine's load over the last minute. */
export function loadAverage(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? '?'
}

function lineOf(pid: number | 'self', file: string, name: string): number {
  const value = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(read(pid, file))?.[1]
  if (value === undefined) throw new HubleafError('internal', `/proc has no ${name}`)
  return Number(value)
}

function read(pid: number | 'self', file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch (cause) {
    throw new HubleafError('internal', `cannot look at a process: ${messageOf(cause)}`, { cause })
  }
}
