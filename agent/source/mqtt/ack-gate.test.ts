import t from 'tap'
import { turn } from '../../../test/fixtures/turn.ts'
import { AckGate, pubackFrame } from './ack-gate.ts'
import { Deliveries, Delivery, digestOf } from './deliveries.ts'

/** A gate and the packet ids that it has let go, in order; one list for each write. */
function gateOf() {
  const written: number[][] = []
  const gate = new AckGate((bytes) => {
    const ids: number[] = []
    for (let at = 0; at < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) {
      ids.push(((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0))
    }
    written.push(ids)
  })
  const hold = (packetId: number): Delivery => {
    const delivery = new Delivery(`digest ${packetId}`)
    gate.hold(packetId, delivery)
    return delivery
  }
  return { gate, written, hold }
}

t.test(
  'P1.13 acknowledgements go out in the order of the messages, and only when settled',
  async (t) => {
    const { gate, written, hold } = gateOf()
    const [one, two, three] = [hold(1), hold(513), hold(3)]
    two.settle('kept')
    await turn()
    t.strictSame(written, [], 'the second waits for the first')
    one.settle('kept')
    await turn()
    t.strictSame(written, [[1, 513]], 'both in one write')
    t.equal(gate.size, 1)
    three.settle('no_room')
    await turn()
    t.strictSame(written, [[1, 513], [3]])
  },
)

t.test('P1.13 nothing that a dead connection held goes out on the next one', async (t) => {
  const old = gateOf()
  const deliveries = new Deliveries()
  const digest = digestOf('a/b', Buffer.from('1'))
  const first = deliveries.take(7, false, digest)
  old.gate.hold(7, first.delivery)
  deliveries.keep(old.gate.close())
  first.delivery.settle('kept')
  await turn()
  t.strictSame(old.written, [], 'the dead connection gets nothing')
  const next = gateOf()
  await turn()
  t.strictSame(next.written, [], 'the next one nothing by itself')
  const again = deliveries.take(7, true, digest)
  t.equal(again.isNew, false, 'the repeat of what was stored is no new message')
  next.gate.hold(7, again.delivery)
  await turn()
  t.strictSame(next.written, [[7]], 'it is acknowledged where it was delivered again')
})

t.test(
  'P2.13 only the same content, marked as a repeat, in the same session is a repeat',
  async (t) => {
    const digest = digestOf('a/b', Buffer.from('1'))
    const kept = (): Deliveries => {
      const deliveries = new Deliveries()
      deliveries.keep([{ packetId: 7, delivery: new Delivery(digest) }])
      return deliveries
    }
    t.equal(kept().take(7, true, digest).isNew, false)
    t.equal(kept().take(7, false, digest).isNew, true, 'not marked')
    t.equal(kept().take(8, true, digest).isNew, true, 'another id')
    t.equal(kept().take(7, true, digestOf('a/b', Buffer.from('2'))).isNew, true, 'another payload')
    t.not(
      digestOf('a', Buffer.from('b')),
      digestOf('', Buffer.from('ab')),
      'topic and payload apart',
    )
    const used = kept()
    used.take(7, false, 'other')
    t.equal(used.take(7, true, digest).isNew, true, 'the id was used again in between')
    const forgotten = kept()
    forgotten.forget()
    t.equal(forgotten.take(7, true, digest).isNew, true, 'the broker has lost the session')
  },
)

t.test('frames are those of MQTT', async (t) => {
  t.strictSame([...pubackFrame(0x1234, 'kept')], [0x40, 2, 0x12, 0x34])
  t.strictSame([...pubackFrame(0x1234, 'no_room')], [0x40, 3, 0x12, 0x34, 0x97])
})
