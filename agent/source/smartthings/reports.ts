// What the answers of the SmartThings port hold, as reports of attributes. Pure. Snapshot, history and
// stream end up in one shape; what is no report is named, so that it can be counted.

import { parseIsoTime } from '../../../base/clock.ts'
import { isJsonObject, numberAt, textAt } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import type { Device, HistoryEntry } from './api.ts'
import { disabledCapabilities, healthReport } from './mapping.ts'
import type { AttributeReport } from './mapping.ts'

/** Every attribute in a device's status, and its health; without what the device calls disabled. */
export function reportsOfDevice(device: Device): readonly AttributeReport[] {
  const found: AttributeReport[] = []
  for (const [component, capabilities] of Object.entries(device.status ?? {})) {
    const disabled = disabledCapabilities(capabilities)
    for (const [capability, attributes] of Object.entries(capabilities)) {
      if (disabled.has(capability)) continue
      for (const [attribute, status] of Object.entries(attributes)) {
        found.push({ device: device.deviceId, component, capability, attribute, ...status })
      }
    }
  }
  if (device.health === undefined) return found
  return [...found, healthReport({ device: device.deviceId, ...device.health })]
}

/** The capabilities that a device calls disabled, as `device/component/capability`. */
export function disabledOfDevice(device: Device): readonly string[] {
  return Object.entries(device.status ?? {}).flatMap(([component, capabilities]) =>
    [...disabledCapabilities(capabilities)].map(
      (capability) => `${device.deviceId}/${component}/${capability}`,
    ),
  )
}

/** A history row. */
export function reportOfEntry(entry: HistoryEntry): AttributeReport {
  const { deviceId: device, component, capability, attribute, value, unit, epochMs: at } = entry
  return { device, component, capability, attribute, value, unit, at }
}

/** What an event of the stream or of a webhook is; `other` by its type, to be counted. */
export type ReadEvent =
  | { readonly kind: 'report'; readonly report: AttributeReport }
  | { readonly kind: 'devices_changed' }
  | { readonly kind: 'other'; readonly eventType: string }

/** Reads one event: `{eventTime, eventType, deviceEvent: …}`. */
export function readEvent(body: JsonObject): ReadEvent {
  const eventType = textAt(body, 'eventType') ?? 'none'
  const at = timeOf(body['eventTime'])
  if (eventType === 'DEVICE_LIFECYCLE_EVENT') return { kind: 'devices_changed' }
  const report =
    eventType === 'DEVICE_EVENT'
      ? deviceEvent(body['deviceEvent'], at)
      : eventType === 'DEVICE_HEALTH_EVENT'
        ? healthEvent(body['deviceHealthEvent'], at)
        : undefined
  return report === undefined ? { kind: 'other', eventType } : { kind: 'report', report }
}

/** Epoch ms of a number (stream) or an ISO text (webhook). */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string') return parseIsoTime(value)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function deviceEvent(event: unknown, at: number | undefined): AttributeReport | undefined {
  const device = textAt(event, 'deviceId')
  const component = textAt(event, 'componentId') ?? 'main'
  const [capability, attribute] = [textAt(event, 'capability'), textAt(event, 'attribute')]
  if (device === undefined || capability === undefined || attribute === undefined) return undefined
  const name = { device, component, capability, attribute }
  const value = isJsonObject(event) ? event['value'] : undefined
  return { ...name, value, at, ...ownId(event, at) }
}

function healthEvent(event: unknown, at: number | undefined): AttributeReport | undefined {
  const [device, state] = [textAt(event, 'deviceId'), textAt(event, 'status')]
  if (device === undefined || state === undefined) return undefined
  return healthReport({ device, state, at, ...ownId(event, at) })
}

/**
 * The event's own id where its time is to the second or not known: then two equal events may be two.
 * Elsewhere attribute, time and value name a change, so that the journal knows it again when a snapshot
 * or the history shows it after a crash.
 */
function ownId(event: unknown, at: number | undefined): { eventId?: string } {
  const eventId = textAt(event, 'eventId')
  const isExact = at !== undefined && at % 1000 !== 0
  return isExact || eventId === undefined ? {} : { eventId }
}

/** The newest report of a device, epoch ms; undefined where it has none. */
export function lastReportOf(device: Device): number | undefined {
  const times = Object.values(device.status ?? {})
    .flatMap((capabilities) => Object.values(capabilities))
    .flatMap((attributes) => Object.values(attributes))
    .map((status) => numberAt(status, 'at') ?? Number.NEGATIVE_INFINITY)
  const last = times.reduce((newest, at) => Math.max(newest, at), Number.NEGATIVE_INFINITY)
  return Number.isFinite(last) ? last : undefined
}
