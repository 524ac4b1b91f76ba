// The port of the database: what workers write and what readers ask. Implementations carry the
// technology in their name. The promise: `write` answers only after its rows are committed; a row
// with a known key and equal content is counted as a repeat and changes nothing; one with a known
// key and other content is a conflict, reported and not stored.

import type { EpochId, HubId, TypeName } from '../../wire/ids.ts'
import type { Reading } from '../../wire/reading.ts'

/** All flags. Databases keep a flag as its place in this list: add at the end, never reorder. */
export const FLAGS = ['out_of_range', 'unit_unknown', 'time_suspect', 'unknown_word'] as const

/** What a worker found remarkable in a reading. The row is stored all the same. */
export type Flag = (typeof FLAGS)[number]

/** One reading as it is stored. Key: (hub, epoch, type, seq). */
export interface Row extends Reading {
  readonly hub: HubId
  readonly epoch: EpochId
  readonly type: TypeName
  /** The value as a number in the canonical unit, or null where it has none. */
  readonly number: number | null
  /** The unit of `number`, or null where it is unknown or there is none. */
  readonly canonicalUnit: string | null
  readonly flags: readonly Flag[]
}

/** The key of a row, for reports. */
export type RowKey = Pick<Row, 'hub' | 'epoch' | 'type' | 'seq'>

/** What became of the rows of one write; the three together are all of them. */
export interface WriteOutcome {
  readonly stored: number
  /** Already there with equal content: a resend. */
  readonly repeated: number
  /** Already there with other content: an alarm. */
  readonly conflicts: readonly RowKey[]
}

/** One line of a chart: a device's channel of one type. */
export interface Series {
  readonly hub: HubId
  readonly type: TypeName
  readonly site: string | null
  readonly device: string
  readonly channel: string
}

/** A point of a chart. */
export interface Point {
  /** Epoch ms: `observedAt`, or `receivedAt` where the former is suspect. */
  readonly at: number
  readonly number: number
}

/** The newest reading of a series. */
export interface Latest extends Series {
  readonly at: number
  readonly value: unknown
  readonly number: number | null
  /** The canonical unit, which `number` is in; else the unit as the source gave it. */
  readonly unit: string | null
  readonly flags: readonly Flag[]
}

/** What a device is called, by the newest record that its hub sent. */
export interface DeviceName {
  readonly hub: HubId
  readonly site: string | null
  readonly device: string
  /** Which of the hub's sources says so: two may know one id. */
  readonly source: string
  readonly name: string | null
  readonly room: string | null
  /** Epoch ms of the record. */
  readonly at: number
}

/**
 * A range of one series, in the order of time and then of arrival, thinned to about `points` points:
 * of each stretch of time the lowest, the highest and the last survive.
 */
export interface RangeRequest extends Series {
  /** Epoch ms, inclusive. */
  readonly from: number
  /** Epoch ms, exclusive. */
  readonly to: number
  readonly points: number
}

/** The database as the cloud sees it. All methods throw `storage_unavailable` while it is away. */
export interface Storage extends AsyncDisposable {
  write(rows: readonly Row[]): Promise<WriteOutcome>
  /** The newest reading of each series, at most 10,000. Reserved record types are left out. */
  latest(): Promise<readonly Latest[]>
  /** What devices are called, the newest first, at most 10,000; devices without a record have no name. */
  devices(): Promise<readonly DeviceName[]>
  range(request: RangeRequest): Promise<readonly Point[]>
  /** Rows in the database, all types. */
  count(): Promise<number>
}
