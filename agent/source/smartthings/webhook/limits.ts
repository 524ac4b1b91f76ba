// The bounds of the webhook, units last, each with its reason. Facts about the vendor are from its
// documentation; where it says nothing, the bound is the smallest that real requests fit four times.

/** The vendor ignores answers that come later, ms; it says so of its own time-out. */
export const VENDOR_WAITS_MS = 10_000

/** After this long a request is answered as failed, ms: the answer must still cross the network. */
export const ANSWER_WITHIN_MS = 8000

/** A fetch from the vendor that takes longer has failed, ms. */
export const VENDOR_GET_MS = 5000

/** Largest answer that is read from the vendor, bytes: a chain of certificates is below 10 kB. */
export const VENDOR_ANSWER_MAX_BYTES = 65_536

/** Largest body, bytes: the vendor says about 10 KiB for an event's payload; batches are larger. */
export const WEBHOOK_BODY_MAX_BYTES = 1_048_576

/** Most events in one request; real ones carry a handful. */
export const BATCH_MAX_EVENTS = 2000

/** Longest `authorization` header, characters: a real one has about 550. */
export const AUTHORIZATION_MAX_CHARS = 4096

/** Longest signature, bytes: an RSA key of 8192 bits. */
export const SIGNATURE_MAX_BYTES = 1024

/** Most headers that one signature covers; real ones cover three. */
export const SIGNED_HEADERS_MAX = 16

/** How far a request's date may be from this machine's clock, ms, either way. */
export const DATE_SKEW_MS = 900_000

/** A certificate is fetched again after this long, ms, so that one that was withdrawn goes away. */
export const KEY_KEEP_MS = 86_400_000

/** The vendor's "no such key", or a certificate that is refused, holds this long, ms. */
export const KEY_REFUSAL_KEEP_MS = 60_000

/** A fetch that failed holds this long, ms: a flood must not become a flood to the vendor. */
export const KEY_TROUBLE_KEEP_MS = 5000

/** Keys that are remembered: the vendor has one for each region, and two while it rotates. */
export const KEYS_MAX = 32

/** Key ids without a key that are remembered; anybody can invent them. */
export const KEY_REFUSALS_MAX = 256

/** Fetches of keys at once; anybody can invent a key id. */
export const KEY_FETCHES_MAX = 4

/** Smallest RSA key that is believed, bits (NIST SP 800-131A). */
export const RSA_MIN_BITS = 2048

/** Certificates in one answer: the signing one, and those above it. */
export const CHAIN_MAX_CERTIFICATES = 5

/** Requests whose effect is remembered, so that a copy changes nothing. */
export const REPLAYS_MAX = 10_000

/** Ids of the vendor are UUIDs of 36 characters. */
export const ID_MAX_CHARS = 64

/** Tokens, challenges and the like; access tokens of 36 characters are real, signed ones longer. */
export const TOKEN_MAX_CHARS = 4096

/** The vendor's own bound of a target URL, characters. */
export const URL_MAX_CHARS = 2048

/** Relations that must hold; the file does not load otherwise. */
const LIMIT_RELATIONS: readonly (readonly [string, boolean])[] = [
  ['an answer is in time', ANSWER_WITHIN_MS < VENDOR_WAITS_MS],
  ['a fetch ends before the answer is due', VENDOR_GET_MS < ANSWER_WITHIN_MS],
  ['a signature fits its header', (SIGNATURE_MAX_BYTES * 4) / 3 < AUTHORIZATION_MAX_CHARS],
]

for (const [relation, holds] of LIMIT_RELATIONS) {
  if (!holds) throw new RangeError(`webhook limits contradict each other: ${relation}`)
}
