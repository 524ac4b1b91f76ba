// The bounds of the contract, units last, each with its reason. The relations between them are
// checked when this file loads: a contradiction stops every process at once, not some message later.

/** Readings in one pack: packing gains little above a few hundred (docs/decisions/0002). */
export const PACK_MAX_READINGS = 256

/** A pack's body before compression; far below the broker's 1 MiB payload limit. */
export const PACK_MAX_BODY_BYTES = 65_536

/** Magic, version, compression, reserved byte and CRC-32 before the body. */
export const PACK_HEADER_BYTES = 8

/** A reading's value as JSON text: the largest SmartThings event is about 10 KiB. */
export const VALUE_MAX_JSON_BYTES = 16_384

/** Nesting of a value: deeper ones would overflow recursive readers further on. */
export const VALUE_MAX_DEPTH = 16

/** Device ids are vendor UUIDs (36) or MQTT friendly names, which people make long. */
export const DEVICE_MAX_CHARS = 200

/** `component.attribute` of the longest known capabilities is about 90. */
export const CHANNEL_MAX_CHARS = 128

/** Units are short words; the longest in use is `kVAh` and kin. */
export const UNIT_MAX_CHARS = 32

/** An installed app's UUID or a building's short name. */
export const SITE_MAX_CHARS = 64

/** Source names such as `http`, `host`, `smartthings`. */
export const SOURCE_MAX_CHARS = 32

/** The source's own id of an event; UUIDs and hashes fit four times. */
export const EVENT_ID_MAX_CHARS = 200

/** Boot ids are UUIDs without dashes or random tokens. */
export const BOOT_MAX_CHARS = 36

/**
 * Times either side of 1970: the year 73,326, inside JavaScript's date range. Packs carry sums and
 * differences of up to four times, and four times this is still an exact integer.
 */
export const TIME_MAX_MS = 2_251_799_813_685_247

/** Most types in the marks of one epoch: about twice the known types, and all fit one record. */
export const MARKS_MAX_TYPES = 224

// The end of JavaScript's date range (ECMA-262, 21.4.1.1).
const DATE_MAX_MS: number = 8_640_000_000_000_000

// A mark at its longest, as JSON: a type of 32 characters in quotes, two integers of 16 digits,
// two brackets, a colon and two commas.
const MARK_WORST_BYTES = 34 + 2 * 16 + 5

// One reading with its text fields at their limits must always fit a pack by itself: characters
// outside ASCII take up to 4 bytes in UTF-8 and JSON escapes take 6 per character.
const ONE_READING_WORST_BYTES =
  VALUE_MAX_JSON_BYTES +
  6 *
    (DEVICE_MAX_CHARS +
      CHANNEL_MAX_CHARS +
      UNIT_MAX_CHARS +
      SITE_MAX_CHARS +
      SOURCE_MAX_CHARS +
      BOOT_MAX_CHARS) +
  1024

/** Relations that must hold; tidy code would not start otherwise. */
export const LIMIT_RELATIONS: readonly (readonly [string, boolean])[] = [
  [
    'one reading and the marks of all types fit a pack',
    ONE_READING_WORST_BYTES + MARKS_MAX_TYPES * MARK_WORST_BYTES < PACK_MAX_BODY_BYTES,
  ],
  [
    'marks of all types of one epoch fit a record',
    MARKS_MAX_TYPES * MARK_WORST_BYTES + 256 < VALUE_MAX_JSON_BYTES,
  ],
  ['four times add up exactly', 4 * TIME_MAX_MS <= Number.MAX_SAFE_INTEGER],
  ['every time can be shown', TIME_MAX_MS < DATE_MAX_MS],
]

for (const [relation, holds] of LIMIT_RELATIONS) {
  if (!holds) throw new RangeError(`wire limits contradict each other: ${relation}`)
}

/** True for an integer that can be a time: epoch ms or ms since boot, at most TIME_MAX_MS off 0. */
export function isTime(value: number): boolean {
  return Number.isInteger(value) && value <= TIME_MAX_MS && value >= -TIME_MAX_MS
}
