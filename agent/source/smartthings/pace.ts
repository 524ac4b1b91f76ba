// How long to wait before the next snapshot. Pure: what is left of each window of the budget is spread
// over the time until it ends, less a reserve for history and the stream; a busy house is looked at more
// often, a quiet one less, and what the one saves the other has.

import type { BudgetState, BudgetWindow } from './api.ts'

/** What the wait depends on. */
export interface PaceFacts {
  /** Epoch ms. */
  readonly now: number
  readonly budget: BudgetState
  /** Calls that a snapshot takes: pages, and what else is called in between. */
  readonly callsPerSnapshot: number
  /** Share of the last snapshots that brought news, 0 to 1. */
  readonly activity: number
  /** Never more often, never more seldom, ms. The budget is stronger than the second. */
  readonly minMs: number
  readonly maxMs: number
}

/** Share of a window that snapshots leave for history, stream and tokens. */
const RESERVE = 0.1

/** A quiet house waits this many times longer than its share of the budget, a busy one less than it. */
const QUIET_FACTOR = 1.5
const BUSY_FACTOR = 0.75

/** Milliseconds until the next snapshot. */
export function nextWaitMs(facts: PaceFacts): number {
  const { now, budget, activity, minMs, maxMs } = facts
  const { hour, day, month, blockedUntilMs = now } = budget
  const fair = Math.max(minMs, ...[hour, day, month].map((window) => fairMs(facts, window)))
  const factor = QUIET_FACTOR + (BUSY_FACTOR - QUIET_FACTOR) * Math.min(1, Math.max(0, activity))
  const wanted = Math.min(Math.max(minMs, fair * factor), Math.max(maxMs, fair))
  const spent = [hour, day, month].map((window) =>
    leftIn(facts, window) < 1 ? window.endsAtMs : 0,
  )
  return Math.max(wanted, Math.max(blockedUntilMs, ...spent) - now)
}

/** Snapshots that a window has left. */
function leftIn({ callsPerSnapshot }: PaceFacts, { limit = Infinity, used }: BudgetWindow): number {
  return Math.floor((limit * (1 - RESERVE) - used) / Math.max(1, callsPerSnapshot))
}

/** The wait that uses a window evenly; 0 where it is not limited. */
function fairMs(facts: PaceFacts, window: BudgetWindow): number {
  const leftMs = Math.max(0, window.endsAtMs - facts.now)
  return leftMs / Math.max(1, leftIn(facts, window))
}

/** The share of snapshots with news after one more; the last ten or so count. */
export function activityAfter(activity: number, hadNews: boolean): number {
  return activity + ((hadNews ? 1 : 0) - activity) / 10
}
