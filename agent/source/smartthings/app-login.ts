// The login of an app, which renews itself. A refresh token works once: its successor is on the disk,
// synced, before it is relied on; where the disk fails it is kept in memory, and not used up until it
// is written. One renewal at a time, bound to no caller, so that none is broken off half-way. What
// remains: a process killed between the cloud's answer and the sync has lost the login.

import type { Clock } from '../../../base/clock.ts'
import { HubleafError, isHubleafError, messageOf } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { retryDelayMs } from '../../../base/retry.ts'
import type { StateFile } from '../../../base/state-file.ts'
import type { LoginState } from './api.ts'
import type { Credentials } from './credentials.ts'
import { removeWaiting, waitingLogin } from './login-file.ts'
import type { Login } from './login-file.ts'
import { requestGrant } from './oauth.ts'
import type { Grant } from './oauth.ts'
import type { Transport } from './transport.ts'

/** What the login needs. */
export interface AppLoginOptions {
  readonly apiUrl: string
  readonly file: StateFile<{ readonly login?: Login | undefined }>
  /** Where the verb leaves a new login. */
  readonly newLoginFile: string
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

const HINT = 'log in: hubleaf smartthings login'

/** Between renewals that fail, or that the cloud's 401 asked for. */
const AGAIN = { firstMs: 5000, maxMs: 600_000 } as const

/** A token is renewed when this share of its life is left: 6 of 24 hours. */
const RENEW_AT_SHARE = 0.25

/** How often an idle hub looks whether its token is due, so that the refresh token's 30 days never end. */
const LOOK_MS = 900_000

/** How long a renewal that is under way may hold up the agent's end, ms. */
const STOP_MS = 8000

/** A token this fresh that the cloud refuses is not renewed again: that would not help, ms. */
const FRESH_MS = 300_000

/** Opens the login; renewals go on by themselves until disposal. */
export async function openAppLogin(options: AppLoginOptions): Promise<Credentials> {
  const login = new AppLogin(options)
  await login.takeNew()
  login.start()
  return login
}

class AppLogin implements Credentials {
  readonly #options: AppLoginOptions
  readonly #stop = new AbortController()
  readonly #openedMs: number
  #renewing: Promise<void> | undefined
  #failures = 0
  #notBefore = 0
  #trouble: string | undefined
  /** True while the newest tokens are in memory only. */
  #isUnwritten = false
  #upkeep: Promise<void> = Promise.resolve()
  #renewedAt = -Infinity

  constructor(options: AppLoginOptions) {
    this.#options = options
    this.#openedMs = options.clock.now()
  }

  get #login(): Login | undefined {
    return this.#options.file.data.login
  }

  start(): void {
    this.#upkeep = this.#keepUp()
  }

  async access(): Promise<string> {
    await this.takeNew()
    await this.#write()
    const login = this.#login
    if (login === undefined) throw needsLogin('nobody has logged in yet')
    const { clock } = this.#options
    if (this.#isExpired(login)) {
      if (login.dead !== undefined) throw needsLogin(login.dead.reason)
      await this.#renew()
    } else if (this.#isDue(login) && clock.monotonic() >= this.#notBefore) {
      // The old token still works: a cloud that cannot renew it at this moment stops nobody.
      await Promise.allSettled([this.#renew()])
    }
    return this.#current().access_token
  }

  async refused(token: string): Promise<void> {
    await this.takeNew()
    const login = this.#current()
    if (login.access_token !== token) return
    if (login.dead !== undefined) throw needsLogin(login.dead.reason)
    if (this.#options.clock.monotonic() - this.#renewedAt < FRESH_MS) {
      const message = 'the cloud answered 401 to a token that was just renewed'
      throw new HubleafError('smartthings_failed', message)
    }
    await this.#renew()
  }

  state(): LoginState {
    const login = this.#login
    if (login === undefined) {
      const reason = 'nobody has logged in yet'
      return { state: 'needs_login', sinceMs: this.#openedMs, reason, hint: HINT }
    }
    if (login.dead !== undefined) {
      const { since, reason } = login.dead
      return { state: 'needs_login', sinceMs: since, reason, hint: HINT }
    }
    const { expires_at, scopes, installed_app_id } = login
    return {
      ...({ state: 'ok', method: 'app', accessExpiresAtMs: expires_at, scopes } as const),
      ...(installed_app_id === undefined ? {} : { installedAppId: installed_app_id }),
      ...(this.#trouble === undefined ? {} : { warning: this.#trouble }),
    }
  }

  /** Takes a login that the verb has left. What was taken already is only removed. */
  async takeNew(): Promise<void> {
    const { file, newLoginFile, log } = this.#options
    const waiting = waitingLogin(newLoginFile)
    if (waiting === undefined) return
    if (waiting.id !== this.#login?.id) {
      await file.update(() => ({ login: waiting }))
      this.#failures = 0
      this.#notBefore = 0
      this.#trouble = undefined
      log.info('smartthings_logged_in')
    }
    await removeWaiting(newLoginFile)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    // Broken off, a renewal could lose the login.
    const done = new AbortController()
    const settled = Promise.allSettled([this.#upkeep, this.#renewing]).then(() => done.abort())
    await Promise.race([settled, this.#options.clock.sleep(STOP_MS, done.signal)])
  }

  #current(): Login {
    const login = this.#login
    if (login === undefined) throw needsLogin('nobody has logged in yet')
    return login
  }

  #isExpired({ expires_at }: Login): boolean {
    return this.#options.clock.now() >= expires_at
  }

  #isDue({ obtained_at, expires_at, dead }: Login): boolean {
    const left = expires_at - this.#options.clock.now()
    return dead === undefined && left < (expires_at - obtained_at) * RENEW_AT_SHARE
  }

  /** All who need a renewal share one. */
  async #renew(): Promise<void> {
    this.#renewing ??= this.#renewOnce().finally(() => {
      this.#renewing = undefined
    })
    return this.#renewing
  }

  async #renewOnce(): Promise<void> {
    const { apiUrl, transport, clock, random, log, file } = this.#options
    try {
      if (clock.monotonic() < this.#notBefore) {
        throw new HubleafError('smartthings_failed', this.#trouble ?? 'the last renewal failed')
      }
      // A refresh token that is in memory only is not used up.
      await file.flush()
      const login = this.#current()
      const app = { clientId: login.client_id, clientSecret: login.client_secret }
      const grant = { grant_type: 'refresh_token', refresh_token: login.refresh_token }
      // No caller's signal: a renewal that is broken off may have used the token up.
      const never = new AbortController().signal
      await this.#keep(login, await requestGrant(transport, apiUrl, app, grant, never))
      this.#failures = 0
      this.#notBefore = 0
      this.#renewedAt = clock.monotonic()
    } catch (error) {
      if (isHubleafError(error, 'smartthings_needs_login')) await this.#die(error.message)
      if (clock.monotonic() >= this.#notBefore) {
        this.#failures += 1
        this.#notBefore = clock.monotonic() + retryDelayMs(AGAIN, this.#failures, random)
        if (this.#failures === 1)
          log.warn('smartthings_renewal_failing', { reason: messageOf(error) })
        this.#trouble = `the login could not be renewed: ${messageOf(error)}`
      }
      throw error
    }
  }

  async #keep(login: Login, grant: Grant): Promise<void> {
    const { file, clock, log } = this.#options
    const now = clock.now()
    const renewed: Login = {
      ...login,
      ...{ access_token: grant.accessToken, obtained_at: now, expires_at: now + grant.lifeMs },
      refresh_token: grant.refreshToken ?? login.refresh_token,
      scopes: grant.scopes.length > 0 ? [...grant.scopes] : login.scopes,
      installed_app_id: grant.installedAppId ?? login.installed_app_id,
    }
    try {
      await file.update(() => ({ login: renewed }))
      if (this.#trouble !== undefined) log.info('smartthings_renewed')
      this.#trouble = undefined
      this.#isUnwritten = false
    } catch (error) {
      this.#isUnwritten = true
      // Memory has it, and it works until it expires; the upkeep writes it as soon as the disk lets it.
      this.#trouble = `the renewed login is not on the disk yet: ${messageOf(error)}`
      log.error('smartthings_login_unwritten', { reason: messageOf(error) })
    }
  }

  async #die(reason: string): Promise<void> {
    const { file, clock, log } = this.#options
    log.error('smartthings_needs_login', { reason, hint: HINT })
    const dead = { since: clock.now(), reason }
    const mark = file.update(({ login }) =>
      login === undefined ? {} : { login: { ...login, dead } },
    )
    await Promise.allSettled([mark])
  }

  async #keepUp(): Promise<void> {
    const { clock } = this.#options
    while (!this.#stop.signal.aborted) {
      if (this.#login !== undefined) await Promise.allSettled([this.access()])
      await clock.sleep(this.#isUnwritten ? AGAIN.firstMs : LOOK_MS, this.#stop.signal)
    }
  }

  /** Tries again to write tokens that are in memory only. */
  async #write(): Promise<void> {
    if (!this.#isUnwritten) return
    const isWritten = await this.#options.file.flush().then(
      () => true,
      () => false,
    )
    if (!isWritten) return
    this.#isUnwritten = false
    this.#notBefore = 0
    this.#trouble = undefined
  }
}

function needsLogin(reason: string): HubleafError {
  return new HubleafError('smartthings_needs_login', reason, { hint: HINT })
}
