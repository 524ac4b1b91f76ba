// The vendor's question whether this is the app's address: answered by fetching a URL that it sends.
// Only the vendor's own confirmation page of the configured app is ever fetched; whatever else somebody
// puts there (another host, port, user or path) is refused before a connection is made.

import { HubleafError } from '../../../../base/errors.ts'
import { URL_MAX_CHARS } from './limits.ts'
import type { VendorGet } from './vendor-get.ts'

const HOST = 'api.smartthings.com'
/** The path to fetch at the vendor's API host. Throws `confirmation_refused`. */
export function confirmationPath(text: string, appId: string): string {
  const url = text.length <= URL_MAX_CHARS ? URL.parse(text) : null
  // A parser repairs much: backslashes, tabs, missing slashes, dots. What it had to repair is refused.
  if (url?.protocol !== 'https:' || url.href !== text) throw refused('it is no plain https URL')
  if (url.hostname !== HOST || url.port !== '') throw refused(`its host is not ${HOST}`)
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw refused('it has more than host, path and query')
  }
  const page = `/apps/${appId}/confirm-registration`
  if (url.pathname !== page && url.pathname !== `/v1${page}`) {
    throw refused('it is not the confirmation page of this app')
  }
  return `${url.pathname}${url.search}`
}

/** Confirms the app. Throws `confirmation_refused` or `confirmation_failed`. */
export async function confirm(get: VendorGet, url: string, appId: string): Promise<void> {
  const { status } = await get(HOST, confirmationPath(url, appId)).catch((cause: unknown) => {
    if (cause instanceof HubleafError && cause.code !== 'vendor_unreachable') throw cause
    throw failed('it could not be fetched', cause)
  })
  if (status < 200 || status > 299) throw failed(`the vendor answered ${status}`)
}

function refused(why: string): HubleafError {
  const message = `the confirmation URL is not fetched: ${why}`
  return new HubleafError('confirmation_refused', message)
}

function failed(why: string, cause?: unknown): HubleafError {
  const hint = 'ask for another one: "smartthings apps:register" sends it again'
  return new HubleafError('confirmation_failed', `the app is not confirmed: ${why}`, {
    hint,
    cause,
  })
}
