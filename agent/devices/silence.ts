// Which devices should have been heard of by now: those that say how often they report, and did not.
// Pure.

import type { DeviceRecord } from './device-record.ts'

/** A device is silent when so many readings that were expected did not come. */
const SILENT_AFTER = 3

/** A device that should have been heard of. */
export interface SilentDevice {
  readonly source: string
  readonly device: string
  readonly name: string | undefined
  readonly silentMs: number
}

/** A device, and when it was last heard of, monotonic ms. */
export interface Heard {
  readonly record: DeviceRecord
  readonly seenAt: number
}

/** The silent ones, longest silent first. A device that tells no interval, or is gone, is none. */
export function silentDevices(devices: Iterable<Heard>, now: number): readonly SilentDevice[] {
  const silent = [...devices].flatMap(({ record, seenAt }): SilentDevice[] => {
    const { source, device, name, expectedIntervalMs = 0, removed } = record
    const silentMs = Math.round(now - seenAt)
    const isDue = expectedIntervalMs > 0 && silentMs > SILENT_AFTER * expectedIntervalMs
    return isDue && removed !== true ? [{ source, device, name, silentMs }] : []
  })
  return silent.sort((left, right) => right.silentMs - left.silentMs)
}
