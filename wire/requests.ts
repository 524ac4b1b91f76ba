// What the cloud may ask of a hub, on `hub.<hub>.rpc.<verb>`, and what the hub answers on
// `hub.<hub>.reply.<token>`: JSON with every number bounded. Parsers give the problem as data and never
// throw; what is not known is refused, so that nobody believes to have been understood.

import * as z from 'zod'
import { parseJson } from '../base/json.ts'
import { parseEpochId, parseTypeName } from './ids.ts'
import type { EpochId, TypeName } from './ids.ts'
import { BOOT_MAX_CHARS, TIME_MAX_MS } from './limits.ts'

/** Bytes of a request; the longest needs about 200. */
export const REQUEST_MAX_BYTES = 4096

/** Readings that one request may ask for: what a hub keeps in mind of it stays below 10 MB. */
export const RESEND_MAX_READINGS = 100_000

/** Ranges that an answer lists as missing; 40 kB at most. */
export const RESEND_MAX_MISSING = 1000

/** How long a rate holds at most, ms: a cloud that has died must not slow its hubs for ever. */
export const RATE_MAX_MS = 600_000

/** The highest rate that can be asked for, readings per second; more is as good as none. */
export const RATE_MAX_PER_SECOND = 1_000_000

/** Send these again: the cloud has lost them. */
export interface ResendRequest {
  readonly epoch: EpochId
  readonly type: TypeName
  readonly first: number
  readonly last: number
}

/** Send at most so many readings per second in each lane; null is no limit. */
export interface RateRequest {
  readonly back: number | null
  readonly live: number | null
  /** After this long there is no limit again, ms. */
  readonly forMs: number
}

/** What time it is at the cloud, told to a hub on `time` after each heartbeat; nobody answers. */
export interface TimeNotice {
  /** The heartbeat's boot and `monoMs`: the hub knows how long the answer took. */
  readonly boot: string
  readonly monoMs: number
  /** Epoch ms. */
  readonly now: number
}

/** Why a request was not done: it makes no sense, another is being done, or the hub had trouble. */
export const REFUSALS = ['malformed', 'busy', 'failed'] as const

/** A request that was not done. */
export interface Refusal {
  readonly ok: false
  readonly code: (typeof REFUSALS)[number]
  readonly message: string
}

/** What a hub still has of the readings it was asked for. */
export interface ResendDone {
  readonly ok: true
  /** How many are on their way (again). */
  readonly found: number
  /** Seqs that the hub does not have, as closed ranges in order; at most 1000 of them. */
  readonly missing: readonly (readonly [first: number, last: number])[]
  /** True where there are more missing ranges than are listed. */
  readonly more: boolean
}

/** A rate is obeyed from now on. */
export interface RateDone {
  readonly ok: true
}

/** What came of parsing. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string }

const seq = z.number().int().min(1).max(Number.MAX_SAFE_INTEGER)
const perSecond = z.number().min(0).max(RATE_MAX_PER_SECOND).nullable()

const resendRequest = z
  .strictObject({ epoch: z.string(), type: z.string(), first: seq, last: seq })
  .refine(({ first, last }) => first <= last, { path: ['last'], message: 'before "first"' })
  .refine(({ first, last }) => last - first < RESEND_MAX_READINGS, {
    path: ['last'],
    message: `more than ${RESEND_MAX_READINGS} readings`,
  })

const rateRequest = z.strictObject({
  back: perSecond,
  live: perSecond,
  forMs: z.number().int().min(1).max(RATE_MAX_MS),
})

const timeNotice = z.object({
  boot: z.string().max(BOOT_MAX_CHARS),
  monoMs: z.number().int().min(0).max(TIME_MAX_MS),
  now: z.number().int().min(0).max(TIME_MAX_MS),
})

const refusal = z.object({ ok: z.literal(false), code: z.enum(REFUSALS), message: z.string() })
const resendDone = z.object({
  ok: z.literal(true),
  found: z.number().int().min(0).max(RESEND_MAX_READINGS),
  missing: z.array(z.tuple([seq, seq])).max(RESEND_MAX_MISSING),
  more: z.boolean(),
})
const rateDone = z.object({ ok: z.literal(true) })

/** The request in the bytes, on the verb `resend`. */
export function parseResendRequest(bytes: Uint8Array): Parsed<ResendRequest> {
  const parsed = parse(resendRequest, bytes)
  if ('problem' in parsed) return parsed
  const { epoch: epochText, type: typeText, first, last } = parsed.value
  const epoch = parseEpochId(epochText)
  const type = parseTypeName(typeText)
  if (epoch === undefined) return { problem: 'epoch: not an epoch' }
  if (type === undefined) return { problem: 'type: not a type' }
  return { value: { epoch, type, first, last } }
}

/** The request in the bytes, on the verb `rate`. */
export function parseRateRequest(bytes: Uint8Array): Parsed<RateRequest> {
  return parse(rateRequest, bytes)
}

/** The notice in the bytes, on the verb `time`; fields of a newer cloud are passed over. */
export function parseTimeNotice(bytes: Uint8Array): Parsed<TimeNotice> {
  return parse(timeNotice, bytes)
}

/** A hub's answer to `resend`; fields of a newer agent are passed over. */
export function parseResendAnswer(bytes: Uint8Array): Parsed<ResendDone | Refusal> {
  return parse(z.union([resendDone, refusal]), bytes, Infinity)
}

/** A hub's answer to `rate`; fields of a newer agent are passed over. */
export function parseRateAnswer(bytes: Uint8Array): Parsed<RateDone | Refusal> {
  return parse(z.union([rateDone, refusal]), bytes, Infinity)
}

/** The bytes of a request or an answer. */
export function encodeMessage(
  message: ResendRequest | RateRequest | TimeNotice | ResendDone | RateDone | Refusal,
): Uint8Array {
  return Buffer.from(JSON.stringify(message))
}

function parse<T>(shape: z.ZodType<T>, bytes: Uint8Array, most = REQUEST_MAX_BYTES): Parsed<T> {
  if (bytes.length > most) return { problem: `${bytes.length} bytes, over ${most}` }
  const parsed = shape.safeParse(parseJson(Buffer.from(bytes).toString()))
  if (parsed.success) return { value: parsed.data }
  const issue = parsed.error.issues[0]
  const where = issue?.path.join('.') ?? ''
  return { problem: `${where === '' ? 'message' : where}: ${issue?.message ?? 'unknown'}` }
}
