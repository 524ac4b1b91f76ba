// How many bytes of backlog may be under way: grows while acknowledgements come back about as fast as
// they can, halves when they slow down. On a slow link 20 to 40 kB fill it; more only adds delay to
// the live lane. Pure.

/** Bounds and steps, bytes and ms. */
export const WINDOW = {
  startBytes: 24_000,
  minBytes: 8_000,
  maxBytes: 512_000,
  slackMs: 150,
} as const

/** The window, and the fastest acknowledgement seen. */
export interface WindowState {
  readonly bytes: number
  readonly fastestMs: number
}

/** The window before the first acknowledgement. */
export const initialWindow: WindowState = { bytes: WINDOW.startBytes, fastestMs: Infinity }

/**
 * The window after trouble: the link that comes back may be another one. A window that grew on a fast
 * link would fill a slow one for many seconds, with live rows behind it.
 */
export function afterTrouble({ bytes }: WindowState): WindowState {
  return { bytes: Math.min(bytes, WINDOW.startBytes), fastestMs: Infinity }
}

/** The window after an acknowledgement that took `tookMs`. */
export function acknowledgedIn(state: WindowState, tookMs: number, packBytes: number): WindowState {
  const fastestMs = Math.min(state.fastestMs, tookMs)
  const slow = tookMs > fastestMs + WINDOW.slackMs
  const bytes = slow
    ? Math.max(WINDOW.minBytes, Math.floor(state.bytes / 2))
    : Math.min(WINDOW.maxBytes, state.bytes + packBytes)
  return { bytes, fastestMs }
}
