// What the journal's two halves say to each other. One message per commit, one answer per message.
// Both halves are this program's own: nothing here is ever read from outside.

import type { EpochId } from '../../wire/ids.ts'
import type { DropReason } from '../../wire/records.ts'
import type { BootMark, IdRange } from './journal.ts'
import type { Stamp } from './row-body.ts'

/** Settled ids: all up to `through`, and the ranges above it. */
export interface Settled {
  readonly through: number
  readonly ranges: readonly (readonly [first: number, last: number])[]
}

/** What the thread needs to open the journal; the epoch is made by the caller's chance. */
export interface OpenRequest {
  readonly kind: 'open'
  readonly folder: string
  readonly epoch: EpochId
  readonly boot: string
  readonly secret: Uint8Array
  /** The agent's version, for the epoch record. */
  readonly agent: string
  /** Times of the epoch record. */
  readonly stamp: Stamp
  /** Pages in the write-ahead log before they are brought into the database. */
  readonly checkpointPages: number
  /** Size of the ballast file, bytes; 0 for none. */
  readonly ballastBytes: number
}

/** An epoch as the file knows it. */
export interface EpochRow {
  readonly number: number
  readonly id: EpochId
  readonly boot: string
  readonly secret: Uint8Array
  /** How its rows are checked: 1 without the row's id, 2 with it. */
  readonly rowFormat: number
  /** Highest seq per type; of the open epoch, what the epoch record made it. */
  readonly last: { readonly [type: string]: number }
}

/** How much room the files have and use. */
export interface Usage {
  /** Bytes of database and write-ahead log on disk. */
  readonly bytes: number
  /** Bytes of these that the database can use again. */
  readonly freeInside: number
  /** Bytes that the disk has left for everybody. */
  readonly diskFree: number
}

/** The thread's answer to being started. */
export interface Opened {
  readonly kind: 'opened'
  readonly epochs: readonly EpochRow[]
  readonly marks: readonly BootMark[]
  readonly settled: Settled
  readonly head: number
  /** Rows up to this id are gone. */
  readonly deletedThrough: number
  readonly usage: Usage
  /** Damaged files whose rows must be brought back. */
  readonly damaged: number
  /** False if rows of a damaged file stand among the others. */
  readonly inOrder: boolean
}

/** Rows that are given up, and why. */
export interface Removal {
  readonly ranges: readonly IdRange[]
  readonly reason: DropReason
  /** Whether they stay in the table `aside`. */
  readonly aside: boolean
}

/** One transaction: rows by columns, what was settled, what may be deleted. */
export interface CommitRequest {
  readonly kind: 'commit'
  readonly types: readonly string[]
  readonly bodies: readonly string[]
  /** Hash of each reading's event id, or null. */
  readonly events: readonly (string | null)[]
  /** Times of records that the commit makes. */
  readonly stamp: Stamp
  /** Milliseconds since the opening, never going back: the age of event ids. */
  readonly age: number
  readonly settled: Settled | null
  /** Settled rows up to this id are no longer kept; 0 deletes nothing. */
  readonly deleteThrough: number
  readonly removals: readonly Removal[]
  readonly marks: readonly BootMark[]
}

/** Asks for the next rows of a damaged file; they get new ids at the end. */
export interface SalvageRequest {
  readonly kind: 'salvage'
  readonly stamp: Stamp
}

/** Asks whether the file is whole, by SQLite's own check: seconds for a gigabyte. */
export interface CheckRequest {
  readonly kind: 'check'
}

/** The answer to a check; undefined where nothing is wrong. */
export interface Checked {
  readonly kind: 'checked'
  readonly problem: string | undefined
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
  /** Records that the commit made itself: their types and seqs in the open epoch. */
  readonly records: readonly (readonly [type: string, seq: number])[]
  /** How many readings each removal gave up. */
  readonly dropped: readonly number[]
  /** Ids of the removals that stay, because records are never given up. */
  readonly kept: readonly IdRange[]
  /** Rows up to this id are gone. */
  readonly deletedThrough: number
  readonly usage: Usage
}

/** The answer to a salvage request. */
export interface Salvaged {
  readonly kind: 'salvaged'
  /** Ids that were added; 0 when none were. */
  readonly first: number
  readonly last: number
  readonly records: readonly (readonly [type: string, seq: number])[]
  /** Epochs that this file did not know, or not all of. */
  readonly epochs: readonly EpochRow[]
  readonly marks: readonly BootMark[]
  /** Readings known to be lost, each covered by a drop record. */
  readonly lost: number
  /** Damaged files that are left. */
  readonly damaged: number
  readonly usage: Usage
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
export type ThreadAnswer = Opened | Committed | Salvaged | Checked | Failed | Closed

/** Anything that the thread is told. */
export type ThreadRequest =
  OpenRequest | CommitRequest | SalvageRequest | CheckRequest | CloseRequest

/** The one writer of the file, wherever it runs. One request at a time. */
export interface JournalWriter {
  /** Aborts with `journal_closed` when the writer has ended, asked to or not. */
  readonly ended: AbortSignal
  /** One transaction, one sync. Throws `journal_*` codes; nothing of it is then in the file. */
  commit(request: CommitRequest): Promise<Committed>
  /** The next rows of a damaged file, one transaction. Throws like `commit`. */
  salvage(request: SalvageRequest): Promise<Salvaged>
  /** What is wrong with the file's structure; undefined where nothing is. Throws like `commit`. */
  check(): Promise<string | undefined>
  /** Closes the file and ends the writer. */
  close(): Promise<void>
}

/** Opens the journal's file. Throws what the opening said, `journal_*` codes. */
export type OpenWriter = (
  request: OpenRequest,
) => Promise<{ readonly writer: JournalWriter; readonly opened: Opened }>
