// What a damaged file says of itself, as far as it can be believed: its epochs, its decisions about
// boots, and what of it was settled. From that follows which numbers it must have held.

import { IntervalSet } from '../../base/interval-set.ts'
import type { Interval } from '../../base/interval-set.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { parseEpochId, parseTypeName } from '../../wire/ids.ts'
import type { EpochId, TypeName } from '../../wire/ids.ts'
import type { CarvedRow } from './carve.ts'
import type { BootMark } from './journal.ts'
import { rowChecksum } from './row-body.ts'
import { emptyState, parseState, toCounts } from './state.ts'
import type { JournalState } from './state.ts'
import type { EpochRow } from './thread-protocol.ts'

/** Numbers of one epoch and type that should be there and are not. */
export interface Hole {
  readonly epoch: EpochId
  readonly type: TypeName
  readonly first: number
  readonly last: number
}

/** Gathered from the rows of all tables but the readings. */
export class CarvedMeta {
  readonly marks: BootMark[] = []
  readonly #epochs = new Map<number, EpochRow>()
  /** Seqs that drop records account for, by epoch and type. */
  readonly #dropped = new Map<string, IntervalSet>()
  /** Those of them that were given up while they were sound. */
  readonly #givenUp = new Map<string, IntervalSet>()
  #state: JournalState = emptyState
  #settled: IntervalSet | undefined
  /** The row with the lowest id: what came after it was never deleted. */
  #lowest = { id: Infinity, epoch: 0, isFirst: false }

  /** A row of any table. */
  meet(row: CarvedRow): void {
    const { columns } = row
    const [first, second] = columns
    if (columns.length === 2) this.#meetPair(columns)
    else if (columns.length >= 5 && first === null && typeof second === 'string') {
      this.#meetEpoch(row)
    } else if (columns.length === 6 && typeof second === 'number') {
      const isFirst = columns[2] === '_epoch' && columns[3] === 1
      if (row.rowid < this.#lowest.id) this.#lowest = { id: row.rowid, epoch: second, isFirst }
      if (columns[2] === '_drop' && isSound(row, second)) this.#meetDrop(columns[4])
    }
  }

  get epochs(): readonly EpochRow[] {
    return [...this.#epochs.values()]
  }

  epoch(number: number): EpochRow | undefined {
    return this.#epochs.get(number)
  }

  /** True if the cloud has the row, by the file's own word. */
  isSettled(id: number): boolean {
    this.#settled ??= settledSet(this.#state)
    return this.#settled.has(id)
  }

  /** True if a drop record says that the reading was shed or purged. */
  isGivenUp(epoch: EpochId, type: string, seq: number): boolean {
    return this.#givenUp.get(`${epoch} ${type}`)?.has(seq) === true
  }

  /** What is missing between the first and the last number that the file must have held. */
  holes(found: ReadonlyMap<string, IntervalSet>, epochs: readonly EpochRow[]): readonly Hole[] {
    return epochs.flatMap((epoch) => {
      const known = this.#epochs.get(epoch.number)?.id === epoch.id
      const last = { ...epoch.last, ...(known ? this.#lastOf(epoch.number) : {}) }
      const types = new Set([...Object.keys(last), ...typesOf(found, epoch.id)])
      return [...types].flatMap((name) => {
        const type = parseTypeName(name)
        if (type === undefined) return []
        const seqs = found.get(`${epoch.id} ${type}`)
        return this.#holesOf(epoch, type, seqs, last[name] ?? 0)
      })
    })
  }

  /** What is missing behind the numbers that a file which goes on has kept. */
  holesAfter(
    found: ReadonlyMap<string, IntervalSet>,
    epochs: readonly EpochRow[],
  ): readonly Hole[] {
    return epochs.flatMap((epoch) =>
      typesOf(found, epoch.id).flatMap((name) => {
        const type = parseTypeName(name)
        const seqs = found.get(`${epoch.id} ${name}`)
        // Without books of the file that goes on, nothing is known of what stood before. Each epoch
        // begins with its record: where the books have that, a type that they lack had no row.
        const hasBooks = epoch.last['_epoch'] !== undefined
        const before = hasBooks ? 0 : (seqs?.lowest?.first ?? 1) - 1
        const first = (epoch.last[name] ?? before) + 1
        const last = seqs?.ranges.at(-1)?.last ?? 0
        return type === undefined || last < first
          ? []
          : this.#missing(epoch.id, type, { first, last }, seqs)
      }),
    )
  }

  #holesOf(
    epoch: EpochRow,
    type: TypeName,
    seqs: IntervalSet | undefined,
    last: number,
  ): readonly Hole[] {
    const first = this.#firstOf(epoch, type, seqs)
    const highest = Math.max(last, seqs?.ranges.at(-1)?.last ?? 0)
    if (first === undefined || highest < first) return []
    return this.#missing(epoch.id, type, { first, last: highest }, seqs)
  }

  #missing(
    epoch: EpochId,
    type: TypeName,
    range: Interval,
    seqs: IntervalSet | undefined,
  ): readonly Hole[] {
    const open = new IntervalSet([range])
    for (const found of seqs?.ranges ?? []) open.remove(found)
    for (const dropped of this.#dropped.get(`${epoch} ${type}`)?.ranges ?? []) open.remove(dropped)
    return open.ranges.map((hole) => ({ epoch, type, ...hole }))
  }

  /** The lowest number that was not deleted as settled; undefined where that is not known. */
  #firstOf(epoch: EpochRow, type: TypeName, seqs: IntervalSet | undefined): number | undefined {
    const { tailEpoch, tails, began } = this.#state
    const known = this.#state !== emptyState && this.#epochs.get(epoch.number)?.id === epoch.id
    const tail = tails[type]
    if (known && epoch.number === tailEpoch && tail !== undefined) return tail + 1
    // Of an epoch that began in another file only what was brought back was ever here.
    if (epoch.number < began) return seqs?.lowest?.first
    if (known && epoch.number >= tailEpoch) return 1
    const { epoch: lowest, isFirst } = this.#lowest
    if (epoch.number > lowest || (epoch.number === lowest && isFirst)) return 1
    return seqs?.lowest?.first
  }

  #lastOf(number: number): { readonly [type: string]: number } {
    const { heads } = this.#state
    return this.#state.epoch === number ? heads : {}
  }

  #meetPair([first, second]: CarvedRow['columns']): void {
    if (first === null && typeof second === 'string') {
      const state = parseState(second)
      if (state !== undefined && state.headsAt >= this.#state.headsAt) this.#state = state
    } else if (typeof first === 'string' && (second === null || typeof second === 'number')) {
      this.marks.push({ boot: first, wallAtBoot: second })
    }
  }

  #meetEpoch({ rowid, columns }: CarvedRow): void {
    const [, id, boot, secret, last, format] = columns
    const parsed = typeof id === 'string' ? parseEpochId(id) : undefined
    if (parsed === undefined || typeof boot !== 'string' || !(secret instanceof Uint8Array)) return
    const counts = typeof last === 'string' ? toCounts(parseJson(last)) : {}
    const rowFormat = typeof format === 'number' ? format : 1
    const kept = Uint8Array.from(secret)
    this.#epochs.set(rowid, {
      number: rowid,
      id: parsed,
      boot,
      secret: kept,
      last: counts,
      rowFormat,
    })
  }

  #meetDrop(body: unknown): void {
    const parts: unknown = typeof body === 'string' ? parseJson(body) : undefined
    const value: unknown = Array.isArray(parts) ? parts[2] : undefined
    if (!isJsonObject(value)) return
    const { epoch, type, first, last, reason } = value
    if (typeof first !== 'number' || typeof last !== 'number' || first > last) return
    const key = `${String(epoch)} ${String(type)}`
    const seqs = this.#dropped.get(key) ?? new IntervalSet()
    seqs.add({ first, last })
    this.#dropped.set(key, seqs)
    if (reason !== 'buffer_full' && reason !== 'purged') return
    const given = this.#givenUp.get(key) ?? new IntervalSet()
    given.add({ first, last })
    this.#givenUp.set(key, given)
  }
}

/** True if the row's checksum vouches for it, in either format. */
function isSound({ rowid, columns }: CarvedRow, epoch: number): boolean {
  const [, , type, seq, body, crc] = columns
  if (typeof type !== 'string' || typeof seq !== 'number' || typeof body !== 'string') return false
  const identity = { id: rowid, epoch, type, seq }
  return [1, 2].some((format) => rowChecksum(format, identity, body) === crc)
}

function settledSet(state: JournalState): IntervalSet {
  const set = new IntervalSet(state.settled.ranges.map(([first, last]) => ({ first, last })))
  const { through } = state.settled
  if (through > 0) set.add({ first: 1, last: through })
  return set
}

function typesOf(found: ReadonlyMap<string, unknown>, epoch: EpochId): readonly string[] {
  const prefix = `${epoch} `
  return [...found.keys()].flatMap((key) =>
    key.startsWith(prefix) ? [key.slice(prefix.length)] : [],
  )
}
