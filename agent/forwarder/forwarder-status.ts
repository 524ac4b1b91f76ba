// What a forwarder is to the rest of the agent: what may be asked of it, and what it says of itself.
// Nothing here decides anything.

import type { RateRequest } from '../../wire/requests.ts'
import type { IdRange } from '../journal/journal.ts'
import type { ForwarderState } from './forwarder-state.ts'
import type { TypeMarks } from './type-marks.ts'

/** What a forwarder says of itself. Counts are since the start. */
export interface ForwarderStatus {
  readonly state: ForwarderState
  /** Why it waits, where it does. */
  readonly trouble: string | undefined
  /** Readings of the backlog lane that are not acknowledged. */
  readonly backlog: number
  /** How fast the backlog shrinks; below zero where it grows, undefined in the first second. */
  readonly backlogRatePerSecond: number | undefined
  /** When the backlog will be gone at that pace; undefined when it does not shrink. */
  readonly etaMs: number | undefined
  readonly inFlight: number
  readonly acknowledgedReadings: number
  readonly acknowledgedPacks: number
  readonly retries: number
  /** Wall time of the last acknowledgement, epoch ms. */
  readonly lastAcknowledgedAt: number | undefined
  /** The pace that the cloud asked for, readings per second; undefined without one. */
  readonly rate:
    | { readonly live: number | null; readonly back: number | null; readonly endsInMs: number }
    | undefined
  /** Readings that the cloud asked for again and has not acknowledged yet. */
  readonly resending: number
  /** Readings given up because nobody takes them, by reason; each has its drop record. */
  readonly setAside: { readonly [reason: string]: number }
  /** Readings whose drop record could not be written yet. */
  readonly settingAside: number
  /** Readings that should have been in the journal and were not. */
  readonly missing: number
}

/** A running forwarder. Disposal stops it and waits for what is under way. */
export interface Forwarder extends AsyncDisposable {
  status(): ForwarderStatus
  /** Lowest seq of a type that the cloud may not have, in the open epoch. */
  marks(): TypeMarks
  /** From now on at most so many readings per second leave, until the request's time is over. */
  limit(request: RateRequest): void
  /**
   * Sends rows again, under message ids that the broker has not seen. `asked` are all of them,
   * `settled` those that were not waiting anyway.
   */
  resend(asked: readonly IdRange[], settled: readonly IdRange[]): void
}
