// What the SmartThings source says of itself. Pure: the loop notes what happened, and this is where it
// becomes a state, a reason and the facts for /status.

import type { Check } from '../../../base/ops-server.ts'
import type { SourceStatus } from '../source.ts'
import type { BudgetState, Device, LoginState } from './api.ts'
import type { Coverage, Gap } from './coverage.ts'
import { lastReportOf } from './reports.ts'

/** How the source is: `unknown` until the first snapshot, or the first failure. */
export type SourceState = 'ok' | 'degraded' | 'needs_login' | 'unknown'

/** How the event stream is; `refused`: this login may not use it. */
export type StreamState = 'off' | 'refused' | 'closed' | 'open'

/** What the loop notes. */
export interface Notes {
  readonly lastSnapshotMs?: number
  readonly nextSnapshotMs?: number
  /** Why the last snapshot failed. */
  readonly trouble?: string | undefined
  /** Why the history of a gap cannot be read now. */
  readonly historyTrouble?: string | undefined
  readonly stream: StreamState
  /** Why it is refused or closed. */
  readonly streamReason?: string | undefined
}

/** State and reason. */
export interface Judgement {
  readonly state: SourceState
  readonly reason?: string
}

/** The state that follows from what was noted. */
export function judgeState(notes: Notes, login: LoginState, gaps: readonly Gap[]): Judgement {
  if (login.state === 'needs_login') {
    return { state: 'needs_login', reason: `${login.reason}; ${login.hint}` }
  }
  if (notes.trouble !== undefined) return { state: 'degraded', reason: notes.trouble }
  if (notes.lastSnapshotMs === undefined) return { state: 'unknown', reason: 'starting' }
  if (gaps.length > 0 && notes.historyTrouble !== undefined) {
    return { state: 'degraded', reason: `a gap is not filled yet: ${notes.historyTrouble}` }
  }
  if (login.warning !== undefined) return { state: 'degraded', reason: login.warning }
  return { state: 'ok' }
}

/** How fresh a device is. */
export interface Freshness {
  readonly device: string
  readonly name?: string
  readonly lastReportMs?: number
  readonly health?: string
  readonly isStale: boolean
}

/** A device is stale when the cloud does not hear of it, or heard nothing for `staleAfterMs`. */
export function freshnessOf(device: Device, now: number, staleAfterMs: number): Freshness {
  const lastReportMs = lastReportOf(device)
  const health = device.health?.state
  const isSilent = lastReportMs !== undefined && now - lastReportMs > staleAfterMs
  const name = device.label ?? device.name
  return {
    device: device.deviceId,
    ...(name === undefined ? {} : { name }),
    ...(lastReportMs === undefined ? {} : { lastReportMs }),
    ...(health === undefined ? {} : { health }),
    isStale: isSilent || health === 'OFFLINE',
  }
}

/** Facts for /status; times are epoch ms. */
export interface SmartThingsFacts extends Judgement {
  readonly stream: { readonly state: StreamState; readonly reason?: string }
  readonly lastSnapshotMs: number | null
  readonly nextSnapshotMs: number | null
  /** When nobody listened, and whose history has not been read yet; `to` is null while it lasts. */
  readonly gaps: readonly { readonly from: number; readonly to: number | null }[]
  readonly budget: BudgetState
  readonly login: LoginState
  readonly devices: number
  readonly staleDevices: readonly Freshness[]
  readonly counts: { readonly [name: string]: number }
}

/** What the loop knows. */
export interface Told {
  readonly notes: Notes
  readonly login: LoginState
  readonly budget: BudgetState
  readonly coverage: Coverage
  readonly freshness: readonly Freshness[]
  readonly counts: { readonly [name: string]: number }
}

/** Puts the facts together. */
export function factsOf({
  notes,
  login,
  budget,
  coverage,
  freshness,
  counts,
}: Told): SmartThingsFacts {
  const { stream: state, streamReason, lastSnapshotMs = null, nextSnapshotMs = null } = notes
  const { gaps, openSince } = coverage
  const open = openSince === undefined ? [] : [{ from: openSince, to: null }]
  return {
    ...judgeState(notes, login, gaps),
    stream: { state, ...(streamReason === undefined ? {} : { reason: streamReason }) },
    ...{ lastSnapshotMs, nextSnapshotMs, budget, login, counts },
    gaps: [...gaps, ...open],
    devices: freshness.length,
    staleDevices: freshness.filter(({ isStale }) => isStale),
  }
}

/** For /readyz, /status and the metrics. */
export function statusOf(
  facts: SmartThingsFacts,
): SourceStatus & { readonly facts: SmartThingsFacts } {
  return {
    check: checkOf(facts),
    // A login that will not last is a warning: the source is up.
    isUp: facts.login.state === 'ok' && facts.reason === facts.login.warning,
    lastMessageAt: facts.lastSnapshotMs ?? undefined,
    ...{ messages: {}, refused: {}, facts },
  }
}

function checkOf({ state, reason }: Judgement): Check {
  if (state === 'needs_login') return { state: 'degraded', reason: `needs_login: ${reason ?? ''}` }
  return { state, ...(reason === undefined ? {} : { reason }) }
}
