// The port between calls and logins: who may call, and what follows when the cloud refuses a token.
// Two kinds of login stand behind it: that of an app, which renews itself, and a personal token.

import type { LoginState } from './api.ts'

/** A login as the calls see it. Disposal waits for a renewal that is under way. */
export interface Credentials extends AsyncDisposable {
  /**
   * A token to call with; renews it first when it is due. Throws `smartthings_needs_login`, and
   * passing codes where a renewal that cannot wait did not succeed.
   */
  access(): Promise<string>
  /**
   * The cloud answered 401 to this token. Resolves if `access` now has another one, which is worth
   * one more call; throws as `access` does, and `smartthings_failed` where there is no other.
   */
  refused(token: string): Promise<void>
  state(): LoginState
}

/** What a token may consist of: anything else would break out of its header. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]{1,4096}$/.test(text)
}
