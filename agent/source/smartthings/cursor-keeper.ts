// Writes the cursor now and then, and at the end: a whole file each time, so not too often.
// A write that fails is logged, and the next one tries again; readings do not wait for it.

import type { Clock } from '../../../base/clock.ts'
import { messageOf } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import { openCursor, writeCursor } from './cursor.ts'
import type { Cursor, CursorFile } from './cursor.ts'

/** How often at most, ms. */
const EVERY_MS = 60_000

/** What it needs. */
export interface CursorKeeperOptions {
  readonly file: string
  readonly clock: Clock
  readonly log: Logger
}

/** Opens the file; tries again until it can, or until the signal aborts: then undefined. */
export async function openWhenPossible(
  { file, clock, log }: CursorKeeperOptions,
  trouble: (error: unknown) => void,
  signal: AbortSignal,
): Promise<CursorFile | undefined> {
  while (!signal.aborted) {
    try {
      const cursor = await openCursor(file)
      const { damage } = cursor
      if (damage !== undefined) log.warn('smartthings_cursor_damaged', { reason: damage.message })
      return cursor
    } catch (error) {
      trouble(error)
      await clock.sleep(EVERY_MS, signal)
    }
  }
  return undefined
}

/** Writes what `now` gives, again and again while it changes; once more at the end. */
export async function keepCursor(
  options: CursorKeeperOptions,
  cursor: CursorFile,
  now: () => Cursor,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await options.clock.sleep(EVERY_MS, signal)
    await writeNow(options, cursor, now())
  }
}

/** Writes the cursor. */
export async function writeNow(
  { log }: CursorKeeperOptions,
  cursor: CursorFile,
  now: Cursor,
): Promise<void> {
  try {
    await cursor.update(() => writeCursor(now))
  } catch (error) {
    log.warn('smartthings_cursor_not_written', { reason: messageOf(error) })
  }
}
