import t from 'tap'
import { decodePack, encodePack } from './codec.ts'
import { parseEpochId, parseSensorType } from './ids.ts'
import type { Pack } from './reading.ts'

const epoch = parseEpochId('abcdefghijklmnop')
const type = parseSensorType('temperature')

function pack(): Pack {
  if (!epoch || !type) throw new Error('fixture')
  const readings = Array.from({ length: 100 }, (_, index) => ({
    ...{ seq: 7 + index, device: `d${index % 3}`, channel: 'main', value: 20 + index / 10 },
    ...{ unit: 'C', source: 'simulated', observedAt: 1_790_000_000_000 + index * 1000 },
    ...{ receivedAt: 1_790_000_000_003 + index * 1000, boot: 'b00t', monoMs: 5000 + index * 1000 },
    ...{ timeQuality: 'synced' as const },
  }))
  return { epoch, type, readings, marks: { temperature: [106, 7] } }
}

t.test('a pack survives the way to bytes and back', async (t) => {
  const before = pack()
  const { bytes } = encodePack(before)
  t.ok(bytes.length < 1000, `${bytes.length} bytes for 100 readings`)
  t.strictSame(decodePack(bytes, before.type), before)
})
