// Subscriptions of installed apps: the API with its limit and its errors. Nothing is delivered for
// them: this cloud sends no webhooks.

import { isJsonObject, textAt } from '../../base/json.ts'
import type { JsonObject } from '../../base/json.ts'
import type { Random } from '../../base/random.ts'
import { denied, invalid, notFound, ok, page, refused } from './answers.ts'
import type { Answer } from './answers.ts'
import type { Call, CloudParts, Route } from './api.ts'
import { uuidOf } from './happenings.ts'

/** The limit of subscriptions of one installed app. */
export const SUBSCRIPTIONS_MAX = 40
const NAME_MAX_LENGTH = 36
const HEALTH_DEVICES_MAX = 20

/** Source types, and the key under which each has its details. */
const DETAILS: { readonly [sourceType: string]: string } = {
  ...{ DEVICE: 'device', CAPABILITY: 'capability', MODE: 'mode' },
  ...{ DEVICE_LIFECYCLE: 'deviceLifecycle', DEVICE_HEALTH: 'deviceHealth' },
  ...{ SECURITY_ARM_STATE: 'securityArmState', HUB_HEALTH: 'hubHealth' },
  SCENE_LIFECYCLE: 'sceneLifecycle',
}

/** One subscription; `detail` is as it was given, with defaults filled in. */
export interface Subscription {
  readonly id: string
  readonly installedAppId: string
  readonly sourceType: string
  readonly detail: JsonObject
}

/** All subscriptions, by installed app. */
export class Subscriptions {
  readonly #random: Random
  readonly #byApp = new Map<string, readonly Subscription[]>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Those of one installed app, oldest first. */
  of(installedAppId: string): readonly Subscription[] {
    return this.#byApp.get(installedAppId) ?? []
  }

  /** Adds one; the answer is the one of the API. */
  create(installedAppId: string, body: unknown): Answer {
    const sourceType = textAt(body, 'sourceType') ?? ''
    const key = Object.hasOwn(DETAILS, sourceType) ? DETAILS[sourceType] : undefined
    const given = isJsonObject(body) && key !== undefined ? body[key] : undefined
    if (!isJsonObject(given))
      return invalid('sourceType', 'The source type or its details are missing.')
    const problem = problemOf(sourceType, given)
    if (problem !== undefined) return problem
    const mine = this.of(installedAppId)
    const name = textAt(given, 'subscriptionName')
    if (name !== undefined && mine.some(({ detail }) => detail['subscriptionName'] === name)) {
      return refused(
        409,
        'ConflictError',
        'A subscription with that name exists for the installed app.',
      )
    }
    if (mine.length >= SUBSCRIPTIONS_MAX) {
      const message = `The limit of ${SUBSCRIPTIONS_MAX} subscriptions for the installed app is reached.`
      return refused(422, 'LimitError', message, {
        target: 'subscriptions',
        message: `${SUBSCRIPTIONS_MAX} of ${SUBSCRIPTIONS_MAX} used.`,
      })
    }
    const id = uuidOf(this.#random)
    const detail = { ...DEFAULTS[sourceType], subscriptionName: id, ...given }
    const subscription = { id, installedAppId, sourceType, detail }
    this.#byApp.set(installedAppId, [...mine, subscription])
    return ok(shown(subscription))
  }

  /** Removes one, or all without an id; how many went. */
  remove(installedAppId: string, id?: string): number {
    const mine = this.of(installedAppId)
    const kept = id === undefined ? [] : mine.filter((subscription) => subscription.id !== id)
    this.#byApp.set(installedAppId, kept)
    return mine.length - kept.length
  }
}

const WIDE = { value: '*', stateChangeOnly: true }
const DEFAULTS: { readonly [sourceType: string]: JsonObject } = {
  DEVICE: { componentId: '*', capability: '*', attribute: '*', ...WIDE, modes: [] },
  CAPABILITY: { attribute: '*', ...WIDE },
}

function problemOf(sourceType: string, detail: JsonObject): Answer | undefined {
  const needs = sourceType === 'DEVICE' ? ['deviceId'] : []
  if (sourceType === 'CAPABILITY') needs.push('locationId', 'capability')
  const missing = needs.find((name) => textAt(detail, name) === undefined)
  if (missing !== undefined) return invalid(missing, 'The value must not be null.')
  const name = textAt(detail, 'subscriptionName')
  if (name !== undefined && name.length > NAME_MAX_LENGTH) {
    return invalid('subscriptionName', `The size must be between 0 and ${NAME_MAX_LENGTH}.`)
  }
  const devices = detail['deviceIds']
  if (Array.isArray(devices) && devices.length > HEALTH_DEVICES_MAX) {
    return invalid('deviceIds', `The size must be between 0 and ${HEALTH_DEVICES_MAX}.`)
  }
  return undefined
}

function shown({ id, installedAppId, sourceType, detail }: Subscription): unknown {
  return { id, installedAppId, sourceType, [DETAILS[sourceType] ?? '']: detail }
}

/** The routes. Personal tokens may not use them, nor may another app's token. */
export function subscriptionRoutes(
  parts: CloudParts,
  subscriptions: Subscriptions,
): readonly Route[] {
  const path = '/installedapps/:id/subscriptions'
  const own =
    (answer: (installedAppId: string, call: Call) => Answer) =>
    (call: Call): Answer => {
      const { grant } = call.access
      if (grant === undefined || grant.installedAppId !== call.params['id']) {
        return denied(403, parts.faults().authBody)
      }
      return answer(grant.installedAppId, call)
    }
  const area = 'subscriptions' as const
  const others = { area, rate: 'subscriptionOther' } as const
  const found = (app: string, { params }: Call): Subscription | undefined =>
    subscriptions.of(app).find(({ id }) => id === params['subscription'])
  return [
    {
      ...{ method: 'GET', path, ...others },
      answer: own((app) => page(subscriptions.of(app).map(shown), null)),
    },
    {
      ...{ method: 'POST', path, area, rate: 'subscriptionCreate' },
      answer: own((app, { body }) => subscriptions.create(app, body)),
    },
    {
      ...{ method: 'DELETE', path, ...others },
      answer: own((app) => ok({ count: subscriptions.remove(app) })),
    },
    {
      ...{ method: 'GET', path: `${path}/:subscription`, ...others },
      answer: own((app, call) => {
        const subscription = found(app, call)
        return subscription === undefined ? notFound('subscriptionId') : ok(shown(subscription))
      }),
    },
    {
      ...{ method: 'DELETE', path: `${path}/:subscription`, ...others },
      answer: own((app, call) => {
        const subscription = found(app, call)
        if (subscription === undefined) return notFound('subscriptionId')
        return ok({ count: subscriptions.remove(app, subscription.id) })
      }),
    },
  ]
}
