// A reading: what a source says, and what the agent adds. Parsed once, at the edge; everything
// behind believes the types. The parser refuses what it does not know by field, code and sentence.

import type { EpochId, TypeName } from './ids.ts'

/** Any JSON value but null. */
export type Json =
  string | number | boolean | readonly (Json | null)[] | { readonly [key: string]: Json | null }

/**
 * How far the wall times of a reading can be trusted: `synced` (the clock was known to be right),
 * `unsynced` (nobody knew), `corrected` (re-stamped before sending), `suspect` (jumped since).
 */
export type TimeQuality = 'synced' | 'unsynced' | 'corrected' | 'suspect'

/** All time qualities; the order is the wire's and never changes. */
export const TIME_QUALITIES: readonly TimeQuality[] = ['synced', 'unsynced', 'corrected', 'suspect']

/** What a source hands over. */
export interface SourceReading {
  readonly type: TypeName
  /** Stable id of the device at its source. */
  readonly device: string
  /** Component and attribute, where one device has several of a type; `main` otherwise. */
  readonly channel: string
  /** As the source gave it. */
  readonly value: Json
  /** As the source gave it; never guessed. */
  readonly unit?: string
  /** Epoch ms at the source, if the source knows. */
  readonly observedAt?: number
  /** Where from: `host`, `http`, `mqtt`, `smartthings`, `simulated`, … */
  readonly source: string
  /** The source's own id of this event; merges its repeats, stays on the agent. */
  readonly eventId?: string
  /** The installed app or building, where one hub id serves several. */
  readonly site?: string
}

/** A reading that the journal has accepted: it has its place and its times. */
export interface Reading {
  readonly seq: number
  readonly device: string
  readonly channel: string
  readonly value: Json
  readonly unit?: string
  readonly site?: string
  readonly source: string
  /** Epoch ms, integer, at the source; equal to `receivedAt` where the source had none. */
  readonly observedAt: number
  /** Epoch ms, integer, at the agent. */
  readonly receivedAt: number
  /** The machine's boot during which it was received. */
  readonly boot: string
  /** Milliseconds since that boot, integer. */
  readonly monoMs: number
  readonly timeQuality: TimeQuality
}

/** Readings of one hub, lane, epoch and type with contiguous sequence numbers. */
export interface Pack {
  readonly epoch: EpochId
  readonly type: TypeName
  readonly readings: readonly Reading[]
  /** Of this type, when the pack was made; other types may ride along. */
  readonly marks: Marks
}

/** Per type: the highest synced seq, and the oldest seq the cloud has not yet acknowledged. */
export type Marks = { readonly [type: string]: Mark }

/** `[highest durable seq, oldest unsettled seq]`; the second is the first + 1 when all is settled. */
export type Mark = readonly [durable: number, oldestUnsettled: number]
