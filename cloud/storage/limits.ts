// The bounds of the storage service, units last, each with its reason. Their relations are checked
// when this file loads.

import { VALUE_MAX_JSON_BYTES } from '../../wire/limits.ts'

/** Rows in one write request: the answer must be able to name them all as conflicts. */
export const WRITE_MAX_ROWS = 5000

/** A request or an answer as text; half of the broker's payload limit of 1 MiB. */
export const MESSAGE_MAX_BYTES = 524_288

/** Characters after which a message of many items ends: one more item, as UTF-8, still fits. */
export const PART_MAX_CHARS = 131_072

/** Points in one message of the live feed. */
export const COMMITTED_MAX_POINTS = 256

/** A conflict in an answer at its longest: hub and type of 32 characters, epoch of 16, seq of 16. */
const CONFLICT_MAX_BYTES = 96 + 48

/** The broker's payload limit as it comes. */
const BROKER_MAX_PAYLOAD_BYTES = 1_048_576

/** Rows that one transaction takes from waiting requests: about a quarter of a second of work. */
export const COMMIT_MAX_ROWS = 20_000

/** Write requests waiting for the disk; beyond it workers are told to wait and resend. */
export const WAITING_MAX_REQUESTS = 1024

/** Bytes of write requests waiting for the disk. */
export const WAITING_MAX_BYTES = 67_108_864

/** Reads waiting for their thread: dashboards ask again by themselves. */
export const READS_MAX_WAITING = 256

/** Series in an answer to `latest`. */
export const LATEST_MAX_SERIES = 10_000

/** Devices in an answer to `devices`. */
export const DEVICES_MAX_NAMES = 10_000

/** Points that a range request may ask for: more than any screen has columns. */
export const RANGE_MAX_POINTS = 10_000

/** A point in an answer at its longest: a time of 17 characters, a number of 24, two commas. */
const POINT_MAX_BYTES = 43

/** Known runs, series and origins kept in memory, each; the file knows them all. */
export const DICTIONARY_MAX_CACHED = 100_000

/** The writer's page cache: the hot end of a few thousand series stays in memory. */
export const CACHE_MAX_KIB = 65_536

/** Pages in the write-ahead log before it is copied home: hot pages are then copied once, not often. */
export const CHECKPOINT_PAGES = 8000

/** How long a statement waits for somebody else's lock, such as a person's sqlite3 shell. */
export const BUSY_TIMEOUT_MS = 2000

/** Default time for an answer; longer than a disk's slow sync and somebody else's lock together. */
export const REQUEST_TIMEOUT_MS = 10_000

/** How long the end waits for a server that may be gone, twice at most. */
export const STOP_MAX_MS = 2000

/** Relations that must hold. */
export const LIMIT_RELATIONS: readonly (readonly [string, boolean])[] = [
  ['conflicts fit an answer', WRITE_MAX_ROWS * CONFLICT_MAX_BYTES < BROKER_MAX_PAYLOAD_BYTES],
  ['points fit an answer', RANGE_MAX_POINTS * POINT_MAX_BYTES < MESSAGE_MAX_BYTES],
  ['a part fits', 3 * (PART_MAX_CHARS + 2 * VALUE_MAX_JSON_BYTES) < MESSAGE_MAX_BYTES],
  ['one row fits a message', 2 * VALUE_MAX_JSON_BYTES < MESSAGE_MAX_BYTES],
  ['a transaction takes at least one request', WRITE_MAX_ROWS <= COMMIT_MAX_ROWS],
  ['waiting for a lock ends before the requester gives up', BUSY_TIMEOUT_MS < REQUEST_TIMEOUT_MS],
]

for (const [relation, holds] of LIMIT_RELATIONS) {
  if (!holds) throw new RangeError(`storage limits contradict each other: ${relation}`)
}
