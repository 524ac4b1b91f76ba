// The port of the sources: they only hand over. A source that polls waits for nobody; one that
// answers somebody answers after `accept` has resolved, which means synced.

import type { Check } from '../../base/ops-server.ts'
import type { Telemetry } from '../../base/telemetry.ts'
import type { SourceReading } from '../../wire/reading.ts'
import type { DeviceSink } from '../devices/device.ts'
import type { Accepted, Urgency } from '../journal/journal.ts'

/** Where sources hand over. */
export interface Sink {
  /** Resolves when all are synced. Throws `journal_*` codes: nothing of it was accepted. */
  accept(readings: readonly SourceReading[], urgency: Urgency): Promise<readonly Accepted[]>
  /** Where a source that knows names, rooms and the like of its devices says so. */
  readonly devices?: DeviceSink
}

/** What a source says of itself, for /readyz, /status and the metrics; counts are since the start. */
export interface SourceStatus {
  readonly check: Check
  /** It is connected to where its readings come from. */
  readonly isUp: boolean
  /** Epoch ms; undefined if nothing has come yet. */
  readonly lastMessageAt: number | undefined
  /** Messages by what became of them. */
  readonly messages: { readonly [outcome: string]: number }
  /** What was refused, by code. */
  readonly refused: { readonly [code: string]: number }
  /** More facts, JSON. */
  readonly facts: object
}

/** Something that takes readings in. */
export interface Source {
  /** As in the readings' `source`. */
  readonly name: string
  /** Runs until the signal aborts; its own trouble is its own to retry. */
  run(sink: Sink, signal: AbortSignal): Promise<void>
  /** How it is, where there is anything to say. */
  status?(): SourceStatus
  /** Registers metrics of its own. */
  measure?(telemetry: Telemetry): void
}
