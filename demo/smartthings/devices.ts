// The device routes of the simulated SmartThings API: the list with its pages, filters and optional
// status and health, one device, its status, its health. Each value that is given out is a fact.

import { isoTime } from '../../base/clock.ts'
import { denied, invalid, notFound, ok, page } from './answers.ts'
import type { Answer } from './answers.ts'
import type { Call, CloudParts, Route } from './api.ts'
import { idOf } from './happenings.ts'
import type { AttributeState, Device } from './happenings.ts'
import type { Access } from './tokens.ts'
import type { AnsweredFact } from './truth.ts'

const PAGE_MAX = 200
const SCOPE = 'r:devices:*'

interface Shown {
  readonly body: { readonly [key: string]: unknown }
  readonly facts: readonly AnsweredFact[]
}

/** The routes. */
export function deviceRoutes(parts: CloudParts, pageSize: number): readonly Route[] {
  const one = (call: Call, show: (device: Device) => Answer): Answer => {
    const device = visible(parts, call.access).find(
      ({ deviceId }) => deviceId === call.params['id'],
    )
    // What this token may not see and what does not exist are the same to it.
    return device === undefined ? denied(403, parts.faults().authBody) : show(device)
  }
  return [
    {
      ...{ method: 'GET', path: '/devices', area: 'devices', rate: 'devices' },
      answer: (call) => list(parts, call, pageSize),
    },
    {
      ...{ method: 'GET', path: '/devices/:id', area: 'devices' },
      answer: (call) => one(call, (device) => ok(describe(device, {}).body)),
    },
    {
      ...{ method: 'GET', path: '/devices/:id/status', area: 'status', rate: 'device' },
      answer: (call) => one(call, (device) => statusAnswer(device)),
    },
    {
      ...{
        method: 'GET',
        path: '/devices/:id/components/:component/status',
        area: 'status',
        rate: 'device',
      },
      answer: (call) => one(call, (device) => statusAnswer(device, call.params['component'])),
    },
    {
      ...{
        method: 'GET',
        path: '/devices/:id/components/:component/capabilities/:capability/status',
      },
      ...{ area: 'status', rate: 'device' },
      answer: (call) =>
        one(call, (device) =>
          statusAnswer(device, call.params['component'], call.params['capability']),
        ),
    },
    {
      ...{ method: 'GET', path: '/devices/:id/health', area: 'health', rate: 'device' },
      answer: (call) =>
        one(call, (device) => ok({ deviceId: device.deviceId, ...healthOf(device) })),
    },
  ]
}

/** The devices that a token sees. */
export function visible({ house }: CloudParts, { grant }: Access): readonly Device[] {
  if (grant === undefined) return house.devices
  if (!grant.scopes.includes(SCOPE)) return []
  return house.devices.filter(({ locationId }) => locationId === grant.locationId)
}

function list(parts: CloudParts, { query, access }: Call, pageSize: number): Answer {
  const max = Math.min(Number(query.get('max') ?? pageSize), PAGE_MAX)
  const index = Number(query.get('page') ?? 0)
  if (!Number.isInteger(max) || max < 1)
    return invalid('max', 'The value is not a positive integer.')
  if (!Number.isInteger(index) || index < 0) return invalid('page', 'The value is not an index.')
  const found = visible(parts, access).filter((device) => matches(device, query))
  const items = found.slice(index * max, (index + 1) * max)
  const wants = (name: string): boolean => query.get(name) === 'true'
  const show = { status: wants('includeStatus'), health: wants('includeHealth') }
  const shown = items.map((device) => describe(device, show))
  const link = (to: number) => ({ href: hrefOf(parts.url(), query, max, to) })
  const links = {
    ...((index + 1) * max < found.length ? { next: link(index + 1) } : {}),
    ...(index > 0 ? { previous: link(index - 1) } : {}),
  }
  return page(
    shown.map(({ body }) => body),
    links,
    shown.flatMap(({ facts }) => facts),
  )
}

/** Links are without `/v1`, whatever the call was. */
function hrefOf(url: string, query: URLSearchParams, max: number, index: number): string {
  const next = new URLSearchParams(query)
  next.set('max', String(max))
  next.set('page', String(index))
  return `${url}/devices?${next.toString()}`
}

function matches(device: Device, query: URLSearchParams): boolean {
  const among = (name: string, value: string): boolean =>
    !query.has(name) || query.getAll(name).includes(value)
  const has = (capability: string): boolean =>
    capabilitiesOf(device).some(([, capabilities]) => capabilities.has(capability))
  const wanted = query.getAll('capability')
  const isFit =
    wanted.length === 0 ||
    (query.get('capabilitiesMode') === 'or' ? wanted.some(has) : wanted.every(has))
  const isOpen = device.model.restricted !== true || query.get('includeRestricted') === 'true'
  const { deviceId, locationId, model } = device
  const isAsked =
    among('deviceId', deviceId) && among('locationId', locationId) && among('type', model.type)
  return isAsked && isFit && isOpen
}

/** Components in their order, each with its capabilities and the states of their attributes. */
function capabilitiesOf(device: Device) {
  const components = new Map<string, Map<string, Map<string, AttributeState>>>()
  const at = (component: string, capability: string): Map<string, AttributeState> => {
    const capabilities = components.get(component) ?? new Map<string, Map<string, AttributeState>>()
    components.set(component, capabilities)
    const states = capabilities.get(capability) ?? new Map<string, AttributeState>()
    capabilities.set(capability, states)
    return states
  }
  for (const [path, state] of device.states) {
    const [component = '', capability = '', attribute = ''] = path.split('/')
    at(component, capability).set(attribute, state)
  }
  for (const path of device.model.bare ?? []) {
    const [component = '', capability = ''] = path.split('/')
    at(component, capability)
  }
  return [...components]
}

function describe(
  device: Device,
  include: { readonly status?: boolean; readonly health?: boolean },
): Shown {
  const { model, deviceId, locationId, roomId } = device
  const facts: AnsweredFact[] = []
  const showsStatus = include.status === true && model.restricted !== true
  const components = capabilitiesOf(device).map(([id, capabilities], index) => ({
    ...{ id, label: id },
    capabilities: [...capabilities].map(([capability, states]) => {
      if (!showsStatus) return { id: capability, version: 1 }
      const status = statusOf(device, id, capability, states, 'devices', facts)
      return { id: capability, version: 1, status }
    }),
    categories: index === 0 ? [{ name: model.category, categoryType: 'manufacturer' }] : [],
  }))
  const body = {
    ...{ deviceId, name: model.name, label: device.label, manufacturerName: 'ExampleCo' },
    ...{ presentationId: `${model.name}-example`, locationId, ownerId: idOf('0b7e', 1), roomId },
    ...{ components, createTime: isoTime(device.createdAt), profile: { id: idOf('9f', 1) } },
    ...{ type: model.type, [model.type.toLowerCase()]: detailOf(device) },
    ...{ restrictionTier: model.restricted === true ? 1 : 0, allowed: [] },
    ...{ executionContext: 'LOCAL', relationships: [] },
    ...(include.health === true ? { healthState: healthOf(device) } : {}),
  }
  return { body, facts }
}

function detailOf({ model, deviceId }: Device): { readonly [key: string]: unknown } {
  if (model.type === 'HUB') {
    const hubData = {
      localIP: '192.0.2.10',
      macAddress: '02:00:5E:00:53:01',
      hardwareType: 'V3_HUB',
    }
    return { hubEui: '24FD5B0000000001', firmwareVersion: '000.058.00009', hubDrivers: [], hubData }
  }
  return { hubId: idOf('aab', 1), executingLocally: true, eui: deviceId.slice(-12).toUpperCase() }
}

function statusAnswer(device: Device, component?: string, capability?: string): Answer {
  const facts: AnsweredFact[] = []
  const components = Object.fromEntries(
    capabilitiesOf(device)
      .filter(([id]) => component === undefined || component === id)
      .map(([id, capabilities]) => [
        id,
        componentStatus(device, id, capabilities, capability, facts),
      ]),
  )
  // A hub has no status at all.
  if (device.model.type === 'HUB') return ok({ components: {} })
  if (component === undefined) return ok({ components }, facts)
  const status = components[component]
  const part = capability === undefined ? status : status?.[capability]
  return part === undefined ? notFound('componentId') : ok(part, facts)
}

function componentStatus(
  device: Device,
  id: string,
  capabilities: ReadonlyMap<string, ReadonlyMap<string, AttributeState>>,
  capability: string | undefined,
  facts: AnsweredFact[],
) {
  const asked = [...capabilities].filter(
    ([name]) => capability === undefined || capability === name,
  )
  return Object.fromEntries(
    asked.map(([name, states]) => [name, statusOf(device, id, name, states, 'status', facts)]),
  )
}

/** The attributes of one capability as an answer has them; adds what is given out to `facts`. */
function statusOf(
  { deviceId }: Device,
  component: string,
  capability: string,
  states: ReadonlyMap<string, AttributeState>,
  via: AnsweredFact['via'],
  facts: AnsweredFact[],
): { readonly [attribute: string]: unknown } {
  const shown = [...states].map(([attribute, { timestamp, ...state }]): [string, unknown] => {
    if (timestamp === undefined) return [attribute, state]
    const { value, unit } = state
    const path = { deviceId, component, capability, attribute }
    const detail = { value, timestamp, ...(unit === undefined ? {} : { unit }) }
    facts.push({ kind: 'answered', via, ...path, ...detail })
    return [attribute, { ...state, timestamp: isoTime(timestamp) }]
  })
  return Object.fromEntries(shown)
}

function healthOf({ health, healthAt }: Device) {
  // UNHEALTHY is known to events only.
  const state = health === 'UNHEALTHY' ? 'UNKNOWN' : health
  return { state, lastUpdatedDate: isoTime(healthAt) }
}
