// Locations, rooms, capabilities and installed apps of the simulated SmartThings API.
// A grant sees its own location; a personal token sees all.

import { denied, notFound, ok, page } from './answers.ts'
import type { Call, CloudParts, Route } from './api.ts'
import type { Location } from './happenings.ts'
import { MODELS } from './catalogue.ts'

/** The routes. */
export function placeRoutes(parts: CloudParts): readonly Route[] {
  const forbidden = () => denied(403, parts.faults().authBody)
  const one = (call: Call): Location | undefined =>
    seen(parts, call).find(({ locationId }) => locationId === call.params['id'])
  const base = { method: 'GET', area: 'locations' } as const
  return [
    {
      ...{ ...base, path: '/locations', rate: 'locations' },
      answer: (call) =>
        page(
          seen(parts, call).map(({ locationId, name }) => ({ locationId, name })),
          null,
        ),
    },
    {
      ...{ ...base, path: '/locations/:id', rate: 'locations' },
      answer: (call) => {
        const location = one(call)
        return location === undefined ? forbidden() : ok(describe(location))
      },
    },
    {
      ...{ ...base, path: '/locations/:id/rooms', rate: 'rooms' },
      answer: (call) => {
        const location = one(call)
        if (location === undefined) return forbidden()
        const { locationId, rooms } = location
        return page(
          rooms.map((room) => ({ ...room, locationId, backgroundImage: null })),
          null,
        )
      },
    },
    {
      ...{ method: 'GET', path: '/capabilities/:id/:version', area: 'capabilities' },
      rate: 'capabilities',
      answer: ({ params }) => capability(params['id'] ?? '', Number(params['version'])),
    },
    {
      ...{ method: 'GET', path: '/installedapps/:id', area: 'apps', rate: 'installedApps' },
      answer: ({ params, access: { grant } }) =>
        grant === undefined || grant.installedAppId !== params['id']
          ? forbidden()
          : ok({
              ...{ installedAppId: grant.installedAppId, installedAppType: 'API_ONLY' },
              ...{ installedAppStatus: 'AUTHORIZED', locationId: grant.locationId },
            }),
    },
  ]
}

/** The locations that the caller sees. */
function seen({ house }: CloudParts, { access: { grant } }: Call): readonly Location[] {
  if (grant === undefined) return house.locations
  if (!grant.scopes.includes('r:locations:*')) return []
  return house.locations.filter(({ locationId }) => locationId === grant.locationId)
}

function describe({ locationId, name }: Location) {
  return {
    ...{ locationId, name, countryCode: 'USA', latitude: 40, longitude: -75, regionRadius: 150 },
    ...{ temperatureScale: 'F', timeZoneId: 'America/New_York', locale: 'en' },
    ...{ backgroundImage: null, additionalProperties: {} },
  }
}

/** The definition of a capability that a device of this house has: units as the models use them. */
function capability(id: string, version: number) {
  const models = MODELS.flatMap(({ attributes }) => attributes)
  const found = models.filter((model) => model.capability === id)
  if (found.length === 0 || version !== 1) return notFound('capabilityId')
  const attributes = found.map(({ attribute, unit }): [string, unknown] => {
    const units = unit === undefined ? {} : { unit: { type: 'string', enum: [unit] } }
    const schema = { type: 'object', properties: { value: {}, ...units }, required: ['value'] }
    return [attribute, { schema, enumCommands: [] }]
  })
  const named = { id, version, status: 'live', name: id, ephemeral: false }
  return ok({ ...named, attributes: Object.fromEntries(attributes), commands: {} })
}
