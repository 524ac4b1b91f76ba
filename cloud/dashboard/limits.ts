// The dashboard server's bounds, units last, each with its reason. Their relations are checked when
// this file loads.

/** The longest range of one request: beyond a year a thinned chart says nothing more. */
export const RANGE_MAX_MS = 366 * 86_400_000

/** Viewers at the same time; each holds a socket and up to the buffer below. */
export const LIVE_MAX_CLIENTS = 64

/** What may wait in a viewer's socket before the viewer is dropped; it reloads when it is back. */
export const LIVE_CLIENT_MAX_BUFFER_BYTES = 4_194_304

/** Points wait this long for others, so that a flood makes few events. */
export const LIVE_FLUSH_MS = 100

/** … or until so many wait; one event is then about 100 kB. */
export const LIVE_MAX_EVENT_POINTS = 500

/** Of a value that is no number, more than this is cut: a table shows 120. */
export const LIVE_VALUE_MAX_CHARS = 256

/** A comment on quiet links, so that proxies do not cut them (commonly after 60 s). */
export const LIVE_PING_MS = 15_000

/** What a browser waits before it reconnects by itself. */
export const LIVE_RETRY_MS = 1_000

/** How often rows are counted and viewers told the state. The page calls a link dead after 15 s. */
export const STATUS_EVERY_MS = 5_000

/** A committed message larger than this is not ours: 256 points of the largest value would be. */
export const COMMITTED_MAX_BYTES = 8_388_608

// Names and ids at their limits, escaped, without the value.
const POINT_MAX_BYTES = 6 * (200 + 128 + 64 + 32) + 400

/** Relations that must hold. */
export const LIMIT_RELATIONS: readonly (readonly [string, boolean])[] = [
  ['a viewer hears of the state before it calls the link dead', STATUS_EVERY_MS * 2 < 15_000],
  [
    'one event fits a viewer',
    LIVE_MAX_EVENT_POINTS * (POINT_MAX_BYTES + 6 * LIVE_VALUE_MAX_CHARS) <
      LIVE_CLIENT_MAX_BUFFER_BYTES,
  ],
]

for (const [relation, holds] of LIMIT_RELATIONS) {
  if (!holds) throw new RangeError(`dashboard limits contradict each other: ${relation}`)
}
