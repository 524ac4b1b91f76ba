// `npm run soak -- --seeds N [--seed S] [--plant NAME] [--jobs N] [--trace]`: the agent on simulated
// time, disk, network and cloud, for as many seeds as wanted. Prints how often each fault met each
// state, and each seed that broke a promise; `--seed S` runs that one again, to the last step.

import { mkdtempSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { FAULT_NAMES } from '../test/simulation/faults.ts'
import { plantNamed, PLANTS } from '../test/simulation/plants.ts'
import { runSeeds } from '../test/simulation/pool.ts'
import type { Summary } from '../test/simulation/pool.ts'
import { runSeed } from '../test/simulation/seed.ts'
import { emptyCells, renderTable } from '../test/simulation/table.ts'

/** So many seeds cover the table; fewer need not. */
const TABLE_SEEDS = 1000

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    plant: { type: 'string', default: '' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    trace: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

if (values.plant !== '' && !Object.hasOwn(PLANTS, values.plant)) {
  say(`no plant is called "${values.plant}"; there are: ${Object.keys(PLANTS).join(', ')}`)
  process.exitCode = 2
} else if (values.seed !== undefined && values.seeds === undefined) {
  await replay(Number(values.seed))
} else await soak(Number(values.seed ?? 1), Number(values.seeds ?? TABLE_SEEDS))

/** One seed, and what happened last. */
async function replay(seed: number): Promise<void> {
  const root = join(mkdtempSync(join(tmpdir(), 'hubleaf-soak-')), 'seed')
  const trace = values.trace ? say : undefined
  const outcome = await runSeed({ seed, plant: plantNamed(values.plant), root, trace })
  const { violation, steps, faults, accepted, rows, digest } = outcome
  if (violation !== undefined && !values.trace) for (const note of outcome.notes) say(note)
  say(
    `seed ${seed}: ${steps} steps, ${faults} faults, ${accepted} accepted, ${rows} rows, ${digest}`,
  )
  if (violation === undefined) return
  say(`${violation.promise} is broken: ${violation.text}`)
  process.exitCode = 1
}

async function soak(first: number, seeds: number): Promise<void> {
  const startedAt = systemClock.monotonic()
  const jobs = Number(values.jobs)
  let shownAt = startedAt
  const onDone = (summary: Summary): void => {
    if (systemClock.monotonic() - shownAt < 5000) return
    shownAt = systemClock.monotonic()
    const which = summary.broken.map(({ seed }) => seed).join(' ')
    say(
      `${summary.ran} of ${seeds} seeds, ${summary.broken.length} broke a promise ${which}`.trim(),
    )
  }
  const { plant } = values
  const stopAt = plantNamed(plant).promise
  const summary = await runSeeds({ first, seeds, jobs, plant, stopAt, onDone })
  report(summary, (systemClock.monotonic() - startedAt) / 60_000, seeds)
}

function report(summary: Summary, minutes: number, seeds: number): void {
  const { ran, steps, faults, accepted, tally, broken, bugs } = summary
  say(renderTable(tally, FAULT_NAMES))
  say(`${ran} seeds, ${steps} steps, ${faults} faults, ${accepted} readings accepted`)
  say(`${Math.round(ran / minutes)} seeds per minute`)
  for (const { seed, violation } of broken) {
    say(`seed ${seed}: ${violation?.promise ?? ''} ${violation?.text ?? ''}`)
  }
  for (const [seed, bug] of bugs) say(`seed ${seed}: the simulation failed: ${bug}`)
  const empty = seeds >= TABLE_SEEDS && values.plant === '' ? emptyCells(tally, FAULT_NAMES) : []
  for (const cell of empty) say(`never met: ${cell}`)
  if (broken.length + bugs.length + empty.length > 0) process.exitCode = 1
}
