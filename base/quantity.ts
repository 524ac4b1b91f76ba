// Durations and sizes as people write them in a configuration: `250ms`, `10s`, `24h`, `256MB`.
// A number without a unit is refused: nobody remembers whether it was seconds or milliseconds.

import * as z from 'zod'

const DURATION_MS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

// SI and IEC units both mean what they say: MB is 10^6 bytes, MiB is 2^20.
const SIZE_BYTES: { readonly [unit: string]: number } = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
}

/** Milliseconds of a text like `10s`, or undefined. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, DURATION_MS)
}

/** Bytes of a text like `256MB`, or undefined. */
export function parseSize(text: string): number | undefined {
  return parseQuantity(text, SIZE_BYTES)
}

function parseQuantity(text: string, units: { readonly [unit: string]: number }) {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text)
  const factor = units[match?.[2] ?? '']
  if (match?.[1] === undefined || factor === undefined) return undefined
  return Math.round(Number(match[1]) * factor)
}

/** A configuration field that holds a duration; its value is milliseconds. */
export const durationMs = quantity(parseDuration, 'a duration such as "10s", "250ms" or "24h"')

/** A configuration field that holds a size; its value is bytes. */
export const sizeBytes = quantity(parseSize, 'a size such as "256MB" or "1GiB"')

function quantity(parse: (text: string) => number | undefined, rule: string) {
  return z.string({ error: `must be ${rule}` }).transform((text, context) => {
    const value = parse(text)
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: `must be ${rule}` })
    return z.NEVER
  })
}
