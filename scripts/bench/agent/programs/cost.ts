// What one append, one row read and one settled row cost in a journal with rows that wait. Appends are
// small synced commits, reads run through packs' worth of rows from the oldest on, settlements ride with
// the commits that follow. Reports wall time and CPU of all threads for each, and memory.

import * as z from 'zod'
import { systemClock } from '../../../../base/clock.ts'
import { House } from '../house.ts'
import { openBenchJournal } from '../open-journal.ts'
import { rssOf } from '../proc.ts'
import { readArguments, report } from '../program.ts'

const schema = z.strictObject({ folder: z.string(), commits: z.number(), rounds: z.number() })
const { folder, commits, rounds } = readArguments(schema)

const READ_ROWS = 1000

const journal = await openBenchJournal(folder, systemClock)
const house = new House(2, systemClock.now())

/** Runs `work` and gives what each of `count` things took, µs: of the clock and of all threads' CPU. */
async function costOf(
  count: number,
  work: () => Promise<void>,
): Promise<{ readonly wall: number; readonly cpu: number }> {
  const cpu = process.cpuUsage()
  const startedAt = systemClock.monotonic()
  await work()
  const wall = ((systemClock.monotonic() - startedAt) * 1000) / count
  const used = process.cpuUsage(cpu)
  return { wall, cpu: (used.user + used.system) / count }
}

const batches = Array.from({ length: commits }, () => house.poll())
const appended = batches.reduce((sum, batch) => sum + batch.length, 0)
const append = await costOf(appended, async () => {
  for (const batch of batches) await journal.append(batch, 'waited')
})
const read = await costOf(rounds * READ_ROWS, async () => {
  for (let round = 0; round < rounds; round += 1) {
    // The same rows where there are few: what is asked is the cost of a row, not of a file.
    const first = 1 + ((round * READ_ROWS) % Math.max(1, journal.status().head - READ_ROWS))
    journal.read({ first, last: first + READ_ROWS - 1 }, READ_ROWS)
  }
})
const settled = Math.min(rounds * READ_ROWS, journal.status().head)
const settle = await costOf(settled, async () => {
  for (let first = 1; first <= settled; first += READ_ROWS) {
    journal.settle({ first, last: Math.min(settled, first + READ_ROWS - 1) })
  }
  await journal.append(house.poll(), 'waited')
})
report({
  ...{ appendMicros: append.wall, appendCpuMicros: append.cpu },
  ...{ readMicros: read.wall, readCpuMicros: read.cpu },
  ...{ settleMicros: settle.wall, settleCpuMicros: settle.cpu },
  rssMb: rssOf(process.pid) / 1e6,
})
await journal[Symbol.asyncDispose]()
