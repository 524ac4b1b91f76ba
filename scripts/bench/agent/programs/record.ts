// Writes down the packs that the forwarder makes of a journal, one JSON line each, for the limit that
// publishes them again. Nothing goes to the cloud.

import { writeFileSync } from 'node:fs'
import * as z from 'zod'
import { systemClock } from '../../../../base/clock.ts'
import type { Publisher } from '../../../../agent/forwarder/publisher.ts'
import { decodePack } from '../../../../wire/codec.ts'
import { parseReadingsSubject } from '../../../../wire/subject.ts'
import { openBenchJournal } from '../open-journal.ts'
import { readArguments, report } from '../program.ts'
import { startBenchForwarder, waitingRows } from '../start-forwarder.ts'

const schema = z.strictObject({ folder: z.string(), hub: z.string(), packsFile: z.string() })
const { folder, hub, packsFile } = readArguments(schema)

const lines: string[] = []
let readings = 0
const publisher: Publisher = {
  async publish({ subject, bytes, messageId }) {
    const count = decodePack(bytes, parseReadingsSubject(subject).type).readings.length
    readings += count
    const base64 = Buffer.from(bytes).toString('base64')
    lines.push(JSON.stringify({ subject, messageId, readings: count, base64 }))
    await systemClock.sleep(0)
  },
}
const journal = await openBenchJournal(folder, systemClock)
const waiting = waitingRows(journal)
const forwarder = startBenchForwarder(hub, journal, publisher)
while (readings < waiting) await systemClock.sleep(5)
await forwarder[Symbol.asyncDispose]()
await journal[Symbol.asyncDispose]()
writeFileSync(packsFile, lines.join('\n'))
report({ packs: lines.length, readings })
