// Delays between attempts: exponential, bounded, with full jitter, so that a hundred hubs that lost
// the same server do not come back in step (Brooker, "Exponential Backoff And Jitter", AWS 2015).

import { randomInt, type Random } from './random.ts'

/** Bounds of the delays, milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

/** The delay before attempt `attempt` (1, 2, …): between half and all of the exponential step. */
export function retryDelayMs(backoff: Backoff, attempt: number, random: Random): number {
  const step = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30))
  return Math.ceil(step / 2) + randomInt(random, Math.floor(step / 2) + 1)
}
