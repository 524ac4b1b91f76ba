import t from 'tap'
import { seededRandom } from '../../base/random.ts'
import { sensorTypeOf } from '../../test/fixtures/readings.ts'
import { encodePack } from '../../wire/codec.ts'
import { makeEpochId, reservedType } from '../../wire/ids.ts'
import type { TypeName } from '../../wire/ids.ts'
import type { Json } from '../../wire/reading.ts'
import { decodeMessage } from './decode.ts'

const epoch = makeEpochId(seededRandom(3))

function bytesOf(type: TypeName, value: Json): Uint8Array {
  const reading = {
    ...{ seq: 9, device: 'd', channel: 'main', source: 'test', value, unit: 'F', boot: 'b' },
    ...{ observedAt: 1_790_000_000_000, receivedAt: 1_790_000_000_001, monoMs: 1 },
    timeQuality: 'synced' as const,
  }
  return encodePack({ epoch, type, readings: [reading], marks: { [type]: [9, 1] } }).bytes
}

t.test('a pack becomes rows with key, number, unit and flags', async (t) => {
  const type = sensorTypeOf('temperature')
  const decoded = decodeMessage('readings.h1.back.temperature', bytesOf(type, 68))
  t.match(decoded, {
    ok: true,
    rows: [
      { hub: 'h1', epoch, type, seq: 9, value: 68, unit: 'F', number: 20, canonicalUnit: 'C' },
    ],
  })
})

t.test('what can never be rows says why', async (t) => {
  const drop = bytesOf(reservedType('_drop'), { reason: 'tired' })
  const cases: readonly (readonly [subject: string, bytes: Uint8Array, code: string])[] = [
    ['readings.h1.live.temperature', Uint8Array.of(1, 2), 'pack_truncated'],
    ['readings.h1.live._drop', drop, 'record_malformed'],
    // A bit of the subject that a line has changed: no row of another type may come of it.
    ['readings.h1.live.tempdrature', bytesOf(sensorTypeOf('temperature'), 1), 'subject_malformed'],
    ['readings.H1.live.temperature', Uint8Array.of(), 'subject_malformed'],
  ]
  for (const [subject, bytes, code] of cases) {
    t.match(decodeMessage(subject, bytes), { ok: false, code, reason: /\w+ \w+/ }, code)
  }
})
