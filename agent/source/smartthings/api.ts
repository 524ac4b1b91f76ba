// The port to the SmartThings cloud: what the source asks of it, in shapes that were checked once.
// Grouped by resource, each call takes the signal that ends it. Every call counts against the budget,
// waits out a rate limit by itself, and throws a HubleafError whose code starts with `smartthings_`.
// Nothing here knows tokens: the client behind the port keeps them, and no error carries one.

import type { JsonObject } from '../../../base/json.ts'

/** The calls; their errors are listed in docs/ERRORS.md. */
export interface SmartThingsApi {
  readonly devices: DevicesApi
  readonly locations: LocationsApi
  readonly rooms: RoomsApi
  readonly history: HistoryApi
  readonly subscriptions: SubscriptionsApi
  readonly events: EventsApi
  /** What was used of the allowance, and what is left. Never throws. */
  budget(): BudgetState
  /** Whether the hub may call at all, for the status page. Never throws. */
  login(): LoginState
}

/** Devices and their state. */
export interface DevicesApi {
  /** All devices of all pages; one call a page. An entry that is no device is left out and logged. */
  getAll(query: DevicesQuery, signal: AbortSignal): Promise<readonly Device[]>
  /** Every attribute of one device. At most 12 calls a minute and device. */
  getStatus(deviceId: string, signal: AbortSignal): Promise<DeviceStatus>
  getHealth(deviceId: string, signal: AbortSignal): Promise<DeviceHealth>
}

/** Which devices, and what to tell of them. */
export interface DevicesQuery {
  /** Fills `status`: a whole snapshot for the price of the list. */
  readonly includeStatus?: boolean
  /** Fills `health`. */
  readonly includeHealth?: boolean
  /** Only this location's. */
  readonly locationId?: string
}

/** One device. Texts are as given; what the answer lacks, or has as null, is not there. */
export interface Device {
  readonly deviceId: string
  /** The name that people gave it; `name` is the model's or the driver's. */
  readonly label?: string
  readonly name?: string
  readonly manufacturerName?: string
  readonly locationId?: string
  readonly roomId?: string
  readonly parentDeviceId?: string
  /** `ZIGBEE`, `HUB`, `VIRTUAL`, …; new ones appear. */
  readonly type?: string
  readonly components: readonly DeviceComponent[]
  /** With `includeStatus`; without the capabilities for which the answer had none. */
  readonly status?: DeviceStatus
  /** With `includeHealth`. */
  readonly health?: DeviceHealth
}

/** A part of a device: `main`, `button1`, `cooler`. */
export interface DeviceComponent {
  readonly id: string
  readonly label?: string
  /** Ids of its capabilities. */
  readonly capabilities: readonly string[]
  /** Names such as `Switch`, `MultiFunctionalSensor`. */
  readonly categories: readonly string[]
}

/** Attributes by component, capability and name. A capability without attributes is an empty object. */
export type DeviceStatus = { readonly [component: string]: ComponentStatus }

/** Attributes of one component by capability and name. */
export type ComponentStatus = {
  readonly [capability: string]: { readonly [attribute: string]: AttributeStatus }
}

/** The state of one attribute. */
export interface AttributeStatus {
  /** Any JSON, as given; null where the device has not reported yet. */
  readonly value: unknown
  readonly unit?: string
  /** When it was reported last, epoch ms at SmartThings. */
  readonly at?: number
}

/** Whether the cloud hears of a device. */
export interface DeviceHealth {
  /** `ONLINE`, `OFFLINE`, `UNHEALTHY`, `UNKNOWN`; new ones may appear. */
  readonly state: string
  /** Since when, epoch ms. */
  readonly at?: number
}

/** Homes. */
export interface LocationsApi {
  getAll(signal: AbortSignal): Promise<readonly LocationName[]>
  get(locationId: string, signal: AbortSignal): Promise<Location>
}

/** A home in a list. */
export interface LocationName {
  readonly locationId: string
  readonly name?: string
}

/** A home. Where it stands is not told on: nobody needs it. */
export interface Location extends LocationName {
  /** What the app shows, a hint at most: an attribute's own unit counts. */
  readonly temperatureScale?: string
  readonly timeZoneId?: string
}

/** Rooms of a home. */
export interface RoomsApi {
  getAll(locationId: string, signal: AbortSignal): Promise<readonly Room[]>
}

/** A room. */
export interface Room {
  readonly roomId: string
  readonly name?: string
}

/** What was reported while nobody listened. */
export interface HistoryApi {
  /**
   * Entries of (after, before), oldest first unless `newestFirst`; one call a page, made as the
   * reader goes on. Both bounds are kept by the client, since the cloud pages past them.
   * An entry that two pages share comes once.
   */
  devices(query: HistoryQuery, signal: AbortSignal): AsyncIterable<HistoryEntry>
}

/** Which entries. */
export interface HistoryQuery {
  readonly locationId: string
  readonly deviceId?: string
  /** Epoch ms, exclusive. */
  readonly afterEpochMs?: number
  /** Epoch ms, exclusive. */
  readonly beforeEpochMs?: number
  readonly newestFirst?: boolean
  /** Entries a page, 1 to 300; 300 if left out. */
  readonly pageSize?: number
}

/** One report of the past. `epochMs` and `hash` together name it. */
export interface HistoryEntry {
  readonly deviceId: string
  readonly component: string
  readonly capability: string
  readonly attribute: string
  /** Any JSON, as given. */
  readonly value: unknown
  readonly unit?: string
  readonly epochMs: number
  readonly hash: number
}

/** What the cloud sends to a webhook: needs the login of an app, not a personal token. */
export interface SubscriptionsApi {
  getAll(installedAppId: string, signal: AbortSignal): Promise<readonly Subscription[]>
  /** Throws `smartthings_limit_reached` beside the common codes. */
  create(
    installedAppId: string,
    request: SubscriptionRequest,
    signal: AbortSignal,
  ): Promise<Subscription>
  /** One that is gone already is no error. */
  delete(installedAppId: string, subscriptionId: string, signal: AbortSignal): Promise<void>
}

/** What to subscribe to; the name is unique in the installed app and has at most 36 characters. */
export type SubscriptionRequest =
  | {
      readonly sourceType: 'DEVICE'
      readonly name: string
      readonly deviceId: string
      /** Each `*` for all. */
      readonly component: string
      readonly capability: string
      readonly attribute: string
      /** False: also equal values that are reported again. */
      readonly stateChangeOnly: boolean
    }
  | {
      readonly sourceType: 'CAPABILITY'
      readonly name: string
      readonly locationId: string
      readonly capability: string
      readonly attribute: string
      readonly stateChangeOnly: boolean
    }
  | {
      readonly sourceType: 'DEVICE_LIFECYCLE' | 'DEVICE_HEALTH' | 'HUB_HEALTH'
      readonly name: string
      readonly locationId: string
    }

/** A subscription that is. */
export interface Subscription {
  readonly id: string
  /** As above, and kinds that Hubleaf never makes. */
  readonly sourceType: string
  readonly name?: string
  /** The rest, as given: to compare with what is wanted. */
  readonly detail: JsonObject
}

/** The event stream (SSE). Only some apps may use it: an app without the scope is refused. */
export interface EventsApi {
  /**
   * Asks whether this login may use the stream, without keeping one. Throws common codes only
   * where that is not known, such as `smartthings_unreachable`.
   */
  probe(filter: EventFilter, signal: AbortSignal): Promise<EventsProbe>
  /**
   * Opens the stream; a subscription of an earlier run is removed first. Throws
   * `smartthings_events_refused` if this login may not, `smartthings_limit_reached` if others hold
   * all places, and the common codes.
   */
  open(filter: EventFilter, signal: AbortSignal): Promise<EventStream>
}

/** What a probe found. */
export type EventsProbe =
  { readonly usable: true } | { readonly usable: false; readonly reason: string }

/** What to hear of. */
export interface EventFilter {
  readonly locationIds: readonly string[]
  /** `DEVICE_EVENT`, `DEVICE_HEALTH_EVENT`, `DEVICE_LIFECYCLE_EVENT`. */
  readonly eventTypes: readonly string[]
}

/**
 * An open stream, to be iterated once. It ends when the cloud ends it, and throws
 * `smartthings_unreachable` when nothing came for two minutes or the connection broke; in either
 * case what happened since is lost, and a snapshot must follow. Disposal closes it.
 */
export interface EventStream extends AsyncIterable<StreamEvent>, AsyncDisposable {
  readonly subscriptionId: string
}

/** One item of the stream. */
export type StreamEvent =
  /** `body` is `{eventTime, eventType, deviceEvent: …}`; unknown types come, too. */
  | { readonly kind: 'event'; readonly name: string; readonly body: JsonObject }
  /** `welcome` about every minute, `goodbye` before the end. */
  | { readonly kind: 'control'; readonly text: string }
  /** Not JSON, not an object, or too long: to be counted. */
  | { readonly kind: 'malformed'; readonly name: string }

/** The allowance of calls. Windows are those of UTC: hour, day, month. */
export interface BudgetState {
  readonly hour: BudgetWindow
  readonly day: BudgetWindow
  readonly month: BudgetWindow
  /** No call is made before this, epoch ms: the cloud asked to wait, or the budget is spent. */
  readonly blockedUntilMs?: number
}

/** One window. */
export interface BudgetWindow {
  readonly used: number
  /** Undefined: not limited. */
  readonly limit?: number
  /** Epoch ms. */
  readonly endsAtMs: number
}

/** Whether the hub is logged in. */
export type LoginState =
  | {
      readonly state: 'ok'
      readonly method: 'app' | 'personal_token'
      /** Epoch ms; unknown for a personal token. */
      readonly accessExpiresAtMs?: number
      /** Present for the login of an app that told it. */
      readonly installedAppId?: string
      readonly scopes?: readonly string[]
      /** Works, but a person should know: a token that was refused a write, a refresh that fails. */
      readonly warning?: string
    }
  | {
      readonly state: 'needs_login'
      /** Since when, epoch ms. */
      readonly sinceMs: number
      /** What happened, and what to do, each a sentence. */
      readonly reason: string
      readonly hint: string
    }
