// Fills a journal with readings of the simulated house that wait to be sent, and closes it.
// Reports how long that took and how large the file is.

import { statSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { systemClock } from '../../../../base/clock.ts'
import { HOUSE_SENSORS } from '../../../../agent/source/simulated.ts'
import { House } from '../house.ts'
import { openBenchJournal } from '../open-journal.ts'
import { readArguments, report } from '../program.ts'

const POLLS_PER_COMMIT = 300

const { folder, rows } = readArguments(z.strictObject({ folder: z.string(), rows: z.number() }))
const polls = Math.ceil(rows / HOUSE_SENSORS)
const startedAt = systemClock.monotonic()
const house = new House(1, systemClock.now() - polls * 1000)
const journal = await openBenchJournal(folder, house.clock)
for (let done = 0; done < polls; done += POLLS_PER_COMMIT) {
  const count = Math.min(POLLS_PER_COMMIT, polls - done)
  const appends = Array.from({ length: count }, async (_, place) =>
    // The last one of them asks for the commit.
    journal.append(house.poll(), place === count - 1 ? 'waited' : 'polled'),
  )
  await Promise.all(appends)
}
await journal[Symbol.asyncDispose]()
report({
  rows: polls * HOUSE_SENSORS,
  bytes: statSync(join(folder, 'journal.db')).size,
  seconds: (systemClock.monotonic() - startedAt) / 1000,
})
