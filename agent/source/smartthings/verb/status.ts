// How the login stands, from the files alone: nothing is called and nothing is changed, so it works
// offline and beside a running agent. No token is shown.

import { isoTime } from '../../../../base/clock.ts'
import { readIfThere } from '../../../../base/durable-file.ts'
import { parseJson } from '../../../../base/json.ts'
import { NO_USAGE, usageSchema } from '../budget.ts'
import type { SmartThingsConfig } from '../config.ts'
import { loginFileSchema, smartThingsFiles, waitingLogin } from '../login-file.ts'

/** What the verb tells; times are ISO 8601. */
export interface LoginStatus {
  readonly state: 'ok' | 'needs_login'
  readonly method: 'app' | 'personal_token' | 'none'
  /** What to know or to do. */
  readonly notes: readonly string[]
  readonly access_expires_at?: string
  readonly scopes?: readonly string[]
  readonly installed_app_id?: string
  /** Calls used, as last written; up to ten more than were made. */
  readonly used: { readonly hour: number; readonly day: number; readonly month: number }
}

const LOG_IN = 'hubleaf smartthings login'

/** Reads the files. */
export function statusOf(config: SmartThingsConfig, dataDir: string, nowMs: number): LoginStatus {
  const files = smartThingsFiles(dataDir)
  const usage = usageSchema.safeParse(parseJson(readIfThere(files.usage) ?? '')).data ?? NO_USAGE
  const used = { hour: usage.hour.used, day: usage.day.used, month: usage.month.used }
  if (config.token_file !== undefined) {
    const note = `a personal token dies after 24 hours; ${LOG_IN} renews itself`
    return { state: 'ok', method: 'personal_token', notes: [note], used }
  }
  const waiting = waitingLogin(files.newLogin)
  const kept = loginFileSchema.safeParse(parseJson(readIfThere(files.login) ?? '')).data?.login
  const login = waiting ?? kept
  if (login === undefined) {
    return {
      state: 'needs_login',
      method: 'none',
      notes: [`nobody has logged in: ${LOG_IN}`],
      used,
    }
  }
  const notes = [
    ...(waiting === undefined || waiting.id === kept?.id
      ? []
      : ['a new login waits for the agent']),
    ...(login.dead === undefined ? [] : [`${login.dead.reason}; log in again: ${LOG_IN}`]),
    ...(login.dead === undefined && login.expires_at < nowMs
      ? ['the access token has expired; a running agent renews it']
      : []),
  ]
  return {
    ...({
      state: login.dead === undefined ? 'ok' : 'needs_login',
      method: 'app',
      notes,
      used,
    } as const),
    ...{ access_expires_at: isoTime(login.expires_at), scopes: login.scopes },
    ...(login.installed_app_id === undefined ? {} : { installed_app_id: login.installed_app_id }),
  }
}

/** The same for people. */
export function statusText(status: LoginStatus): string {
  const lines = [
    `login    ${status.state} (${status.method})`,
    ...(status.access_expires_at === undefined
      ? []
      : [`token    until ${status.access_expires_at}`]),
    ...(status.scopes === undefined ? [] : [`scopes   ${status.scopes.join(' ')}`]),
    `calls    ${status.used.hour} this hour, ${status.used.day} this day, ${status.used.month} this month`,
    ...status.notes.map((note) => `note     ${note}`),
  ]
  return `${lines.join('\n')}\n`
}
