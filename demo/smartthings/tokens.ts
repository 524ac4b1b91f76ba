// Tokens of the simulated SmartThings cloud. A grant is one installed app in one location; its access
// token lives a day, its refresh token rotates, is used once and lives 30 days. Personal tokens live a
// day and see every location.

import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { uuidOf } from './happenings.ts'

const SECOND_MS = 1000
const DAY_MS = 24 * 60 * 60 * SECOND_MS

/** Lives of tokens, ms. That of a code is not documented. */
export const LIVES = {
  access: 86_399 * SECOND_MS,
  refresh: 30 * DAY_MS,
  personal: DAY_MS,
  code: 5 * 60 * SECOND_MS,
} as const

/** One consent: an installed app in a location. */
export interface Grant {
  readonly installedAppId: string
  readonly locationId: string
  readonly scopes: readonly string[]
}

/** What a bearer token stands for; a personal token has no grant. */
export interface Access {
  readonly grant?: Grant
  readonly expiresAt: number
}

/** A pair of tokens for a grant. */
export interface TokenPair {
  readonly grant: Grant
  readonly accessToken: string
  readonly refreshToken: string
}

interface Code {
  readonly grant: Grant
  readonly redirectUri: string
  readonly expiresAt: number
}

/** All tokens of the cloud. */
export class Tokens {
  readonly #clock: Clock
  readonly #random: Random
  readonly #access = new Map<string, Access>()
  readonly #refresh = new Map<string, { readonly grant: Grant; readonly expiresAt: number }>()
  readonly #codes = new Map<string, Code>()
  readonly #grants = new Map<string, Grant>()

  constructor(clock: Clock, random: Random) {
    this.#clock = clock
    this.#random = random
  }

  /** The grants that are in force. */
  get grants(): readonly Grant[] {
    return [...this.#grants.values()]
  }

  /** A new installed app in a location. */
  grant(locationId: string, scopes: readonly string[]): Grant {
    const grant = { installedAppId: uuidOf(this.#random), locationId, scopes }
    this.#grants.set(grant.installedAppId, grant)
    return grant
  }

  /** A code for a grant, to be redeemed once, with the same redirect address. */
  code(grant: Grant, redirectUri: string): string {
    const code = uuidOf(this.#random)
    this.#codes.set(code, { grant, redirectUri, expiresAt: this.#clock.now() + LIVES.code })
    return code
  }

  /** The first tokens for a code, or undefined if it is not good. */
  redeem(text: string, redirectUri: string): TokenPair | undefined {
    const code = this.#codes.get(text)
    this.#codes.delete(text)
    if (code === undefined || code.redirectUri !== redirectUri) return undefined
    return code.expiresAt > this.#clock.now() ? this.pair(code.grant) : undefined
  }

  /** The next tokens for a refresh token, which is spent by that; undefined if it is not good. */
  refresh(refreshToken: string): TokenPair | undefined {
    const found = this.#refresh.get(refreshToken)
    this.#refresh.delete(refreshToken)
    if (found === undefined || found.expiresAt <= this.#clock.now()) return undefined
    return this.#grants.has(found.grant.installedAppId) ? this.pair(found.grant) : undefined
  }

  /** New tokens for a grant. Those that it had live on until they expire. */
  pair(grant: Grant): TokenPair {
    const refreshToken = uuidOf(this.#random)
    const expiresAt = this.#clock.now() + LIVES.refresh
    this.#refresh.set(refreshToken, { grant, expiresAt })
    return { grant, accessToken: this.access(LIVES.access, grant), refreshToken }
  }

  /** An access token of a grant, or without one a personal token. */
  access(lifeMs: number, grant?: Grant): string {
    const token = uuidOf(this.#random)
    const expiresAt = this.#clock.now() + lifeMs
    this.#access.set(token, grant === undefined ? { expiresAt } : { expiresAt, grant })
    return token
  }

  /** What the token stands for, or undefined if it is unknown, expired or revoked. */
  find(token: string): Access | undefined {
    const access = this.#access.get(token)
    if (access === undefined || access.expiresAt <= this.#clock.now()) return undefined
    const { grant } = access
    return grant === undefined || this.#grants.has(grant.installedAppId) ? access : undefined
  }

  /** Ends every access token now; refresh tokens stay good. */
  expireAccess(): void {
    this.#access.clear()
  }

  /** Takes a grant back: its tokens are no good any more. False if there is none. */
  revoke(installedAppId: string): boolean {
    return this.#grants.delete(installedAppId)
  }
}
