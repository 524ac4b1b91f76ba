// Many simulations on several threads. Each seed has a folder of its own in memory where the machine
// has such a place; a thread takes the next seed as soon as it is free.

import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Outcome } from './seed.ts'
import { addTable, Tally } from './table.ts'

/** What a thread is asked for. */
export interface Task {
  readonly seed: number
  readonly plant: string
  readonly root: string
}

/** What a thread answers. */
export type Done = { readonly outcome: Outcome } | { readonly seed: number; readonly bug: string }

/** Which seeds to run. */
export interface PoolOptions {
  readonly first: number
  readonly seeds: number
  readonly jobs: number
  /** Name of a plant; empty for none. */
  readonly plant: string
  /** Ends with the first seed that breaks this promise; undefined runs them all. */
  readonly stopAt?: string
  readonly onDone?: (summary: Summary) => void
}

/** What came of them. */
export interface Summary {
  ran: number
  steps: number
  faults: number
  accepted: number
  readonly tally: Tally
  /** Seeds that broke a promise, in order of their end. */
  readonly broken: Outcome[]
  /** Seeds of which the simulation itself failed. */
  readonly bugs: (readonly [seed: number, message: string])[]
}

/** A folder in memory where there is one. */
function memoryFolder(): string {
  const shared = statSync('/dev/shm', { throwIfNoEntry: false })?.isDirectory() === true
  return mkdtempSync(join(shared ? '/dev/shm' : tmpdir(), 'hubleaf-simulation-'))
}

/** Runs the seeds. Throws when a thread dies. */
export async function runSeeds(options: PoolOptions): Promise<Summary> {
  const root = memoryFolder()
  const counts = { ran: 0, steps: 0, faults: 0, accepted: 0 }
  const summary: Summary = { ...counts, tally: new Tally(), broken: [], bugs: [] }
  let next = options.first
  const take = (): Task | undefined => {
    const ended = next >= options.first + options.seeds
    if (ended || foundIn(summary, options.stopAt) !== undefined) return
    const seed = next
    next += 1
    return { seed, plant: options.plant, root: join(root, String(seed)) }
  }
  try {
    const threads = Array.from({ length: Math.min(options.jobs, options.seeds) }, () =>
      work(take, (done) => {
        count(summary, done)
        options.onDone?.(summary)
      }),
    )
    await Promise.all(threads)
    return summary
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/** The first seed that broke this promise. */
export function foundIn({ broken }: Summary, promise: string | undefined): Outcome | undefined {
  return broken.find(({ violations }) => violations.some((one) => one.promise === promise))
}

async function work(take: () => Task | undefined, tell: (done: Done) => void): Promise<void> {
  const ended = Promise.withResolvers<undefined>()
  const thread = new Worker(new URL('./pool-thread.ts', import.meta.url), { execArgv: [] })
  const go = (): void => {
    const task = take()
    if (task === undefined) ended.resolve(undefined)
    else thread.postMessage(task)
  }
  thread.on('message', (done: Done) => {
    tell(done)
    go()
  })
  thread.on('error', (error) => ended.reject(error))
  go()
  try {
    await ended.promise
  } finally {
    await thread.terminate()
  }
}

function count(summary: Summary, done: Done): void {
  summary.ran += 1
  if ('bug' in done) {
    summary.bugs.push([done.seed, done.bug])
    return
  }
  const { outcome } = done
  summary.steps += outcome.steps
  summary.faults += outcome.faults
  summary.accepted += outcome.accepted
  addTable(summary.tally, outcome.table)
  if (outcome.violation !== undefined) summary.broken.push(outcome)
}
