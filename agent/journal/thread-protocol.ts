// What the journal's two halves say to each other. One message per commit, one answer per message.
// Both halves are this program's own: nothing here is ever read from outside.

import type { EpochId } from '../../wire/ids.ts'

/** Settled ids: all up to `through`, and the ranges above it. */
export interface Settled {
  readonly through: number
  readonly ranges: readonly (readonly [first: number, last: number])[]
}

/** What the thread needs to open the journal; the epoch is made by the caller's chance. */
export interface OpenRequest {
  readonly kind: 'open'
  readonly file: string
  readonly epoch: EpochId
  readonly boot: string
  readonly secret: Uint8Array
  /** Epoch ms; event ids older than a day are forgotten. */
  readonly now: number
  /** The agent's version, for the epoch record. */
  readonly agent: string
  /** Times of the epoch record. */
  readonly monoMs: number
  readonly quality: 'synced' | 'unsynced'
}

/** An epoch as the file knows it. */
export interface EpochRow {
  readonly number: number
  readonly id: EpochId
  readonly boot: string
  readonly secret: Uint8Array
  /** Highest seq per type; of the open epoch, what the epoch record made it. */
  readonly last: { readonly [type: string]: number }
}

/** The thread's answer to being started. */
export interface Opened {
  readonly kind: 'opened'
  readonly epochs: readonly EpochRow[]
  readonly settled: Settled
  readonly head: number
}

/** One transaction: rows by columns, what was settled, what may be deleted. */
export interface CommitRequest {
  readonly kind: 'commit'
  readonly types: readonly string[]
  readonly bodies: readonly string[]
  /** Hash of each reading's event id, or null. */
  readonly events: readonly (string | null)[]
  readonly now: number
  readonly settled: Settled | null
  /** Settled rows up to this id are no longer kept; 0 deletes nothing. */
  readonly deleteThrough: number
}

/** Asks the thread to close the file and end. */
export interface CloseRequest {
  readonly kind: 'close'
}

/** The answer to a commit: the seq of each row, 0 for a repeat, and the ids that were added. */
export interface Committed {
  readonly kind: 'committed'
  readonly seqs: readonly number[]
  /** 0 when nothing was added. */
  readonly first: number
  readonly last: number
}

/** A commit or an opening that failed; nothing of it is in the file. */
export interface Failed {
  readonly kind: 'failed'
  readonly code: string
  readonly message: string
  readonly hint: string | undefined
}

/** The thread has closed the file. */
export interface Closed {
  readonly kind: 'closed'
}

/** Anything that the thread says. */
export type ThreadAnswer = Opened | Committed | Failed | Closed

/** Anything that the thread is told. */
export type ThreadRequest = OpenRequest | CommitRequest | CloseRequest
