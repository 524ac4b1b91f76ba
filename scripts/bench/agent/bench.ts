// What the parts of this benchmark share: where the emitted program is, how much to measure, and a
// journal with waiting rows that is filled once and copied for each run.

import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { HubleafError } from '../../../base/errors.ts'
import type { Cluster } from './cluster.ts'
import { runProgram } from './program.ts'
import type { Figures } from './figures.ts'

/** How much is measured. */
export interface Sizes {
  readonly runs: number
  readonly appendRows: number
  readonly forwardRows: number
  readonly liveRows: number
  /** Seconds of live readings, on loopback and on the slow link. */
  readonly liveSeconds: number
  readonly slowSeconds: number
  /** What the first live readings took is not counted, ms. */
  readonly warmUpMs: number
  readonly fewRows: number
  readonly manyRows: number
  /** Seconds of draining during which memory is watched. */
  readonly drainSeconds: number
  /** Seconds on a fast clock, and at the world's pace. */
  readonly polledSeconds: number
  readonly polledRealSeconds: number
  /** Rows of the journals in which costs are compared, and how much is done there. */
  readonly costFewRows: number
  readonly costManyRows: number
  readonly costCommits: number
  readonly costRounds: number
}

/** What the figures are taken from. */
export const FULL: Sizes = {
  ...{ runs: 5, appendRows: 200_000, forwardRows: 300_000, liveRows: 1_000_000 },
  ...{ liveSeconds: 20, slowSeconds: 20, warmUpMs: 2000, fewRows: 10_000, manyRows: 5_000_000 },
  ...{ drainSeconds: 12, polledSeconds: 288, polledRealSeconds: 30 },
  ...{ costFewRows: 1200, costManyRows: 10_000_000, costCommits: 1000, costRounds: 300 },
}

/** For trying: shows that everything runs; its figures mean little. */
export const QUICK: Sizes = {
  ...{ runs: 1, appendRows: 20_000, forwardRows: 24_000, liveRows: 90_000 },
  ...{ liveSeconds: 2, slowSeconds: 2, warmUpMs: 200, fewRows: 1200, manyRows: 60_000 },
  ...{ drainSeconds: 1, polledSeconds: 3, polledRealSeconds: 2 },
  ...{ costFewRows: 1200, costManyRows: 60_000, costCommits: 50, costRounds: 20 },
}

/** The surroundings of all parts. */
export interface Bench {
  readonly dist: string
  readonly folder: string
  readonly sizes: Sizes
  readonly cluster: Cluster
  /** Tells a waiting person what is going on. */
  readonly say: (text: string) => void
}

/** A journal that waits, in a folder of its own. */
export interface Filled {
  readonly folder: string
  readonly figures: Figures
}

/** Fills a journal with so many waiting rows of the simulated house. */
export async function fill(bench: Bench, rows: number): Promise<Filled> {
  const folder = join(bench.folder, `filled-${rows}`)
  bench.say(`filling a journal with ${rows} rows`)
  return { folder, figures: await runProgram(bench.dist, 'fill', { folder, rows }) }
}

/** Calls `use` with a copy of the journal and removes the copy. */
export async function withCopy<T>(
  bench: Bench,
  filled: Filled,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = join(bench.folder, 'copy', 'journal')
  cpSync(filled.folder, folder, { recursive: true })
  try {
    return await use(folder)
  } finally {
    rmSync(join(bench.folder, 'copy'), { recursive: true, force: true })
  }
}

/** One value for each run, one after the other. */
export async function repeat<T>(
  bench: Bench,
  name: string,
  once: (run: number) => Promise<T>,
): Promise<readonly [T, ...T[]]> {
  const { runs } = bench.sizes
  const results: T[] = []
  for (let run = 1; run <= runs; run += 1) {
    bench.say(`${name}, run ${run} of ${runs}`)
    results.push(await once(run))
  }
  const [first, ...rest] = results
  if (first === undefined) throw new HubleafError('internal', 'no run was asked for')
  return [first, ...rest]
}
