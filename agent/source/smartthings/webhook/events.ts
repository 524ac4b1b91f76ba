// A batch of the vendor's events, sorted: readings for the journal, changes to tell of, and what is
// skipped, each with a code. Pure, and one event at a time: an odd one costs nobody else anything.

import { parseIsoTime } from '../../../../base/clock.ts'
import { isJsonObject, numberAt, textAt } from '../../../../base/json.ts'
import type { JsonObject } from '../../../../base/json.ts'
import { EVENT_ID_MAX_CHARS, isTime } from '../../../../wire/limits.ts'
import { isCleanText } from '../../../../wire/parse-reading.ts'
import type { SourceReading } from '../../../../wire/reading.ts'
import { healthReport, mapReport } from '../mapping.ts'
import type { AttributeReport, Skip } from '../mapping.ts'

/** Why an event gave no reading and changed nothing: to be counted. */
export type EventSkip =
  | Skip
  /** No object, or without what its type must have. */
  | 'malformed'
  /** A type that this version knows to hold no reading: modes, timers, scenes, commands. */
  | 'no_reading'
  /** A type that this version does not know. */
  | 'unknown_type'

/** What a batch comes to. */
export interface Batch {
  /** In the order of the events. */
  readonly readings: readonly SourceReading[]
  readonly skipped: readonly EventSkip[]
  /** Lifecycles of devices that came, went, moved or were renamed. */
  readonly devicesChanged: readonly string[]
  /** The installation was removed; API access apps are told so by an event. */
  readonly removed: boolean
}

type Fate =
  | { readonly kind: 'report'; readonly report: AttributeReport }
  | { readonly kind: 'devices'; readonly lifecycle: string }
  | { readonly kind: 'removed' }
  | { readonly kind: 'skip'; readonly skip: EventSkip }

/** Sorts the events of one installation; `site` is its id. Throws nothing. */
export function sortEvents(events: readonly unknown[], site: string): Batch {
  const readings: SourceReading[] = []
  const skipped: EventSkip[] = []
  const devicesChanged: string[] = []
  let removed = false
  for (const event of events) {
    const fate = fateOf(event, site)
    if (fate.kind === 'devices') devicesChanged.push(fate.lifecycle)
    else if (fate.kind === 'removed') removed = true
    else if (fate.kind === 'skip') skipped.push(fate.skip)
    else {
      const mapped = mapReport(fate.report)
      if (mapped.ok) readings.push(...mapped.readings)
      else skipped.push(mapped.skip)
    }
  }
  return { readings, skipped, devicesChanged, removed }
}

/** Types of events without a reading, as the vendor lists them. */
const WITHOUT_READING = new Set([
  ...['MODE_EVENT', 'TIMER_EVENT', 'SCENE_LIFECYCLE_EVENT', 'SECURITY_ARM_STATE_EVENT'],
  ...['DEVICE_COMMANDS_EVENT', 'WEATHER_EVENT'],
])

const MALFORMED: Fate = { kind: 'skip', skip: 'malformed' }

function fateOf(event: unknown, site: string): Fate {
  if (!isJsonObject(event)) return MALFORMED
  const type = textAt(event, 'eventType') ?? ''
  if (WITHOUT_READING.has(type)) return { kind: 'skip', skip: 'no_reading' }
  if (type === 'DEVICE_EVENT') return deviceEvent(event, site)
  if (type === 'DEVICE_HEALTH_EVENT') return deviceHealth(event, site)
  if (type === 'HUB_HEALTH_EVENT') return hubHealth(event, site)
  if (type === 'DEVICE_LIFECYCLE_EVENT') {
    const lifecycle = textAt(event['deviceLifecycleEvent'], 'lifecycle')
    return lifecycle === undefined ? MALFORMED : { kind: 'devices', lifecycle }
  }
  if (type === 'INSTALLED_APP_LIFECYCLE_EVENT') return appLifecycle(event, site)
  return type === '' ? MALFORMED : { kind: 'skip', skip: 'unknown_type' }
}

function deviceEvent(event: JsonObject, site: string): Fate {
  const data = event['deviceEvent']
  const device = textAt(data, 'deviceId')
  const component = textAt(data, 'componentId')
  const capability = textAt(data, 'capability')
  const attribute = textAt(data, 'attribute')
  if (!isJsonObject(data) || device === undefined || component === undefined) return MALFORMED
  if (capability === undefined || attribute === undefined) return MALFORMED
  const name = { device, component, capability, attribute }
  const report = { ...name, value: data['value'], ...common(event, data, site) }
  return { kind: 'report', report }
}

function deviceHealth(event: JsonObject, site: string): Fate {
  const data = event['deviceHealthEvent']
  const device = textAt(data, 'deviceId')
  const state = textAt(data, 'status')
  if (!isJsonObject(data) || device === undefined || state === undefined) return MALFORMED
  return { kind: 'report', report: healthReport({ device, state, ...common(event, data, site) }) }
}

/** A hub has its own health, and one for each of its radios: `ZWAVE_OFFLINE` and the like. */
const HUB_STATUS = /^(?:([A-Z]+)_)?(ONLINE|OFFLINE)$/

function hubHealth(event: JsonObject, site: string): Fate {
  const data = event['hubHealthEvent']
  const device = textAt(data, 'hubId')
  const [, radio, state] = HUB_STATUS.exec(textAt(data, 'status') ?? '') ?? []
  if (!isJsonObject(data) || device === undefined || state === undefined) return MALFORMED
  const report = healthReport({ device, state, ...common(event, data, site) })
  const component = radio?.toLowerCase() ?? report.component
  return { kind: 'report', report: { ...report, component } }
}

function appLifecycle(event: JsonObject, site: string): Fate {
  const data = event['installedAppLifecycleEvent']
  const lifecycle = textAt(data, 'lifecycle')
  if (lifecycle === undefined || textAt(data, 'installedAppId') !== site) return MALFORMED
  return lifecycle === 'DELETE' ? { kind: 'removed' } : { kind: 'skip', skip: 'no_reading' }
}

/** What all events share. The time may be missing; the journal then has the time of arrival. */
function common(event: JsonObject, data: JsonObject, site: string) {
  const text = textAt(event, 'eventTime')
  const at = text === undefined ? numberAt(event, 'eventTime') : parseIsoTime(text)
  const eventId = data['eventId']
  return {
    site,
    at: at !== undefined && isTime(at) ? at : undefined,
    eventId: isCleanText(eventId, EVENT_ID_MAX_CHARS) ? eventId : undefined,
  }
}
