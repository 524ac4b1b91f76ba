// How much room the journal has, and what it does when there is too little: settled rows go first,
// then the policy decides. Pure: sizes in, decisions out.

import { HubleafError } from '../../base/errors.ts'
import type { Usage } from './thread-protocol.ts'

/** What happens to readings when the journal is full. */
export const WHEN_FULL = ['drop_oldest', 'drop_newest', 'block'] as const

/** `drop_oldest` gives up waiting rows; the others refuse new ones, for good or for now. */
export type WhenFull = (typeof WHEN_FULL)[number]

/** Bounds of the journal's files. */
export interface RoomLimits {
  /** Database and write-ahead log, bytes. */
  readonly quotaBytes: number
  /** What the journal leaves to others on the disk, bytes. */
  readonly keepFreeBytes: number
}

/** Part of the quota that is kept as room: the journal sheds when 95 % are used. */
const ROOM_SHARE = 0.05

/** Least part of the quota that is shed at once: few records, few interruptions. */
const STEP_SHARE = 0.01

/** A commit's rows are written twice, to the log and to the database, with some pages around them. */
const COMMIT_FACTOR = 3

/** Bytes of a row while there are too few rows to tell, and how many are enough. */
const ROW_GUESS_BYTES = 150
const KNOWN_ROWS = 100

/** Bytes that may still be written before a bound is met. Negative when one is passed. */
export function roomLeft(usage: Usage, limits: RoomLimits): number {
  const inQuota = limits.quotaBytes - (usage.bytes - usage.freeInside)
  // A disk that others have filled still lets the database use its own free pages.
  const onDisk = usage.freeInside + Math.max(0, usage.diskFree - limits.keepFreeBytes)
  return Math.min(inQuota, onDisk)
}

/** Bytes to shed before a commit of `commitBytes`; 0 when there is room. */
export function bytesToShed(usage: Usage, limits: RoomLimits, commitBytes: number): number {
  const inQuota = limits.quotaBytes - (usage.bytes - usage.freeInside)
  const wanted = Math.max(limits.quotaBytes * ROOM_SHARE, commitBytes * COMMIT_FACTOR)
  const step = limits.quotaBytes * STEP_SHARE
  const missing = Math.max(wanted - inQuota, step + commitBytes - roomLeft(usage, limits))
  return missing <= 0 ? 0 : Math.ceil(Math.max(missing, step))
}

/** True when the room that is kept is being used up, or the commit would hardly fit into what is left. */
export function isPressed(usage: Usage, limits: RoomLimits, commitBytes: number): boolean {
  const least = Math.max((limits.quotaBytes * ROOM_SHARE) / 2, 2 * commitBytes)
  return roomLeft(usage, limits) < least && bytesToShed(usage, limits, commitBytes) > 0
}

/** How many rows hold about that many bytes, rather more than fewer. */
export function rowsFor(bytes: number, usage: Usage, rows: number): number {
  const used = usage.bytes - usage.freeInside
  const perRow = rows > KNOWN_ROWS ? Math.max(40, Math.min(used / rows, 20_000)) : ROW_GUESS_BYTES
  return Math.ceil(bytes / perRow)
}

/** What a full journal that sheds nothing says to whoever has readings. */
export function refusalBy(whenFull: WhenFull): HubleafError {
  const isBlocking = whenFull === 'block'
  const message = 'the journal is full and takes no more readings'
  const hint = isBlocking
    ? 'send the reading again later; make room on the disk or raise journal.quota'
    : 'the reading was not kept; make room on the disk or raise journal.quota'
  return new HubleafError(isBlocking ? 'journal_blocked' : 'journal_full', message, { hint })
}
