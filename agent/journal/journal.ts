// The port of the journal: the hub's only buffer. What `append` has resolved for is on disk, synced,
// and stays until it is settled. Rows are read by their place in the order of arrival; the sequence
// number of a row's type, with the epoch, is what the cloud knows it by.

import type { EpochId, TypeName } from '../../wire/ids.ts'
import type { Reading, SourceReading } from '../../wire/reading.ts'
import type { DropReason } from '../../wire/records.ts'

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

/** Why rows are waiting that were just committed: new, or brought back from a damaged file. */
export type Origin = 'accepted' | 'salvaged'

/** The fullness of the journal: `shedding` gives up rows, `refusing` accepts none. */
export type Fullness = 'room' | 'shedding' | 'refusing'

/** What the journal knew when it was opened and what it holds now. */
export interface JournalStatus {
  readonly epoch: EpochId
  /** The highest id that is synced; 0 in a new journal. */
  readonly head: number
  /** Bytes of database and write-ahead log. */
  readonly bytes: number
  /** Bytes that they and the ballast may have. */
  readonly quotaBytes: number
  /** Bytes that the disk has left for everybody, at the last look. */
  readonly diskFreeBytes: number
  /** Syncs since the start. */
  readonly commits: number
  readonly fullness: Fullness
  /** Readings given up since the start, each covered by a drop record, by reason. */
  readonly dropped: { readonly [reason: string]: number }
  /** Damaged files whose rows are still being brought back. */
  readonly salvaging: number
}

/** The rows that whoever sends has not taken yet; the journal sheds only from these. */
export interface Waiting {
  /** Takes out the oldest waiting rows, at most `limit` ids. */
  withdraw(limit: number): readonly IdRange[]
  /** Takes out those of the given ids that wait. */
  withdrawFrom(ranges: readonly IdRange[]): readonly IdRange[]
  /** They were not shed after all. */
  restore(ranges: readonly IdRange[]): void
}

/** What was decided about the wall times of one boot, before any row of it was sent. */
export interface BootMark {
  readonly boot: string
  /** Wall time at boot, epoch ms; null when it is not known and rows go out as they are. */
  readonly wallAtBoot: number | null
}

/** The journal. Disposal commits what waits, then closes. */
export interface Journal extends AsyncDisposable {
  readonly epoch: EpochId
  /**
   * False once rows of older epochs have come back from a damaged file, or may come: they stand in
   * the order in which they were found, and what is not there yet may still come.
   */
  readonly inOrder: boolean
  /** Aborts when nothing can be accepted any more, with `journal_closed` or `journal_corrupt`. */
  readonly ended: AbortSignal
  /**
   * Resolves, in the order of `readings`, when all are synced. Throws `journal_write_failed`,
   * `journal_busy`, `journal_full` (policy drop_newest) or `journal_blocked` (policy block).
   */
  append(readings: readonly SourceReading[], urgency: Urgency): Promise<readonly Accepted[]>
  /** Rows with first <= id <= last in order of id, at most `limit`, settled or not. */
  read(range: IdRange, limit: number): readonly (JournalRow | CorruptRow)[]
  /** Marks rows as held by the cloud; rides with the next commit. */
  settle(range: IdRange): void
  /** They must be sent again: the cloud asked for them. */
  unsettle(ranges: readonly IdRange[]): void
  /**
   * Gives rows up: each leaves the queue only together with a synced drop record that covers it. The
   * rows themselves stay in the file's table `aside` for a person to look at. Throws like `append`.
   */
  setAside(ids: readonly number[], reason: DropReason): Promise<void>
  /**
   * Gives up those of the rows that wait and are not under way, records excepted, with synced drop
   * records; nothing of them stays. Resolves to how many were given up. Throws like `append`.
   */
  drop(ranges: readonly IdRange[], reason: DropReason): Promise<number>
  /**
   * Rows that should wait and were not found. The file is checked: if it is whole, nothing of them is
   * left to send and they are settled; if not, the journal ends with `journal_corrupt`.
   */
  missing(ranges: readonly IdRange[]): void
  /** The synced rows that are not settled, now: whoever sends starts with these. */
  unsettled(): readonly IdRange[]
  /** Called after each commit with the ids that it added. */
  onCommit(listener: (added: IdRange, origin: Origin) => void): void
  /** From now on rows are shed from these only; undefined: from all that is unsettled. */
  shedFrom(waiting: Waiting | undefined): void
  /** Ids of kept rows of this epoch and type with first <= seq <= last, settled or not. */
  find(want: SeqRange, signal?: AbortSignal): Promise<readonly IdRange[]>
  /** Highest synced seq of a type in an epoch; 0 if it has none. */
  durableSeq(epoch: EpochId, type: TypeName): number
  /** The highest synced seq of each type in the open epoch. */
  heads(): ReadonlyMap<TypeName, number>
  /** The epoch's secret for message ids. */
  secretOf(epoch: EpochId): Uint8Array
  /** Boots of unsettled rows whose wall times nobody has decided about, the present one too. */
  undecidedBoots(): readonly string[]
  /** Decides about a boot's wall times, durably and for ever; a second decision changes nothing. */
  markBoot(mark: BootMark): Promise<void>
  status(): JournalStatus
}

/** A range of one type's sequence in one epoch. */
export interface SeqRange {
  readonly epoch: EpochId
  readonly type: TypeName
  readonly first: number
  readonly last: number
}
