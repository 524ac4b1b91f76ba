// What SmartThings reports of one attribute, as readings. Pure, and the same for all ways in: status,
// history, event stream and webhook. A unit is never guessed, a value is kept as given but for numbers
// that come as text, and what is no reading is said to be none, with the reason, never thrown.

import { createHash } from 'node:crypto'
import { isJsonObject } from '../../../base/json.ts'
import { mappedAttributes, typeOfAttribute } from '../../../wire/capabilities.ts'
import { parseSensorType } from '../../../wire/ids.ts'
import type { TypeName } from '../../../wire/ids.ts'
import * as limits from '../../../wire/limits.ts'
import { isCleanText } from '../../../wire/parse-reading.ts'
import type { Json, SourceReading } from '../../../wire/reading.ts'
import { sensorType } from '../../../wire/types.ts'
import { checkValue } from '../../../wire/value.ts'

/** The `source` of all readings that come from SmartThings. */
export const SMARTTHINGS = 'smartthings'

/** Which attribute of which device. */
export interface AttributeName {
  readonly device: string
  /** `main`, or what the vendor calls the part: `button1`, `cooler`. */
  readonly component: string
  readonly capability: string
  readonly attribute: string
}

/** One attribute as a status, a history row or an event says it. */
export interface AttributeReport extends AttributeName {
  readonly value: unknown
  /** As given; events have none. */
  readonly unit?: string | null | undefined
  /** Epoch ms at SmartThings; undefined where the report has no time. */
  readonly at?: number | undefined
  /** The event's own id. Without one, attribute, time and value stand for it. */
  readonly eventId?: string | undefined
  /** The installed app, where one hub id serves several. */
  readonly site?: string | undefined
}

/** Why a report is no reading: to be counted. */
export type Skip = 'null' | 'invalid_name' | 'invalid_value' | 'too_large'

/** Readings (two where a report holds two things), or why there are none. */
export type Mapped =
  | { readonly ok: true; readonly readings: readonly SourceReading[] }
  | { readonly ok: false; readonly skip: Skip }

/** The text that stands for an attribute of a device; without line ends, `/` between the parts. */
export function keyOf({ device, component, capability, attribute }: AttributeName): string {
  return `${device}/${component}/${capability}/${attribute}`
}

/** What a report says, as readings. */
export function mapReport(report: AttributeReport): Mapped {
  const names = [report.component, report.capability, report.attribute]
  const isNamed =
    isCleanText(report.device, limits.DEVICE_MAX_CHARS) &&
    names.every((name) => isCleanText(name, NAME_MAX_CHARS))
  if (!isNamed) return { ok: false, skip: 'invalid_name' }
  if (report.value === undefined || report.value === null) return { ok: false, skip: 'null' }
  const checked = checkValue(report.value)
  if ('problem' in checked) {
    const skip = checked.problem === 'too large' ? 'too_large' : 'invalid_value'
    return { ok: false, skip }
  }
  const readings = partsOf(report, checked.value).map((part) => readingOf(report, part))
  return { ok: true, readings }
}

/** A text to compare values by: `"51"` and 51 are equal where the type is a number. */
export function valueText({ capability, attribute }: AttributeName, value: unknown): string {
  const type = typeOfAttribute(capability, attribute)
  const checked = checkValue(value)
  const text = 'value' in checked ? JSON.stringify(asNumber(type, checked.value)) : 'null'
  return text.length <= VALUE_TEXT_MAX_CHARS ? text : hashOf(text)
}

/**
 * The capabilities that a component's status calls disabled (`custom.disabledCapabilities`): the
 * device has them in its profile, and their values mean nothing.
 */
export function disabledCapabilities(componentStatus: unknown): ReadonlySet<string> {
  const capability = isJsonObject(componentStatus) ? componentStatus[DISABLED] : undefined
  const attribute = isJsonObject(capability) ? capability['disabledCapabilities'] : undefined
  const value: unknown = isJsonObject(attribute) ? attribute['value'] : undefined
  const names: readonly unknown[] = Array.isArray(value) ? value : []
  return new Set(names.filter((name) => typeof name === 'string'))
}

/**
 * The health of a device as an attribute of it: type `availability`, in words of that type. It has
 * a channel of its own, apart from what the device's own `healthCheck` says.
 */
export function healthReport(health: {
  readonly device: string
  /** `ONLINE`, `OFFLINE`, `UNHEALTHY`, `UNKNOWN`. */
  readonly state: string
  readonly at?: number | undefined
  readonly eventId?: string | undefined
  readonly site?: string | undefined
}): AttributeReport {
  const { state, ...rest } = health
  const name = { component: 'main', capability: HEALTH, attribute: 'state' }
  return { ...rest, ...name, value: state.toLowerCase() }
}

const DISABLED = 'custom.disabledCapabilities'
const HEALTH = 'healthState'

/** Names of components, capabilities and attributes; the longest known is about 60. */
const NAME_MAX_CHARS = 128

/** Values longer than this are compared by their hash. */
const VALUE_TEXT_MAX_CHARS = 40

interface Part {
  readonly type: TypeName
  readonly channel: string
  readonly value: Json
  readonly unit?: string | null | undefined
  /** Tells the parts of one report apart. */
  readonly suffix: string
}

function readingOf(report: AttributeReport, part: Part): SourceReading {
  const { type, channel, value, unit, suffix } = part
  const eventId = eventIdOf(report, suffix)
  return {
    ...{ type, device: report.device, channel, value },
    ...(isCleanText(unit, limits.UNIT_MAX_CHARS) ? { unit } : {}),
    ...(report.at !== undefined && limits.isTime(report.at) ? { observedAt: report.at } : {}),
    ...(eventId === undefined ? {} : { eventId }),
    ...(report.site === undefined ? {} : { site: report.site }),
    source: SMARTTHINGS,
  }
}

/** The event's id, or one that the same report has each time it is seen; none without a time. */
function eventIdOf(report: AttributeReport, suffix: string): string | undefined {
  const { at, eventId } = report
  if (eventId === undefined && at === undefined) return undefined
  const own = eventId ?? `${keyOf(report)}@${at}=${valueText(report, report.value)}`
  const id = `${own}${suffix}`
  return isCleanText(id, limits.EVENT_ID_MAX_CHARS) ? id : hashOf(id)
}

function partsOf(report: AttributeReport, value: Json): readonly Part[] {
  const { capability, attribute, unit } = report
  const split = SPLITS[`${capability}.${attribute}`]
  const parts = isJsonObject(value) && split !== undefined ? split(report, value) : []
  if (parts.length > 0) return parts
  const type = report.capability === HEALTH ? AVAILABILITY : typeOfAttribute(capability, attribute)
  // What should have been split and could not be is raw: a number type would call it out of range.
  const known = split === undefined ? type : CUSTOM
  const channel = channelOf(report, known)
  return [{ type: known, channel, value: asNumber(known, value), unit, suffix: '' }]
}

/**
 * The component alone where the attribute is the first of its type in the table; else capability and
 * attribute too, so that two attributes of one type never share a channel. It depends on the table
 * only, not on the device: a channel stays what it is when a device gains a capability.
 */
function channelOf({ component, capability, attribute }: AttributeName, type: TypeName): string {
  const name = `${capability}.${attribute}`
  if (PRIMARY.get(type) === name) return shortened(component)
  return shortened(`${component}.${name}`)
}

function shortened(channel: string): string {
  if (channel.length <= limits.CHANNEL_MAX_CHARS) return channel
  const hash = hashOf(channel).slice(0, 12)
  return `${channel.slice(0, limits.CHANNEL_MAX_CHARS - hash.length - 1)}~${hash}`.toWellFormed()
}

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** The number in a text, where the type is a number: vendors send some as text. */
function asNumber(type: TypeName, value: Json): Json {
  const { unit, range } = sensorType(type)
  if (typeof value !== 'string' || (unit === undefined && range === undefined)) return value
  const number = NUMBER.test(value.trim()) ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : value
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

type Split = (report: AttributeReport, value: { readonly [key: string]: unknown }) => Part[]

/** Fields of an object that are readings. Their units are those of the capability's definition. */
function splitBy(
  ...fields: readonly (readonly [field: string, as: string, unit: string])[]
): Split {
  return ({ component, capability, attribute }, value) =>
    fields.flatMap(([field, as, unit]) => {
      const type = typeOfAttribute(capability, as)
      const number = checkValue(value[field])
      const checked = 'value' in number ? asNumber(type, number.value) : undefined
      if (typeof checked !== 'number') return []
      const name = { device: '', component, capability, attribute: as }
      const suffix = as === attribute ? '' : `/${as}`
      return [{ type, channel: channelOf(name, type), value: checked, unit, suffix }]
    })
}

const SPLITS: { readonly [attribute: string]: Split } = {
  'powerConsumptionReport.powerConsumption': splitBy(
    ['energy', 'energy', 'Wh'],
    ['power', 'power', 'W'],
  ),
  'samsungce.waterConsumptionReport.waterConsumption': splitBy([
    'cumulativeAmount',
    'waterConsumption',
    'mL',
  ]),
}

/** The first attribute of each type in the table; `custom` has none. */
const PRIMARY: ReadonlyMap<string, string> = new Map(
  [...mappedAttributes()].reverse().map(([attribute, type]) => [type, attribute]),
)

function typeNamed(name: string): TypeName {
  const type = parseSensorType(name)
  if (type === undefined) throw new RangeError(`${name} is no sensor type`)
  return type
}

const AVAILABILITY = typeNamed('availability')
const CUSTOM = typeNamed('custom')
