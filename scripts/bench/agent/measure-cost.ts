// What append, read and settle cost with a thousand and with ten million rows waiting: it must be the
// same. Each figure beside that of the smaller journal, which is its limit.

import { rmSync } from 'node:fs'
import { fill, repeat, withCopy } from './bench.ts'
import type { Bench } from './bench.ts'
import { number, show, spreadIn } from './figures.ts'
import type { Figures, Finding } from './figures.ts'
import { runProgram } from './program.ts'

/** How much dearer a row may be in the large journal: what is measured here varies by a fifth. */
const GROWTH_MAX = 1.3

const WHAT = {
  appendCpuMicros: 'CPU µs per appended row, commits of a dozen',
  readCpuMicros: 'CPU µs per row read',
  settleCpuMicros: 'CPU µs per settled row, its commit included',
} as const

/** Measures both sizes. */
export async function measureCost(bench: Bench): Promise<readonly Finding[]> {
  const { costFewRows, costManyRows } = bench.sizes
  const few = await costAt(bench, costFewRows)
  const many = await costAt(bench, costManyRows)
  const rows = `${number(costManyRows)} rows waiting`
  const findings = Object.entries(WHAT).map(([name, what]): Finding => {
    const [small, large] = [spreadIn(few, name), spreadIn(many, name)]
    const growth = large.median / small.median
    const shown = { ours: show(large, 2), limit: show(small, 2) }
    const bar = `growth ≤ ${GROWTH_MAX}, is ${number(growth, 2)}`
    return { what: `${what}, ${rows}`, ...shown, bar, met: growth <= GROWTH_MAX }
  })
  const memory = { ours: show(spreadIn(many, 'rssMb'), 1), limit: show(spreadIn(few, 'rssMb'), 1) }
  return [...findings, { what: `RSS of the journal alone, MB, ${rows}`, ...memory }]
}

async function costAt(bench: Bench, rows: number): Promise<readonly [Figures, ...Figures[]]> {
  const { costCommits, costRounds } = bench.sizes
  const filled = await fill(bench, rows)
  const runs = await repeat(bench, `cost with ${rows} rows`, async () =>
    withCopy(bench, filled, async (folder) =>
      runProgram(bench.dist, 'cost', { folder, commits: costCommits, rounds: costRounds }),
    ),
  )
  rmSync(filled.folder, { recursive: true })
  return runs
}
