// How often each fault has met the agent in each state. A cell that stays empty is a claim that nobody
// has tested; the few that cannot be filled say why.

import { STATES } from './roles.ts'
import type { StateName } from './roles.ts'

/** Counts by fault and state. */
export type Table = ReadonlyMap<string, ReadonlyMap<StateName, number>>

/** Counts what happens. */
export class Tally {
  readonly counts = new Map<string, Map<StateName, number>>()
  faults = 0

  /** A fault has met the agent in these states. */
  count(fault: string, states: readonly StateName[]): void {
    this.faults += 1
    const row = this.counts.get(fault) ?? new Map<StateName, number>()
    this.counts.set(fault, row)
    for (const state of states) row.set(state, (row.get(state) ?? 0) + 1)
  }
}

/** Adds the counts of one table to another. */
export function addTable(sum: Tally, table: readonly TableRow[]): void {
  for (const [fault, cells] of table) {
    const row = sum.counts.get(fault) ?? new Map<StateName, number>()
    sum.counts.set(fault, row)
    for (const [state, count] of cells) row.set(state, (row.get(state) ?? 0) + count)
  }
}

/** A table as it travels between threads. */
export type TableRow = readonly [fault: string, cells: readonly (readonly [StateName, number])[]]

/** The rows of a table. */
export function rowsOf(tally: Tally): readonly TableRow[] {
  return [...tally.counts].map(([fault, cells]): TableRow => [fault, [...cells]])
}

interface Impossible {
  readonly fault: RegExp
  readonly states: readonly StateName[]
  readonly reason: string
}

/** Cells that no run can fill. */
export const IMPOSSIBLE: readonly Impossible[] = [
  {
    fault: /^kill: (append)/,
    states: ['starting', 'stopping', 'idle'],
    reason:
      'a journal that is not open, or is closing, is handed nothing; one that is handed something is not idle',
  },
  {
    fault: /^(kill: (begin|commit|settle)|cut: torn|disk: (no room|sync|write))/,
    states: ['idle', 'appending'],
    reason: 'a transaction is under way, so the agent is committing',
  },
  {
    fault: /^kill: (settle)/,
    states: ['starting'],
    reason: 'nothing is settled before the journal is open',
  },
  {
    fault: /^(kill: (send|stored)|ack:|stream: poison)/,
    states: ['starting', 'idle'],
    reason: 'a pack is under way, which needs an open journal and is not idleness',
  },
  {
    fault: /^(kill: send)/,
    states: ['stopping', 'waiting'],
    reason: 'a forwarder that waits or stops sends nothing',
  },
]

/** Faults and states that should have met and have not. */
export function emptyCells(tally: Tally, faults: readonly string[]): readonly string[] {
  return faults.flatMap((fault) =>
    STATES.filter((state) => {
      const count = tally.counts.get(fault)?.get(state) ?? 0
      return count === 0 && reasonFor(fault, state) === undefined
    }).map((state) => `${fault} × ${state}`),
  )
}

/** Why a cell is empty, if it must be. */
export function reasonFor(fault: string, state: StateName): string | undefined {
  return IMPOSSIBLE.find((one) => one.fault.test(fault) && one.states.includes(state))?.reason
}

/** The table as text. */
export function renderTable(tally: Tally, faults: readonly string[]): string {
  const width = Math.max(...faults.map((fault) => fault.length))
  const head = ['fault'.padEnd(width), ...STATES.map((state) => state.padStart(10))].join(' ')
  const lines = faults.map((fault) => {
    const cells = STATES.map((state) => {
      const count = tally.counts.get(fault)?.get(state) ?? 0
      const empty = reasonFor(fault, state) === undefined ? '0 !' : '–'
      return (count === 0 ? empty : String(count)).padStart(10)
    })
    return [fault.padEnd(width), ...cells].join(' ')
  })
  return [head, ...lines].join('\n')
}
