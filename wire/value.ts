// The value of a reading: any JSON but null, bounded in size and depth, without the two numbers
// that JSON text cannot carry faithfully.

import { VALUE_MAX_DEPTH, VALUE_MAX_JSON_BYTES } from './limits.ts'
import type { Json } from './reading.ts'

/** Why a value was refused. */
export type ValueProblem = 'not a JSON value' | 'null' | 'too deep' | 'too large'

/**
 * The value, or why it is none. Negative zero becomes zero (JSON text has no negative zero that
 * survives a round trip), so equal readings have equal bytes.
 */
export function checkValue(value: unknown): { value: Json } | { problem: ValueProblem } {
  if (value === null) return { problem: 'null' }
  if (typeof value === 'number') {
    return Number.isFinite(value)
      ? { value: value === 0 ? 0 : value }
      : { problem: 'not a JSON value' }
  }
  if (typeof value === 'boolean') return { value }
  if (typeof value === 'string' && value.length * 6 < VALUE_MAX_JSON_BYTES) return { value }
  const depth = depthProblem(value, 0)
  if (depth !== undefined) return { problem: depth }
  const copy = plain(value)
  if (copy === undefined || copy === null) return { problem: 'not a JSON value' }
  const bytes = Buffer.byteLength(JSON.stringify(copy))
  return bytes > VALUE_MAX_JSON_BYTES ? { problem: 'too large' } : { value: copy }
}

function depthProblem(value: unknown, depth: number): ValueProblem | undefined {
  if (depth > VALUE_MAX_DEPTH) return 'too deep'
  if (typeof value !== 'object' || value === null) return undefined
  const parts: unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (const part of parts) {
    const problem = depthProblem(part, depth + 1)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** A copy with -0 as 0; undefined if something in it is not JSON. */
function plain(value: unknown): Json | null | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : undefined
  if (typeof value !== 'object') return undefined
  return Array.isArray(value) ? plainArray(value) : plainObject(value)
}

function plainArray(items: readonly unknown[]): Json | undefined {
  const copies: (Json | null)[] = []
  for (const item of items) {
    const copy = plain(item)
    if (copy === undefined) return undefined
    copies.push(copy)
  }
  return copies
}

function plainObject(object: object): Json | undefined {
  const copies: [string, Json | null][] = []
  for (const [key, item] of Object.entries(object)) {
    const copy = plain(item)
    if (copy === undefined) return undefined
    copies.push([key, copy])
  }
  return Object.fromEntries(copies)
}
