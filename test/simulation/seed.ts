// Runs one seed: faults until there were enough, then everything heals and the promises are judged.
// The same seed gives the same run, to the last note.

import { removeImage } from './card.ts'
import { direct } from './director.ts'
import { judge } from './judge.ts'
import { Run } from './run.ts'
import type { RunOptions } from './run.ts'
import { rowsOf } from './table.ts'
import type { TableRow } from './table.ts'
import type { Violation } from './watch.ts'

/** Broken promises that are told of one run. */
const VIOLATIONS_MAX = 50

/** How a run went. */
export interface Outcome {
  readonly seed: number
  readonly steps: number
  readonly faults: number
  readonly accepted: number
  readonly rows: number
  /** Checksum of all that happened. */
  readonly digest: number
  readonly table: readonly TableRow[]
  readonly violation: Violation | undefined
  /** All of them; those after the first may follow from it. */
  readonly violations: readonly Violation[]
  /** The last notes before the violation. */
  readonly notes: readonly string[]
}

/** Runs a seed to its end, or to the first broken promise. */
export async function runSeed(options: RunOptions): Promise<Outcome> {
  const run = new Run(options)
  const { world, watch, truth, tally } = run
  try {
    await direct(run)
    if (watch.violations.length === 0) judge(run)
    const rows = [...watch.database.sequences.values()].reduce(
      (sum, { rows }) => sum + rows.size,
      0,
    )
    const accepted = [...truth.offered.values()].filter((one) => one.acceptedAt !== undefined)
    return {
      ...{ seed: options.seed, steps: world.steps, faults: tally.faults, rows },
      ...{ accepted: accepted.length, digest: world.digest, table: rowsOf(tally) },
      violation: watch.violations[0],
      violations: watch.violations.slice(0, VIOLATIONS_MAX),
      notes: world.notes,
    }
  } finally {
    for (const site of run.sites) site.process?.kill()
    await world.step()
    removeImage(options.root)
  }
}
