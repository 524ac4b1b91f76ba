// A personal access token in a file. It cannot renew itself and dies after 24 hours, so it is for
// trying things out; the file is read again when it changes or when the cloud refuses the token.

import { readFile, stat } from 'node:fs/promises'
import type { Clock } from '../../../base/clock.ts'
import { HubleafError, messageOf } from '../../../base/errors.ts'
import { isToken } from './credentials.ts'
import type { Credentials } from './credentials.ts'

const HINT =
  'make a token at account.smartthings.com/tokens and put it into the file, or use `hubleaf smartthings login`'
const WARNING = 'a personal token dies after 24 hours; `hubleaf smartthings login` renews itself'

/** The login of a personal token. */
export function personalToken(file: string, clock: Clock): Credentials {
  let refused: { readonly token: string; readonly sinceMs: number } | undefined
  let known: { readonly changedMs: number; readonly token: string } | undefined
  const read = async (): Promise<string> => {
    try {
      const { mtimeMs } = await stat(file)
      if (known?.changedMs === mtimeMs) return known.token
      const token = (await readFile(file, 'utf8')).trim()
      if (!isToken(token)) throw new HubleafError('credentials_unreadable', 'it holds no token')
      known = { changedMs: mtimeMs, token }
      return token
    } catch (cause) {
      const message = `cannot read the SmartThings token in ${file}: ${messageOf(cause)}`
      throw new HubleafError('credentials_unreadable', message, { cause, hint: HINT })
    }
  }
  const reason = 'the cloud refused the personal token'
  return {
    async access() {
      const token = await read()
      if (token !== refused?.token) refused = undefined
      if (refused === undefined) return token
      throw new HubleafError('smartthings_needs_login', reason, { hint: HINT })
    },
    async refused(token) {
      known = undefined
      if ((await read()) !== token) return
      refused ??= { token, sinceMs: clock.now() }
      throw new HubleafError('smartthings_needs_login', reason, { hint: HINT })
    },
    state: () =>
      refused === undefined
        ? { state: 'ok', method: 'personal_token', warning: WARNING }
        : { state: 'needs_login', sinceMs: refused.sinceMs, reason, hint: HINT },
    [Symbol.asyncDispose]: async () => undefined,
  }
}
