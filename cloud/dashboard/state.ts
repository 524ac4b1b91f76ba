// Watches what the dashboard depends on: counts the rows now and then, which tells whether storage
// answers, and says so to the viewers. The log hears of each change of state once.

import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { Check } from '../../base/ops-server.ts'
import type { Storage } from '../storage/storage.ts'
import { STATUS_EVERY_MS } from './limits.ts'
import type { LiveFeed } from './live-feed.ts'
import type { LiveStatus } from './shapes.ts'

/** What is watched, and who hears of it. */
export interface StateParts {
  readonly storage: Pick<Storage, 'count'>
  readonly live: LiveFeed
  readonly clock: Clock
  readonly log: Logger
  tell(status: LiveStatus): void
}

/** A running watch; its disposal waits for the count that is under way. */
export interface StateWatch extends AsyncDisposable {
  status(): LiveStatus
  storageCheck(): Check
}

/** Starts watching. */
export function watchState(parts: StateParts): StateWatch {
  const { storage, live, clock, log } = parts
  const stop = new AbortController()
  let rows: number | null = null
  let check: Check = { state: 'unknown', reason: 'storage has not been asked yet' }
  const status = (): LiveStatus => ({
    now: clock.now(),
    rows,
    storage: check.state === 'failed' ? 'away' : 'ok',
    feed: live.connected() ? 'ok' : 'away',
  })
  const ask = async (): Promise<void> => {
    try {
      rows = await storage.count()
      if (check.state === 'failed') log.info('storage_back')
      check = { state: 'ok' }
    } catch (error) {
      const reason = messageOf(error)
      if (check.state !== 'failed') log.warn('storage_away', { reason })
      check = { state: 'failed', reason }
    }
  }
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await ask()
      parts.tell(status())
      await clock.sleep(STATUS_EVERY_MS, stop.signal)
    }
  }
  const running = run()
  return {
    status,
    storageCheck: () => check,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}
