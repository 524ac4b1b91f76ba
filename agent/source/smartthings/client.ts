// The SmartThings cloud behind the port `api.ts`: login, budget, calls and shapes put together. Opened
// once by the agent; disposal ends the renewals of the login and writes the counters.

import type { Clock } from '../../../base/clock.ts'
import { isHubleafError } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { openStateFile } from '../../../base/state-file.ts'
import type { SmartThingsApi, SubscriptionRequest } from './api.ts'
import { openAppLogin } from './app-login.ts'
import { NO_USAGE, openBudget, usageSchema } from './budget.ts'
import { createCaller } from './caller.ts'
import type { SmartThingsConfig } from './config.ts'
import type { Credentials } from './credentials.ts'
import { eventsApi } from './events.ts'
import { readHistory } from './history.ts'
import { loginFileSchema, smartThingsFiles } from './login-file.ts'
import { personalToken } from './personal-token.ts'
import { sdkFor } from './sdk.ts'
import * as shapes from './shapes.ts'
import { fetchTransport } from './transport.ts'
import type { Transport } from './transport.ts'

/** What the client needs. */
export interface ClientOptions {
  readonly config: Pick<SmartThingsConfig, 'api_url' | 'token_file' | 'timeout' | 'budget'>
  /** The agent's; the client's files are in `smartthings/` below it. */
  readonly dataDir: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** An open client. */
export interface SmartThingsClient extends SmartThingsApi, AsyncDisposable {}

/** Opens it; makes no call. Throws `state_file_unreadable`, `folder_unusable`, `state_write_failed`. */
export async function openSmartThings(options: ClientOptions): Promise<SmartThingsClient> {
  const { config, clock, log } = options
  const files = smartThingsFiles(options.dataDir)
  const usage = await openStateFile(files.usage, usageSchema, NO_USAGE)
  if (usage.damage !== undefined) log.error('state_file_damaged', { reason: usage.damage.message })
  const transport = fetchTransport(clock, config.timeout)
  const credentials = await openCredentials(options, transport)
  const budget = openBudget(usage, config.budget, clock)
  const caller = createCaller({ transport, credentials, budget, clock })
  const sdk: Sdk = (signal) => sdkFor(caller, config.api_url, signal)
  const listOf = listsWith(log)
  return {
    devices: devicesApi(sdk, listOf),
    locations: {
      getAll: async (signal) =>
        listOf('locations', await sdk(signal).locations.list(), shapes.parseLocation),
      get: async (id, signal) => {
        const body = await sdk(signal).locations.get(encodeURIComponent(id))
        return shapes.orInvalid(shapes.parseLocation(body), 'location')
      },
    },
    rooms: {
      getAll: async (id, signal) =>
        listOf('rooms', await sdk(signal).rooms.list(encodeURIComponent(id)), shapes.parseRoom),
    },
    history: {
      devices: (query, signal) =>
        readHistory(sdk(signal).history, query, (count) =>
          log.warn('smartthings_items_malformed', { list: 'history', count }),
        ),
    },
    subscriptions: subscriptionsApi(sdk, listOf),
    events: eventsApi({ caller, apiUrl: config.api_url, file: usage, clock }),
    budget: () => {
      const until = [budget.spentUntilMs(), caller.pausedUntilMs()].filter((ms) => ms !== undefined)
      const blocked = until.length === 0 ? {} : { blockedUntilMs: Math.max(...until) }
      return { ...budget.state(), ...blocked }
    },
    login: () => credentials.state(),
    async [Symbol.asyncDispose]() {
      await credentials[Symbol.asyncDispose]()
      await budget.close()
    },
  }
}

async function openCredentials(options: ClientOptions, transport: Transport): Promise<Credentials> {
  const { config, clock, random, log } = options
  if (config.token_file !== undefined) {
    log.warn('smartthings_personal_token', { reason: 'it dies after 24 hours' })
    return personalToken(config.token_file, clock)
  }
  const files = smartThingsFiles(options.dataDir)
  const file = await openStateFile(files.login, loginFileSchema, {})
  if (file.damage !== undefined) log.error('state_file_damaged', { reason: file.damage.message })
  const newLoginFile = files.newLogin
  const apiUrl = config.api_url
  return openAppLogin({ apiUrl, file, newLoginFile, transport, clock, random, log })
}

type Sdk = (signal: AbortSignal) => ReturnType<typeof sdkFor>

type ListOf = <T>(
  label: string,
  items: readonly unknown[],
  parse: (item: unknown) => T | undefined,
) => readonly T[]

/** Parses lists; entries that are none are left out and logged. */
function listsWith(log: Logger): ListOf {
  return (label, items, parse) => {
    const parsed = shapes.parseAll(items, parse)
    const { malformed } = parsed
    if (malformed > 0) log.warn('smartthings_items_malformed', { list: label, count: malformed })
    return parsed.items
  }
}

function devicesApi(sdk: Sdk, listOf: ListOf): SmartThingsApi['devices'] {
  return {
    getAll: async (query, signal) =>
      listOf('devices', await sdk(signal).devices.list(query), shapes.parseDevice),
    getStatus: async (id, signal) => {
      const body = await sdk(signal).devices.getStatus(encodeURIComponent(id))
      return shapes.orInvalid(shapes.parseStatus(body), 'device status')
    },
    getHealth: async (id, signal) => {
      const body = await sdk(signal).devices.getHealth(encodeURIComponent(id))
      return shapes.orInvalid(shapes.parseHealth(body), 'device health')
    },
  }
}

function subscriptionsApi(sdk: Sdk, listOf: ListOf): SmartThingsApi['subscriptions'] {
  return {
    getAll: async (app, signal) => {
      const items = await sdk(signal).subscriptions.list(encodeURIComponent(app))
      return listOf('subscriptions', items, shapes.parseSubscription)
    },
    create: async (app, request, signal) => {
      const made = await sdk(signal).subscriptions.post(encodeURIComponent(app), bodyOf(request))
      return shapes.orInvalid(shapes.parseSubscription(made), 'new subscription')
    },
    delete: async (app, id, signal) => {
      try {
        const { subscriptions } = sdk(signal)
        await subscriptions.delete(encodeURIComponent(id), encodeURIComponent(app))
      } catch (error) {
        if (!isHubleafError(error, 'smartthings_not_found')) throw error
      }
    },
  }
}

function bodyOf({ sourceType, name, ...rest }: SubscriptionRequest): unknown {
  const { component: componentId, ...others } = { component: undefined, ...rest }
  const detail = {
    ...others,
    ...(componentId === undefined ? {} : { componentId }),
    ...('capability' in rest ? { value: '*' } : {}),
    subscriptionName: name,
  }
  return { sourceType, [shapes.DETAIL_KEYS[sourceType]]: detail }
}
