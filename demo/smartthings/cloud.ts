// A SmartThings cloud on this machine, over real HTTP, for tests and the demo. It imitates what is
// known of the real one: its API, its tokens, its limits and its bad days; what it gave out is logged.
// Written from documented and observed behaviour. It has no streams and sends no webhooks.

import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { systemRandom } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { createApi } from './api.ts'
import type { CloudParts } from './api.ts'
import { openDoor } from './door.ts'
import type { Door } from './door.ts'
import { deviceRoutes } from './devices.ts'
import { NO_FAULTS } from './faults.ts'
import type { Faults } from './faults.ts'
import { uuidOf } from './happenings.ts'
import { History, historyRoutes } from './history.ts'
import { House } from './house.ts'
import { oauthRoutes } from './oauth.ts'
import type { OAuthApp } from './oauth.ts'
import { placeRoutes } from './places.ts'
import { RateLimiter } from './rates.ts'
import type { Rate, RateName } from './rates.ts'
import { Subscriptions, subscriptionRoutes } from './subscriptions.ts'
import { startTicker } from './ticker.ts'
import { LIVES, Tokens } from './tokens.ts'
import type { TokenPair } from './tokens.ts'
import { Truth } from './truth.ts'

/** What can be chosen; all of it has a default. */
export interface SmartThingsCloudOptions {
  readonly clock?: Clock
  /** For tokens and ids; the house has its seed. */
  readonly random?: Random
  /** The same seed gives the same house; 1 by default. */
  readonly seed?: number
  /** Port on loopback; any free one by default. */
  readonly port?: number
  /** 1 by default. */
  readonly locations?: number
  /** Devices of each location, its hub included; 11 by default, one of each model. */
  readonly devices?: number
  /** Intervals between reports are multiplied by this; 1 by default. */
  readonly slowness?: number
  /** So much happened before the start, ms; an hour by default. */
  readonly pastMs?: number
  /** How long history keeps a row, ms; 7 days by default. */
  readonly historyMs?: number
  /** Devices on a page where `max` is not given; 200 by default. */
  readonly pageSize?: number
  /** Calls in a day (UTC) that a caller may make; unbounded by default. */
  readonly dailyCalls?: number
  /** Limits that differ from those of the platform; `undefined` for none. */
  readonly rates?: { readonly [name in RateName]?: Rate | undefined }
  /** True if the app may have the scope `sse`; false by default, as for ordinary apps. */
  readonly sse?: boolean
  /** Takes each fact of the truth as one line of JSON. */
  readonly sink?: (line: string) => void
}

/** A running cloud. Its disposal closes everything. */
export interface SmartThingsCloud extends AsyncDisposable {
  /** Base of the API, without a path. */
  readonly url: string
  readonly app: OAuthApp
  readonly house: House
  readonly truth: Truth
  readonly tokens: Tokens
  readonly rates: RateLimiter
  readonly subscriptions: Subscriptions
  /** The faults that are in force. */
  readonly faults: Faults
  /** Changes some faults and leaves the others; resolves when they are in force. */
  setFaults(faults: Partial<Faults>): Promise<void>
  /** A consent without a browser: tokens for a location (the first one by default). */
  grant(options?: { readonly locationId?: string; readonly scopes?: readonly string[] }): TokenPair
  /** A personal token: 24 hours, all locations, no subscriptions. */
  personalToken(): string
  /** Lets the house go on to what the clock says now; calls do that by themselves. */
  advance(): void
}

const READ_SCOPES = ['r:devices:*', 'r:locations:*', 'r:hubs:*']
const HOUR_MS = 3_600_000
const DEFAULTS = {
  ...{ seed: 1, locations: 1, devices: 11, slowness: 1, pastMs: HOUR_MS, historyMs: 168 * HOUR_MS },
  ...{ pageSize: 200, port: 0 },
} as const
/** How often the house goes on by itself, ms of its clock: nobody need ask. */
const TICK_MS = 200

/** Starts a cloud. Throws `port_taken`. */
export async function startSmartThingsCloud(
  given: SmartThingsCloudOptions = {},
): Promise<SmartThingsCloud> {
  const { clock = systemClock, random = systemRandom, ...rest } = given
  const options = { ...DEFAULTS, ...rest }
  const house = new House({ ...options, startMs: clock.now() })
  const truth = new Truth(options.sink)
  const history = new History(house, options.historyMs)
  house.listen((happening) => {
    if (happening.kind === 'change') truth.add(happening)
  })
  const state: State = { faults: NO_FAULTS, url: '' }
  const tokens = new Tokens(clock, random)
  const rates = new RateLimiter(clock, options.rates ?? {}, options.dailyCalls)
  const parts: CloudParts = {
    ...{ clock, house, truth, tokens, rates, faults: () => state.faults, url: () => state.url },
  }
  const subscriptions = new Subscriptions(random)
  const ids = { appId: uuidOf(random), clientId: uuidOf(random), clientSecret: uuidOf(random) }
  const app: OAuthApp = { ...ids, sse: options.sse === true }
  const api = createApi(parts, [
    ...oauthRoutes(parts, app),
    ...deviceRoutes(parts, options.pageSize),
    ...placeRoutes(parts),
    ...historyRoutes(parts, history),
    ...subscriptionRoutes(parts, subscriptions),
  ])
  await api.ready()
  house.advance(clock.now())
  const door = await openDoor(options.port, (request, response) => api.routing(request, response))
  state.url = `http://127.0.0.1:${door.port}`
  const ticker = startTicker(clock, TICK_MS, () => house.advance(clock.now()))
  const end = async (): Promise<void> => {
    await ticker[Symbol.asyncDispose]()
    await door[Symbol.asyncDispose]()
    await api.close()
  }
  return cloudOf(parts, { app, subscriptions, door, state, end })
}

interface State {
  faults: Faults
  url: string
}

interface Rest {
  readonly app: OAuthApp
  readonly subscriptions: Subscriptions
  readonly door: Door
  readonly state: State
  readonly end: () => Promise<void>
}

/** What a test holds of a cloud that runs. */
function cloudOf(
  parts: CloudParts,
  { app, subscriptions, door, state, end }: Rest,
): SmartThingsCloud {
  const { clock, house, truth, tokens, rates } = parts
  return {
    ...{ url: state.url, app, house, truth, tokens, rates, subscriptions },
    get faults() {
      return state.faults
    },
    async setFaults(faults) {
      state.faults = { ...state.faults, ...faults }
      await door.setOpen(!state.faults.outage)
    },
    grant({ locationId = house.locations[0]?.locationId ?? '', scopes } = {}) {
      const granted = scopes ?? (app.sse ? [...READ_SCOPES, 'sse'] : READ_SCOPES)
      return tokens.pair(tokens.grant(locationId, granted))
    },
    personalToken: () => tokens.access(LIVES.personal),
    advance: () => house.advance(clock.now()),
    [Symbol.asyncDispose]: end,
  }
}
