// What the dashboard's server says to its page, as JSON. Types only: the page takes them by
// `import type`, so this file imports nothing and runs nowhere.

/** The newest reading of a series, and the shape of each live point. */
export interface LivePoint {
  readonly hub: string
  readonly type: string
  readonly site: string | null
  readonly device: string
  readonly channel: string
  /** Epoch ms that a chart shows it at. */
  readonly at: number
  /** As the source gave it, JSON. */
  readonly value: unknown
  /** In `unit`; null where the value is no number. */
  readonly number: number | null
  readonly unit: string | null
  readonly flags: readonly string[]
}

/** What a device is called; the newest counts. */
export interface DeviceLabel {
  readonly hub: string
  readonly site: string | null
  readonly device: string
  readonly name: string | null
  readonly room: string | null
  /** Epoch ms of the record that says so. */
  readonly at: number
}

/** The answer of `/api/latest`. */
export interface LatestAnswer {
  /** The server's wall time, epoch ms: ages are told by it, not by the viewer's clock. */
  readonly now: number
  /** Rows in the database; null while that is unknown. */
  readonly rows: number | null
  /** Where the agent takes readings by HTTP, for the first-reading help; null if unknown. */
  readonly agentUrl: string | null
  readonly series: readonly LivePoint[]
  /** Of devices that have one; empty while storage cannot say. */
  readonly devices: readonly DeviceLabel[]
}

/** The answer of `/api/range`: columns of equal length, times in epoch ms ascending. */
export interface RangeAnswer {
  readonly at: readonly number[]
  readonly number: readonly number[]
}

/** The `status` event of `/api/live`. */
export interface LiveStatus {
  readonly now: number
  readonly rows: number | null
  readonly storage: 'ok' | 'away'
  readonly feed: 'ok' | 'away'
}
