// The epochs that the journal knows: their numbers in the file, boots, secrets and highest seqs, and
// what was decided about the wall times of their boots. Only the open epoch's seqs grow; those of
// older epochs are closed books.

import { HubleafError } from '../../base/errors.ts'
import { reservedType } from '../../wire/ids.ts'
import type { EpochId, TypeName } from '../../wire/ids.ts'
import type { BootMark } from './journal.ts'
import { ROW_FORMAT } from './schema.ts'
import type { EpochRow } from './thread-protocol.ts'

/** Lookups over the epochs of one open journal. */
export class EpochBook {
  readonly current: EpochId
  readonly #byNumber: Map<number, EpochRow>
  readonly #byId: Map<EpochId, EpochRow>
  readonly #heads: Map<TypeName, number>
  readonly #marks: Map<string, BootMark>

  constructor(epochs: readonly EpochRow[], marks: readonly BootMark[]) {
    const newest = epochs.at(-1)
    if (newest === undefined) throw new HubleafError('internal', 'an open journal has no epoch')
    this.current = newest.id
    this.#byNumber = new Map(epochs.map((epoch) => [epoch.number, epoch]))
    this.#byId = new Map(epochs.map((epoch) => [epoch.id, epoch]))
    this.#marks = new Map(marks.map((mark) => [mark.boot, mark]))
    // Opening wrote the epoch record, the first of its type.
    this.#heads = new Map([[reservedType('_epoch'), 1]])
  }

  byNumber(number: number): EpochRow | undefined {
    return this.#byNumber.get(number)
  }

  /** The epoch with this id. Throws `internal`: ids come from our own rows. */
  byId(id: EpochId): EpochRow {
    const found = this.#byId.get(id)
    if (found === undefined) throw new HubleafError('internal', `epoch ${id} is not in the journal`)
    return found
  }

  /** True if the journal has known this epoch. */
  knows(id: EpochId): boolean {
    return this.#byId.has(id)
  }

  /** Epochs and decisions that came to light in a damaged file. */
  learn(epochs: readonly EpochRow[], marks: readonly BootMark[]): void {
    for (const epoch of epochs) {
      this.#byNumber.set(epoch.number, epoch)
      this.#byId.set(epoch.id, epoch)
    }
    for (const mark of marks) this.marked(mark)
  }

  /** A decision about a boot; the first one stands. */
  marked(mark: BootMark): void {
    if (!this.#marks.has(mark.boot)) this.#marks.set(mark.boot, mark)
  }

  /** Wall time at the epoch's boot, where its unsynced rows are to be stamped anew. */
  wallAtBoot(epoch: EpochRow): number | undefined {
    if (epoch.rowFormat < ROW_FORMAT) return undefined
    return this.#marks.get(epoch.boot)?.wallAtBoot ?? undefined
  }

  /** Boots without a decision. */
  undecidedBoots(): readonly string[] {
    const boots = new Set(Array.from(this.#byNumber.values(), (epoch) => epoch.boot))
    return [...boots].filter((boot) => !this.#marks.has(boot))
  }

  /** The open epoch's row of this type with this seq is synced. */
  grow(type: TypeName, seq: number): void {
    if (seq > (this.#heads.get(type) ?? 0)) this.#heads.set(type, seq)
  }

  durableSeq(epoch: EpochId, type: TypeName): number {
    if (epoch === this.current) return this.#heads.get(type) ?? 0
    return this.byId(epoch).last[type] ?? 0
  }

  /** The highest synced seq of each type in the open epoch. */
  currentHeads(): ReadonlyMap<TypeName, number> {
    return this.#heads
  }
}
