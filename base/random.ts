// The one door to chance. Production draws from the system; tests and simulations from a seed.
// Ids and secrets must come from the system's source, never from a seed.

import { randomBytes, randomFillSync } from 'node:crypto'

/** A source of chance. */
export interface Random {
  /** Uniform in [0, 1). */
  float(): number
  /** `length` random bytes. */
  bytes(length: number): Uint8Array
}

/** Chance from the operating system. */
export const systemRandom: Random = {
  float() {
    const words = new Uint32Array(1)
    randomFillSync(words)
    return (words[0] ?? 0) / 4294967296
  },
  bytes: (length) => randomBytes(length),
}

/**
 * A reproducible source: the same seed gives the same sequence.
 * Generator: mulberry32 (Tommy Ettinger, public domain), 32 bits of state.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const float = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return { float, bytes: (length) => Uint8Array.from({ length }, () => Math.floor(float() * 256)) }
}

/** An integer uniform in [0, bound). */
export function randomInt(random: Random, bound: number): number {
  return Math.floor(random.float() * bound)
}

const TOKEN_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** A token of `length` characters from [a-z2-7]; five bits of chance in each. */
export function randomToken(random: Random, length: number): string {
  const letters = Array.from(random.bytes(length), (byte) => TOKEN_ALPHABET[byte & 31] ?? 'a')
  return letters.join('')
}
