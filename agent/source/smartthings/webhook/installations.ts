// What the webhook needs of its surroundings beside the sink: a place where installations are kept, who
// owns a location, and somebody to tell what happened. Ports only; the collector brings the parts.

import type { JsonObject } from '../../../../base/json.ts'

/** One installation of the app in one location; its id travels with readings as `site`. */
export interface InstalledApp {
  readonly installedAppId: string
  readonly locationId: string
  /** Scopes that were granted, as the vendor writes them; empty where it did not say. */
  readonly permissions: readonly string[]
}

/** What comes with an installation: the only way to its subscriptions. */
export interface GrantedTokens {
  readonly accessToken: string
  readonly refreshToken: string
}

/** Where installations are kept. */
export interface Installations {
  /** Undefined for an installation that is not known, or was removed. */
  find(installedAppId: string): Promise<InstalledApp | undefined>
  /** Resolves when the disk has it; `tokens` replace what was there. Saving again is no harm. */
  save(app: InstalledApp, tokens: GrantedTokens): Promise<void>
  /** Resolves when it is gone for good; removing again is no harm. */
  remove(installedAppId: string): Promise<void>
}

/** Who carries a location's readings: an agent in the house, or this collector. */
export interface LocationOwners {
  /** True if this installation owns the location, or does from now on. */
  owns(locationId: string, installedAppId: string): Promise<boolean>
}

/** Every installation owns its location: right where nobody else carries readings. */
export const everyLocation: LocationOwners = { owns: async () => true }

/** Something that happened beside readings. It is told after it is kept, and before the answer. */
export type WebhookChange =
  | { readonly kind: 'installed' | 'updated'; readonly app: InstalledApp }
  | { readonly kind: 'removed'; readonly installedAppId: string }
  /** A person came back from another service's login; `urlPath` is the query with its code. */
  | { readonly kind: 'oauth_callback'; readonly installedAppId: string; readonly urlPath: string }
  | { readonly kind: 'execute'; readonly installedAppId: string; readonly parameters: JsonObject }
  /** A device came, went, moved or was renamed: registry and subscriptions may be stale. */
  | {
      readonly kind: 'devices_changed'
      readonly installedAppId: string
      readonly lifecycle: string
    }
