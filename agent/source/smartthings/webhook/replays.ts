// Remembers which signed requests have taken effect, so that a copy of one changes nothing: an old
// INSTALL would bring back tokens that were replaced, an old UNINSTALL would remove what was installed
// again. Only as long as the date of a request lets it pass.

import type { Clock } from '../../../../base/clock.ts'
import { DATE_SKEW_MS, REPLAYS_MAX } from './limits.ts'

/** A request dated ahead passes until its date is past by as much: twice the skew. */
const KEEP_MS = 2 * DATE_SKEW_MS

/** The requests that took effect. */
export interface Replays {
  /** True if the request with this signature took effect a moment ago. */
  has(signature: string): boolean
  /** It took effect. */
  add(signature: string): void
}

/** An empty memory; it holds the newest REPLAYS_MAX, and events are merged by their ids anyway. */
export function createReplays(clock: Clock): Replays {
  const until = new Map<string, number>()
  return {
    has: (signature) => clock.monotonic() <= (until.get(signature) ?? -Infinity),
    add(signature) {
      const now = clock.monotonic()
      for (const [old, end] of until) {
        if (end >= now && until.size < REPLAYS_MAX) break
        until.delete(old)
      }
      until.set(signature, now + KEEP_MS)
    },
  }
}
