// The agent's forwarder drains a journal through a leaf until the cloud's stream has acknowledged all.
// Reports readings per second and the CPU of all threads of this process; the leaf is not in it.

import * as z from 'zod'
import { systemClock } from '../../../../base/clock.ts'
import { leafPublisher } from '../../../../agent/forwarder/publisher.ts'
import { bookedPublisher, connectLeaf, leafSchema } from '../leaf-connection.ts'
import { openBenchJournal } from '../open-journal.ts'
import { readArguments, report } from '../program.ts'
import { startBenchForwarder, waitingRows } from '../start-forwarder.ts'

const LOOK_MS = 5

const { folder, leaf } = readArguments(z.strictObject({ folder: z.string(), leaf: leafSchema }))

const journal = await openBenchJournal(folder, systemClock)
const connection = await connectLeaf(leaf)
const { publisher, books } = bookedPublisher(leafPublisher(connection))
const waiting = waitingRows(journal)
const cpu = process.cpuUsage()
const startedAt = systemClock.monotonic()
const forwarder = startBenchForwarder(leaf.hub, journal, publisher)
while (forwarder.status().acknowledgedReadings < waiting) await systemClock.sleep(LOOK_MS)
const seconds = (systemClock.monotonic() - startedAt) / 1000
const used = process.cpuUsage(cpu)
report({
  readings: waiting,
  readingsPerSecond: waiting / seconds,
  cpuMicrosPerReading: (used.user + used.system) / waiting,
  readingsPerPack: waiting / books.packs,
  packBytesPerReading: books.bytes / waiting,
  refused: books.refused,
  peakUnderWay: books.peakUnderWay,
})
await forwarder[Symbol.asyncDispose]()
await journal[Symbol.asyncDispose]()
await connection.close()
