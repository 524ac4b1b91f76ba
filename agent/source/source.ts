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

/** Something that takes readings in. */
export interface Source {
  /** As in the readings' `source`. */
  readonly name: string
  /** Runs until the signal aborts; its own trouble is its own to retry. */
  run(sink: Sink, signal: AbortSignal): Promise<void>
  /** How it is, where there is more to say than that it runs: for /readyz. */
  check?(): Check
  /** For /status, JSON. */
  facts?(): unknown
  /** Registers its metrics. */
  measure?(telemetry: Telemetry): void
}
