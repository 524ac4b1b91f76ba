// For each epoch and type the lowest seq that the cloud has not acknowledged: what a pack tells the
// cloud so that it can say "complete to N". A low bound that is right is enough; it never overtakes.

import { IntervalSet } from '../../base/interval-set.ts'
import type { EpochId, TypeName } from '../../wire/ids.ts'

/** The marks of one forwarder. */
export class TypeMarks {
  readonly #openEpoch: EpochId
  readonly #settled = new Map<string, IntervalSet>()
  #inOrder: boolean

  /** `epoch` is the journal's present one, whose seqs start at 1; `inOrder` is what the journal says. */
  constructor({ epoch, inOrder }: { readonly epoch: EpochId; readonly inOrder: boolean }) {
    this.#openEpoch = epoch
    this.#inOrder = inOrder
  }

  /** From now on what is not seen may still come. */
  doubt(): void {
    this.#inOrder = false
  }

  /**
   * The backlog is read in order: what an older epoch does not show below `seq` of this type was
   * settled before, or dropped with a record of its own. Where rows come back from a damaged file
   * there is no such order, and nothing follows from what is not seen.
   */
  seen(epoch: EpochId, type: TypeName, seq: number): void {
    if (!this.#inOrder || epoch === this.#openEpoch || this.#settled.has(key(epoch, type))) return
    this.#of(epoch, type)
    if (seq > 1) this.acknowledged(epoch, type, 1, seq - 1)
  }

  acknowledged(epoch: EpochId, type: TypeName, first: number, last: number): void {
    this.#of(epoch, type).add({ first, last })
  }

  /** The lowest seq that may not be in the cloud. */
  oldestUnsettled(epoch: EpochId, type: TypeName): number {
    const lowest = this.#settled.get(key(epoch, type))?.lowest
    return lowest?.first === 1 ? lowest.last + 1 : 1
  }

  #of(epoch: EpochId, type: TypeName): IntervalSet {
    const known = this.#settled.get(key(epoch, type))
    if (known !== undefined) return known
    const made = new IntervalSet()
    this.#settled.set(key(epoch, type), made)
    return made
  }
}

function key(epoch: EpochId, type: TypeName): string {
  return `${epoch} ${type}`
}
