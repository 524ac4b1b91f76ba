// What devices are called, from the records among committed points to what viewers are told. The ids are
// those of the point, so that a record can only name the device that it was sent for. Pure.

import { textAt } from '../../base/json.ts'
import type { DeviceName } from '../storage/storage.ts'
import type { DeviceLabel, LivePoint } from './shapes.ts'

const DEVICE_TYPE = '_device'

/** Points to draw, and labels from the records among them. */
export function splitPoints(points: readonly LivePoint[]): {
  readonly readings: readonly LivePoint[]
  readonly labels: readonly DeviceLabel[]
} {
  const records = points.filter(({ type }) => type === DEVICE_TYPE)
  if (records.length === 0) return { readings: points, labels: [] }
  const labels = records.map(({ hub, site, device, at, value }) => ({
    ...{ hub, site, device, at },
    name: textAt(value, 'name') ?? null,
    room: textAt(value, 'room') ?? null,
  }))
  return { readings: points.filter(({ type }) => type !== DEVICE_TYPE), labels }
}

/** The label of a stored name. */
export function labelOf({ hub, site, device, name, room, at }: DeviceName): DeviceLabel {
  return { hub, site, device, name, room, at }
}
