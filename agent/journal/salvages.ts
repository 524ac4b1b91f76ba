// All damaged files of a journal, oldest first. Each is read to its end before the losses of any are
// told: a reading that one file lacks may stand in another, and a record must deny nothing that comes.

import type { IntervalSet } from '../../base/interval-set.ts'
import { damagedFiles } from './damage.ts'
import type { RowTable } from './row-table.ts'
import { Salvage } from './salvage.ts'
import type { Losses, SalvageTask } from './salvage.ts'

/** What a step came to; once `done`, the losses are told, and the files go as soon as that is durable. */
export interface SalvagesStep extends Losses {
  readonly done: boolean
  /** When done: the highest seqs that were found, by epoch and type. */
  readonly shown: ReadonlyMap<string, Readonly<Record<string, number>>>
}

/** The salvage of one opening. */
export class Salvages {
  readonly #unread: Salvage[] = []
  readonly #read: Salvage[] = []
  readonly #found = new Map<string, IntervalSet>()

  /** Opens the damaged files that there are. Throws the system's errors. */
  constructor(task: Omit<SalvageTask, 'file' | 'found'>) {
    const found = this.#found
    try {
      for (const file of damagedFiles(task.folder)) {
        this.#unread.push(new Salvage({ ...task, file, found }))
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Reads on, or tells what a file has lost; the caller's transaction is around it. */
  step(rows: RowTable): SalvagesStep {
    const [reading] = this.#unread
    if (reading !== undefined) {
      if (reading.step(rows)) this.#read.push(...this.#unread.splice(0, 1))
      return { done: false, records: [], lost: 0, shown: new Map() }
    }
    const losses = this.#read.map((salvage) => salvage.losses(rows))
    const lost = losses.reduce((sum, one) => sum + one.lost, 0)
    const records = losses.flatMap((one) => one.records)
    return { done: true, records, lost, shown: highestIn(this.#found) }
  }

  /** The files go; throws the system's errors. The oldest goes last: what a newer one lacks is most likely there. */
  finish(): void {
    for (let last = this.#read.at(-1); last !== undefined; last = this.#read.at(-1)) {
      last.finish()
      this.#read.pop()
    }
  }

  close(): void {
    for (const salvage of [...this.#unread, ...this.#read]) salvage.close()
  }
}

function highestIn(
  found: ReadonlyMap<string, IntervalSet>,
): ReadonlyMap<string, Readonly<Record<string, number>>> {
  const highest = new Map<string, Record<string, number>>()
  for (const [key, seqs] of found) {
    const [epoch = '', type = ''] = key.split(' ')
    const shown = highest.get(epoch) ?? {}
    shown[type] = seqs.ranges.at(-1)?.last ?? 0
    highest.set(epoch, shown)
  }
  return highest
}
