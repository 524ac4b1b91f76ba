// The cloud's answers as the port's types. What an answer lacks or has as null is left out; an entry
// of a list that is not what it must be is left out too, and counted, so that one does not hide the rest.

import * as z from 'zod'
import { parseIsoTime } from '../../../base/clock.ts'
import { HubleafError } from '../../../base/errors.ts'
import { isJsonObject, textAt } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json.ts'
import type * as api from './api.ts'

/** A list of entries, and how many were none. */
export interface Parsed<T> {
  readonly items: readonly T[]
  readonly malformed: number
}

/** Parses each entry; those that are none are counted. */
export function parseAll<T>(
  items: readonly unknown[],
  parse: (item: unknown) => T | undefined,
): Parsed<T> {
  const parsed = items.map(parse).filter((item) => item !== undefined)
  return { items: parsed, malformed: items.length - parsed.length }
}

/** The value, or `smartthings_answer_invalid`. */
export function orInvalid<T>(value: T | undefined, label: string): T {
  if (value !== undefined) return value
  const message = `${label}: the answer is not what the interface promises`
  throw new HubleafError('smartthings_answer_invalid', message)
}

/** The texts at these keys, those that are there. */
function texts<K extends string>(
  from: JsonObject,
  keys: readonly K[],
): { readonly [P in K]?: string } {
  const found: { [P in K]?: string } = {}
  for (const key of keys) {
    const text = textAt(from, key)
    if (text !== undefined && text !== '') found[key] = text
  }
  return found
}

const optionalTime = (text: string | undefined): { readonly at?: number } => {
  const at = text === undefined ? undefined : parseIsoTime(text)
  return at === undefined ? {} : { at }
}

/** A device of a list. */
export function parseDevice(item: unknown): api.Device | undefined {
  const deviceId = textAt(item, 'deviceId')
  if (!isJsonObject(item) || deviceId === undefined || deviceId === '') return undefined
  const keys = ['label', 'name', 'manufacturerName', 'locationId', 'roomId'] as const
  const listed: readonly unknown[] = Array.isArray(item['components']) ? item['components'] : []
  const health = parseHealth(item['healthState'])
  const status = statusInList(listed)
  return {
    deviceId,
    ...texts(item, [...keys, 'parentDeviceId', 'type']),
    components: listed.flatMap((component) => parseComponent(component) ?? []),
    ...(status === undefined ? {} : { status }),
    ...(health === undefined ? {} : { health }),
  }
}

function parseComponent(item: unknown): api.DeviceComponent | undefined {
  const id = textAt(item, 'id')
  if (!isJsonObject(item) || id === undefined) return undefined
  const named = (key: string, name: string): readonly string[] => {
    const list: readonly unknown[] = Array.isArray(item[key]) ? item[key] : []
    return list.flatMap((entry) => textAt(entry, name) ?? [])
  }
  const capabilities = named('capabilities', 'id')
  return { id, ...texts(item, ['label']), capabilities, categories: named('categories', 'name') }
}

/** With `includeStatus` the status stands at each capability; undefined if none has one. */
function statusInList(components: readonly unknown[]): api.DeviceStatus | undefined {
  const whole = components.filter(isJsonObject).map((component) => {
    const { capabilities } = component
    const list: readonly unknown[] = Array.isArray(capabilities) ? capabilities : []
    const entries = list.filter(isJsonObject).flatMap((capability): [string, unknown][] => {
      const id = textAt(capability, 'id')
      if (id === undefined || !isJsonObject(capability['status'])) return []
      return [[id, capability['status']]]
    })
    return [textAt(component, 'id') ?? '', Object.fromEntries(entries)] as const
  })
  const hasStatus = whole.some(([, capabilities]) => Object.keys(capabilities).length > 0)
  return hasStatus ? parseComponents(Object.fromEntries(whole)) : undefined
}

/** The answer to a device's status. */
export function parseStatus(body: unknown): api.DeviceStatus | undefined {
  const components = isJsonObject(body) ? body['components'] : undefined
  return isJsonObject(components) ? parseComponents(components) : undefined
}

function parseComponents(components: JsonObject): api.DeviceStatus {
  return mapObject(components, (capabilities) =>
    mapObject(capabilities, (attributes) =>
      mapObject(attributes, (attribute) => ({
        value: attribute['value'] ?? null,
        ...texts(attribute, ['unit']),
        ...optionalTime(textAt(attribute, 'timestamp')),
      })),
    ),
  )
}

/** Each member that is an object, mapped; `__proto__` is a name like others. */
function mapObject<T>(
  value: unknown,
  map: (member: JsonObject) => T,
): { readonly [key: string]: T } {
  const entries = isJsonObject(value) ? Object.entries(value) : []
  return Object.fromEntries(
    entries.flatMap(([key, member]): [string, T][] =>
      isJsonObject(member) ? [[key, map(member)]] : [],
    ),
  )
}

/** A device's health. */
export function parseHealth(body: unknown): api.DeviceHealth | undefined {
  const state = textAt(body, 'state')
  if (state === undefined) return undefined
  return { state, ...optionalTime(textAt(body, 'lastUpdatedDate')) }
}

/** A home. */
export function parseLocation(body: unknown): api.Location | undefined {
  const locationId = textAt(body, 'locationId')
  if (!isJsonObject(body) || locationId === undefined) return undefined
  return { locationId, ...texts(body, ['name', 'temperatureScale', 'timeZoneId']) }
}

/** A room. */
export function parseRoom(body: unknown): api.Room | undefined {
  const roomId = textAt(body, 'roomId')
  if (!isJsonObject(body) || roomId === undefined) return undefined
  return { roomId, ...texts(body, ['name']) }
}

const historySchema = z.looseObject({
  ...{ deviceId: z.string().min(1), component: z.string().default('main') },
  ...{ capability: z.string(), attribute: z.string(), epoch: z.number(), hash: z.number() },
})

/** An entry of the history. */
export function parseHistoryEntry(item: unknown): api.HistoryEntry | undefined {
  const parsed = historySchema.safeParse(item)
  if (!parsed.success) return undefined
  const { deviceId, component, capability, attribute, epoch, hash } = parsed.data
  const unit = textAt(item, 'unit')
  return {
    ...{ deviceId, component, capability, attribute, epochMs: epoch, hash },
    value: parsed.data['value'] ?? null,
    ...(unit === undefined || unit === '' ? {} : { unit }),
  }
}

/** Where the details of each kind of subscription stand. */
export const DETAIL_KEYS = {
  DEVICE: 'device',
  CAPABILITY: 'capability',
  DEVICE_LIFECYCLE: 'deviceLifecycle',
  DEVICE_HEALTH: 'deviceHealth',
  HUB_HEALTH: 'hubHealth',
} as const

/** A subscription. */
export function parseSubscription(item: unknown): api.Subscription | undefined {
  const [id, sourceType] = [textAt(item, 'id'), textAt(item, 'sourceType')]
  if (!isJsonObject(item) || id === undefined || sourceType === undefined) return undefined
  const detail = Object.values(item).find(isJsonObject) ?? {}
  const name = textAt(detail, 'subscriptionName')
  return { id, sourceType, detail, ...(name === undefined ? {} : { name }) }
}
