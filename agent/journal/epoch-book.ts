// The epochs that the journal knows: their numbers in the file, boots, secrets and highest seqs.
// Only the open epoch's seqs grow; those of older epochs are closed books.

import { HubleafError } from '../../base/errors.ts'
import { reservedType } from '../../wire/ids.ts'
import type { EpochId, TypeName } from '../../wire/ids.ts'
import type { EpochRow } from './thread-protocol.ts'

/** Lookups over the epochs of one open journal. */
export class EpochBook {
  readonly current: EpochId
  readonly #byNumber: ReadonlyMap<number, EpochRow>
  readonly #byId: ReadonlyMap<EpochId, EpochRow>
  readonly #heads: Map<TypeName, number>

  constructor(epochs: readonly EpochRow[]) {
    const newest = epochs.at(-1)
    if (newest === undefined) throw new HubleafError('internal', 'an open journal has no epoch')
    this.current = newest.id
    this.#byNumber = new Map(epochs.map((epoch) => [epoch.number, epoch]))
    this.#byId = new Map(epochs.map((epoch) => [epoch.id, epoch]))
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
