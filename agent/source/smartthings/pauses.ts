// The pauses that the cloud asks for (429), each at the place (the path) that asked: a device that was
// read too often does not hold up the list of all. Short ones are waited for, long ones are told.

import type { Clock } from '../../../base/clock.ts'
import { HubleafError } from '../../../base/errors.ts'
import { stopped } from './transport.ts'
import type { HttpRequest } from './transport.ts'

/** Open pauses. */
export interface Pauses {
  begin(place: string, ms: number): void
  /** Resolves when the request may be made. Throws `smartthings_rate_limited`, `smartthings_stopped`. */
  wait(request: HttpRequest, signal: AbortSignal): Promise<void>
  /** The end of the last one, epoch ms. */
  untilMs(): number | undefined
}

/** A longer pause is not waited for but told, ms. */
const WAIT_MAX_MS = 90_000

/** No pauses yet. */
export function createPauses(clock: Clock): Pauses {
  const ends = new Map<string, { readonly at: number; readonly atMs: number }>()
  const forgetOld = (): void => {
    for (const [place, { at }] of ends) if (at <= clock.monotonic()) ends.delete(place)
  }
  return {
    begin: (place, ms) => {
      ends.set(place, { at: clock.monotonic() + ms, atMs: clock.now() + ms })
    },
    async wait({ url, label }, signal) {
      forgetOld()
      const left = (ends.get(url.pathname)?.at ?? 0) - clock.monotonic()
      if (ends.has(url.pathname) && left > WAIT_MAX_MS) {
        const message = `${label}: the cloud asks to wait ${Math.ceil(left / 1000)} s`
        throw new HubleafError('smartthings_rate_limited', message)
      }
      if (ends.has(url.pathname) && left > 0) await clock.sleep(left, signal)
      if (signal.aborted) throw stopped(label)
    },
    untilMs: () => {
      forgetOld()
      const open = [...ends.values()].map(({ atMs }) => atMs)
      return open.length === 0 ? undefined : Math.max(...open)
    },
  }
}
