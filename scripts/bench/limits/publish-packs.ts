// The limit of the way from journal to acknowledgement: packs that were made beforehand are published
// through the leaf, each acknowledged by the cloud's stream, with as many bytes under way as the
// forwarder had at most. No journal, no encoding, no bookkeeping.

import { readFileSync } from 'node:fs'
import { jetstream } from '@nats-io/jetstream'
import * as z from 'zod'
import { systemClock } from '../../../base/clock.ts'
import { HubleafError } from '../../../base/errors.ts'
import { parseJson } from '../../../base/json.ts'
import { READINGS_STREAM } from '../../../wire/stream-facts.ts'
import { connectLeaf, leafSchema } from '../agent/leaf-connection.ts'
import { readArguments, report } from '../agent/program.ts'

const schema = z.strictObject({
  packsFile: z.string(),
  windowBytes: z.number(),
  leaf: leafSchema,
})
const packSchema = z.strictObject({
  subject: z.string(),
  messageId: z.string(),
  readings: z.number(),
  base64: z.string(),
})
const TIMEOUT_MS = 10_000

const { packsFile, windowBytes, leaf } = readArguments(schema)
const packs = readFileSync(packsFile, 'utf8')
  .split('\n')
  .map((line) => packSchema.parse(parseJson(line)))
  .map((pack) => ({ ...pack, bytes: new Uint8Array(Buffer.from(pack.base64, 'base64')) }))
const readings = packs.reduce((sum, pack) => sum + pack.readings, 0)
const connection = await connectLeaf(leaf)
const js = jetstream(connection, { timeout: TIMEOUT_MS })

/** Resolves when all packs are acknowledged; rejects at the first that is not. */
async function publishAll(): Promise<void> {
  const done = Promise.withResolvers<undefined>()
  let next = 0
  let underWay = 0
  let left = packs.length
  const pump = (): void => {
    for (let pack = packs[next]; pack !== undefined && underWay < windowBytes; pack = packs[next]) {
      const size = pack.bytes.length
      const options = { msgID: pack.messageId, expect: { streamName: READINGS_STREAM } }
      next += 1
      underWay += size
      js.publish(pack.subject, pack.bytes, options).then((answer) => {
        // A duplicate is not stored again, which would flatter the limit.
        if (answer.duplicate) done.reject(new HubleafError('internal', 'a pack was there already'))
        underWay -= size
        left -= 1
        if (left === 0) done.resolve(undefined)
        else pump()
      }, done.reject)
    }
  }
  pump()
  return done.promise
}

const cpu = process.cpuUsage()
const startedAt = systemClock.monotonic()
await publishAll()
const seconds = (systemClock.monotonic() - startedAt) / 1000
const used = process.cpuUsage(cpu)
report({
  readingsPerSecond: readings / seconds,
  cpuMicrosPerReading: (used.user + used.system) / readings,
})
await connection.close()
