// Which subscriptions an installation should have, and the steps from those it has. Pure. One for each
// capability covers devices that are still to come; where there are more capabilities than room but few
// devices, one for each device covers all of theirs; else the worthiest capabilities are chosen.

import { createHash } from 'node:crypto'
import type { Device, Subscription, SubscriptionRequest } from '../api.ts'
import { rankCapabilities } from './subscription-worth.ts'

/** Most subscriptions of one installed app, as the vendor documents it. */
export const SUBSCRIPTIONS_MAX = 40

/** The vendor's bound of a subscription's name, characters. */
const NAME_MAX_CHARS = 36

/** What to plan for. */
export interface PlanInput {
  readonly locationId: string
  /** All devices of the location. */
  readonly devices: readonly Pick<Device, 'deviceId' | 'components'>[]
  /** Most subscriptions that may be; SUBSCRIPTIONS_MAX, or less if the vendor refused some. */
  readonly limit: number
  /** True if the installation may hear of its hubs (`r:hubs:*`). */
  readonly hubs: boolean
}

/** What there should be. */
export interface Plan {
  readonly wanted: readonly SubscriptionRequest[]
  /** Capabilities that there is no room for: their events do not come. */
  readonly leftOut: readonly string[]
}

/** The subscriptions to have, at most `limit`, the worthiest first. */
export function planSubscriptions({ locationId, devices, limit, hubs }: PlanInput): Plan {
  const kinds = hubs ? [...HOUSE, 'HUB_HEALTH' as const] : HOUSE
  const house = kinds.slice(0, Math.max(0, limit)).map((sourceType) => {
    return { sourceType, name: sourceType.toLowerCase().replace('_', '-'), locationId }
  })
  const room = limit - house.length
  const ranked = rankCapabilities(usesOf(devices)).map(({ capability }) => capability)
  if (ranked.length > room && devices.length <= room) {
    const each = devices.map(({ deviceId }) => deviceSubscription(deviceId))
    return { wanted: [...house, ...each], leftOut: [] }
  }
  const chosen = ranked.slice(0, Math.max(0, room))
  const each = chosen.map((capability) => capabilitySubscription(locationId, capability))
  return { wanted: [...house, ...each], leftOut: ranked.slice(chosen.length) }
}

/** Of the whole location: what comes and goes, and what is up. */
const HOUSE = ['DEVICE_LIFECYCLE', 'DEVICE_HEALTH'] as const

/** A step from what is to what should be. */
export type Step =
  | { readonly kind: 'create'; readonly request: SubscriptionRequest }
  | { readonly kind: 'delete'; readonly id: string }

/**
 * The steps from `existing` to `wanted`, each subscription that is right left alone. At no time are
 * there more than `limit`, or two of one name; what goes goes as late as that allows.
 */
export function stepsTo(
  existing: readonly Subscription[],
  wanted: readonly SubscriptionRequest[],
  limit: number,
): readonly Step[] {
  const missing = new Map(wanted.map((request) => [requestKey(request), request]))
  const surplus: Subscription[] = []
  for (const each of existing) if (!missing.delete(subscriptionKey(each))) surplus.push(each)
  const steps: Step[] = []
  let count = existing.length
  const drop = (at: number): void => {
    const [gone] = surplus.splice(at, 1)
    if (gone === undefined) return
    steps.push({ kind: 'delete', id: gone.id })
    count -= 1
  }
  for (const request of missing.values()) {
    for (;;) {
      const sameName = surplus.findIndex(({ name }) => name === request.name)
      if (sameName < 0) break
      drop(sameName)
    }
    if (count >= limit) drop(0)
    steps.push({ kind: 'create', request })
    count += 1
  }
  while (surplus.length > 0) drop(0)
  return steps
}

function usesOf(devices: PlanInput['devices']) {
  const uses = new Map<string, number>()
  for (const { components } of devices) {
    const own = new Set(components.flatMap(({ capabilities }) => capabilities))
    for (const capability of own) uses.set(capability, (uses.get(capability) ?? 0) + 1)
  }
  return [...uses].map(([capability, count]) => ({ capability, devices: count }))
}

/** Equal values that are reported again are readings, too. */
const ALL = { attribute: '*', stateChangeOnly: false } as const

function capabilitySubscription(locationId: string, capability: string): SubscriptionRequest {
  return {
    sourceType: 'CAPABILITY',
    name: nameOf('cap', capability),
    locationId,
    capability,
    ...ALL,
  }
}

function deviceSubscription(deviceId: string): SubscriptionRequest {
  const whole = { component: '*', capability: '*', ...ALL }
  return { sourceType: 'DEVICE', name: nameOf('dev', deviceId), deviceId, ...whole }
}

/** A name of letters, digits and dashes that no other thing has. */
function nameOf(kind: string, what: string): string {
  const name = `${kind}-${what}`
  if (name.length <= NAME_MAX_CHARS && /^[\w-]+$/.test(name)) return name
  const hash = createHash('sha256').update(what).digest('hex').slice(0, 12)
  const start = name.replace(/[^\w-]/g, '-').slice(0, NAME_MAX_CHARS - hash.length - 1)
  return `${start}-${hash}`
}

/** What a request asks for, without its name. */
function requestKey(request: SubscriptionRequest): string {
  const { sourceType } = request
  if (sourceType === 'DEVICE') {
    const { deviceId, component, capability, attribute, stateChangeOnly } = request
    return keyOf(sourceType, [deviceId, component, capability, attribute, '*', stateChangeOnly, []])
  }
  if (sourceType !== 'CAPABILITY') return keyOf(sourceType, [request.locationId, []])
  const { locationId, capability, attribute, stateChangeOnly } = request
  return keyOf(sourceType, [locationId, capability, attribute, '*', stateChangeOnly, []])
}

/** What a subscription does; the vendor's defaults stand for what it does not say. */
function subscriptionKey({ sourceType, detail }: Subscription): string {
  const { locationId, deviceId, componentId = '*', capability = '*', attribute = '*' } = detail
  const { value = '*', stateChangeOnly = true, modes, deviceIds } = detail
  const rest = [attribute, value, stateChangeOnly, modes ?? []]
  if (sourceType === 'DEVICE')
    return keyOf(sourceType, [deviceId, componentId, capability, ...rest])
  if (sourceType === 'CAPABILITY') return keyOf(sourceType, [locationId, capability, ...rest])
  return keyOf(sourceType, [locationId, deviceIds ?? []])
}

function keyOf(sourceType: string, parts: readonly unknown[]): string {
  return JSON.stringify([sourceType, ...parts])
}
