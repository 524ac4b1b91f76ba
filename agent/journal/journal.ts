// The port of the journal: the hub's only buffer. What `append` has resolved for is on disk, synced,
// and stays until it is settled. Rows are read by their place in the order of arrival; the sequence
// number of a row's type, with the epoch, is what the cloud knows it by.

import type { EpochId, TypeName } from '../../wire/ids.ts'
import type { Reading, SourceReading } from '../../wire/reading.ts'

/** Whether somebody waits for the sync, or the reading may wait for `flush_interval`. */
export type Urgency = 'waited' | 'polled'

/** Where an accepted reading stands; `repeated` if its event id was accepted before. */
export type Accepted =
  | { readonly kind: 'stored'; readonly type: TypeName; readonly seq: number }
  | { readonly kind: 'repeated' }

/** A row as it waits to be sent. */
export interface JournalRow {
  /** Place in the order of arrival, over all types and epochs; never reused. */
  readonly id: number
  readonly epoch: EpochId
  readonly type: TypeName
  readonly reading: Reading
  /** Bytes of its body on disk, to cut packs by. */
  readonly bytes: number
}

/** A row that its checksum does not vouch for. */
export interface CorruptRow {
  readonly id: number
  readonly corrupt: string
  /** Which reading it seems to have been; not vouched for either. */
  readonly claims:
    { readonly epoch: EpochId; readonly type: TypeName; readonly seq: number } | undefined
}

/** A closed range of row ids. */
export interface IdRange {
  readonly first: number
  readonly last: number
}

/** What the journal knew when it was opened and what it holds now. */
export interface JournalStatus {
  readonly epoch: EpochId
  /** The highest id that is synced; 0 in a new journal. */
  readonly head: number
  /** Bytes of database and write-ahead log. */
  readonly bytes: number
  /** Syncs since the start. */
  readonly commits: number
}

/** The journal. Disposal commits what waits, then closes. */
export interface Journal extends AsyncDisposable {
  readonly epoch: EpochId
  /** Aborts with `journal_closed` when nothing can be accepted any more; only a new start helps. */
  readonly ended: AbortSignal
  /** Resolves, in the order of `readings`, when all are synced. Throws `journal_write_failed`. */
  append(readings: readonly SourceReading[], urgency: Urgency): Promise<readonly Accepted[]>
  /** Rows with first <= id <= last in order of id, at most `limit`, settled or not. */
  read(range: IdRange, limit: number): readonly (JournalRow | CorruptRow)[]
  /** Marks rows as held by the cloud; rides with the next commit. */
  settle(range: IdRange): void
  /** The synced rows that are not settled, now: whoever sends starts with these. */
  unsettled(): readonly IdRange[]
  /** Called after each commit with the ids that it added. */
  onCommit(listener: (added: IdRange) => void): void
  /** Highest synced seq of a type in an epoch; 0 if it has none. */
  durableSeq(epoch: EpochId, type: TypeName): number
  /** The highest synced seq of each type in the open epoch. */
  heads(): ReadonlyMap<TypeName, number>
  /** The epoch's secret for message ids. */
  secretOf(epoch: EpochId): Uint8Array
  status(): JournalStatus
}
