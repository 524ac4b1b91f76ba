// The port of the device registry: what a source knows of a device, and where it says so. The id is the
// key, together with the source; names, rooms and the like are for people and may change at any time.

import type { TypeName } from '../../wire/ids.ts'

/** One thing that a device reports: `device` and `channel` tell two switches of one device apart. */
export interface DeviceChannel {
  readonly type: TypeName
  readonly channel: string
}

/** All that a source knows of one device now; what it leaves out, it does not know. */
export interface DeviceFacts {
  /** As in the readings' `source`. */
  readonly source: string
  /** As in the readings' `device`: the stable id, never the name. */
  readonly device: string
  /** As in the readings' `site`. */
  readonly site?: string
  readonly name?: string
  readonly room?: string
  readonly manufacturer?: string
  readonly model?: string
  readonly channels?: readonly DeviceChannel[]
  /** How often a reading is expected, ms. */
  readonly expectedIntervalMs?: number
  /** True once the source says that the device is gone; its readings stay. */
  readonly removed?: boolean
}

/** Where sources say what they know of devices. */
export interface DeviceSink {
  /**
   * Each entry replaces what was known of that (source, device); devices that are not named stay as they
   * are. Saying the same again costs nothing: only changes travel. Never throws and never waits.
   */
  know(devices: readonly DeviceFacts[]): void
}
