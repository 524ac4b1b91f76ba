// Durable appends per second, beside what node:sqlite does alone with the same rows and as many of
// them to a synced commit.

import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { repeat } from './bench.ts'
import type { Bench } from './bench.ts'
import { figure, number, show, spreadIn, spreadOf } from './figures.ts'
import type { Finding } from './figures.ts'
import { runProgram } from './program.ts'

const BATCH_ROWS = 100
const SENDERS = 16

/** Measures ours and the limit in turns. */
export async function measureAppend(bench: Bench): Promise<readonly Finding[]> {
  const pairs = await repeat(bench, 'durable append', async () => {
    const folder = join(bench.folder, 'append')
    mkdirSync(folder)
    const rows = bench.sizes.appendRows
    const ours = await runProgram(bench.dist, 'append', {
      ...{ folder, rows, batchRows: BATCH_ROWS, senders: SENDERS },
    })
    const rowsPerCommit = Math.round(figure(ours, 'rowsPerCommit'))
    const journalFile = join(folder, 'journal.db')
    const limit = await runProgram(bench.dist, 'sqliteAppend', {
      ...{ journalFile, folder, rowsPerCommit },
    })
    rmSync(folder, { recursive: true })
    return { ours, limit }
  })
  const ours = pairs.map((pair) => pair.ours)
  const limits = pairs.map((pair) => pair.limit)
  const ratios = pairs.map(
    (pair) => figure(pair.ours, 'rowsPerSecond') / figure(pair.limit, 'rowsPerSecond'),
  )
  const ratio = spreadOf(ratios)
  const commit = number(spreadIn(ours, 'rowsPerCommit').median)
  return [
    {
      what: `durable appends/s, ${SENDERS} senders of ${BATCH_ROWS}, ${commit} rows a commit`,
      ours: show(spreadIn(ours, 'rowsPerSecond')),
      limit: show(spreadIn(limits, 'rowsPerSecond')),
    },
    {
      ...{ key: 'durableAppendRatio', value: ratio.median, what: 'the same, ours to limit' },
      ...{ ours: show(ratio, 2), bar: '≥ 0.50', met: ratio.median >= 0.5 },
    },
    {
      what: 'CPU µs per appended row, all threads',
      ours: show(spreadIn(ours, 'cpuMicrosPerRow'), 1),
      limit: show(spreadIn(limits, 'cpuMicrosPerRow'), 1),
    },
  ]
}
