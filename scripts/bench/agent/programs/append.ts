// Appends batches of readings that somebody waits for, several under way at once, so that commits form
// groups by themselves. Reports rows per second, rows per commit and CPU.

import * as z from 'zod'
import { systemClock } from '../../../../base/clock.ts'
import { HOUSE_SENSORS } from '../../../../agent/source/simulated.ts'
import { House } from '../house.ts'
import { openBenchJournal } from '../open-journal.ts'
import { readArguments, report } from '../program.ts'

const schema = z.strictObject({
  folder: z.string(),
  rows: z.number(),
  batchRows: z.number(),
  senders: z.number(),
})
const { folder, rows, batchRows, senders } = readArguments(schema)

const house = new House(1, systemClock.now())
const readings = Array.from({ length: Math.ceil(rows / HOUSE_SENSORS) }, () => house.poll()).flat()
const batches = Array.from({ length: Math.floor(rows / batchRows) }, (_, place) =>
  readings.slice(place * batchRows, (place + 1) * batchRows),
)
const journal = await openBenchJournal(folder, systemClock)
const commitsBefore = journal.status().commits
let next = 0
const send = async (): Promise<void> => {
  for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) {
    await journal.append(batch, 'waited')
  }
}
const cpu = process.cpuUsage()
const startedAt = systemClock.monotonic()
await Promise.all(Array.from({ length: senders }, send))
const seconds = (systemClock.monotonic() - startedAt) / 1000
const used = process.cpuUsage(cpu)
const done = batches.length * batchRows
report({
  rowsPerSecond: done / seconds,
  rowsPerCommit: done / (journal.status().commits - commitsBefore),
  cpuMicrosPerRow: (used.user + used.system) / done,
})
await journal[Symbol.asyncDispose]()
