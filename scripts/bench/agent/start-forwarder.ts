// The forwarder as the agent starts it, for programs of this benchmark: its gate is open, and a row that
// cannot be read ends the program, since the journals here are sound.

import { systemClock } from '../../../base/clock.ts'
import { HubleafError } from '../../../base/errors.ts'
import { silentLogger } from '../../../base/log.ts'
import { systemRandom } from '../../../base/random.ts'
import type { Forwarder } from '../../../agent/forwarder/forwarder-status.ts'
import { startForwarder } from '../../../agent/forwarder/forwarder.ts'
import type { Publisher } from '../../../agent/forwarder/publisher.ts'
import type { Journal } from '../../../agent/journal/journal.ts'
import { hubOf } from '../../../test/fixtures/readings.ts'

/** Starts it for a hub. */
export function startBenchForwarder(
  hub: string,
  journal: Journal,
  publisher: Publisher,
): Forwarder {
  return startForwarder({
    ...{ hub: hubOf(hub), journal, publisher, gate: Promise.resolve() },
    ...{ clock: systemClock, random: systemRandom, log: silentLogger },
    onCorrupt: ({ id, corrupt }) => {
      throw new HubleafError('internal', `row ${id} is corrupt: ${corrupt}`)
    },
  })
}

/** How many rows of a journal wait to be sent. */
export function waitingRows(journal: Journal): number {
  return journal.unsettled().reduce((sum, { first, last }) => sum + last - first + 1, 0)
}
