// What nobody takes, on real streams and journals: it is set aside under a drop record, and whatever
// stands behind it arrives.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { HubleafError } from '../../base/errors.ts'
import { silentLogger } from '../../base/log.ts'
import { connectNats } from '../../base/nats.ts'
import { systemRandom } from '../../base/random.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import * as forwarding from '../../test/fixtures/forwarding.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import { temperature } from '../../test/fixtures/readings.ts'
import { parseRecord } from '../../wire/records.ts'
import type { RecordOf } from '../../wire/records.ts'
import type { Journal, JournalRow } from '../journal/journal.ts'
import type { Forwarder } from './forwarder-status.ts'
import { poisonOf, publishPoisoned } from './poison.ts'
import { leafPublisher } from './publisher.ts'

const isEmpty = (journal: Journal) => () => journal.unsettled().length === 0

/** True once so many readings are set aside and nothing waits, their drop records neither. */
const isDone = (journal: Journal, forwarder: Forwarder, aside: number) => () => {
  const { setAside } = forwarder.status()
  const sum = Object.values(setAside).reduce((total, count) => total + count, 0)
  return sum === aside && isEmpty(journal)()
}

/** Chance does not compress: more than the stream's `max_msg_size`. */
const huge = () => Buffer.from(systemRandom.bytes(6000)).toString('base64')

const NEVER = { reason: 'rejected', serverCode: 10054 } as const

function dropsIn(arrived: readonly forwarding.Arrived[]): readonly RecordOf<'_drop'>[] {
  const records = arrived.filter(({ type }) => type === '_drop')
  return records.map(({ value }) => parseRecord('_drop', value))
}

function seqsIn(arrived: readonly forwarding.Arrived[]): readonly number[] {
  const seqs = arrived.flatMap(({ type, seq }) => (type === 'temperature' ? [seq] : []))
  return seqs.sort((a, b) => a - b)
}

const allBut = (count: number, without: readonly number[]) =>
  Array.from({ length: count }, (_, index) => index + 1).filter((seq) => !without.includes(seq))

t.test('P3.4 P1.5 readings over the stream’s limit are set aside, all others arrive', async (t) => {
  const stream = await forwarding.startTestStream(t, { max_msg_size: 4000 })
  const journal = await forwarding.openTestJournal(t)
  const publisher = leafPublisher(stream.connection)
  // Half of them wait as a backlog, half come while it runs.
  const poisoned = [1, 130, 131, 300, 401, 600]
  const batch = (from: number) =>
    Array.from({ length: 300 }, (_, index) => {
      const seq = from + index
      return temperature(seq, poisoned.includes(seq) ? { value: huge() } : {})
    })
  await journal.append(batch(1), 'waited')
  const { forwarder } = forwarding.forward(t, { journal, publisher })
  await journal.append(batch(301), 'waited')
  t.ok(await eventually(isDone(journal, forwarder, 6), Boolean, 20_000))
  const arrived = await stream.arrived()
  t.strictSame(seqsIn(arrived), allBut(600, poisoned))
  const drops = dropsIn(arrived)
  t.strictSame(
    drops.flatMap(({ first, last }) => allBut(last, allBut(first - 1, []))).sort((a, b) => a - b),
    poisoned,
  )
  t.ok(drops.every(({ reason, type }) => reason === 'too_large' && type === 'temperature'))
  const status = forwarder.status()
  t.match(status, { setAside: { too_large: 6 }, settingAside: 0, retries: 0, trouble: undefined })
  const { epoch } = journal
  const type = temperature(0).type
  t.equal(forwarder.marks().oldestUnsettled(epoch, type), 601, 'a drop record settles its reading')
})

t.test('a message over the connection’s payload limit is poison without a server', async (t) => {
  const file = join(temporaryFolder(t), 'server.conf')
  writeFileSync(file, 'max_payload: 2000')
  const { url } = await startNatsServer(t, -1, ['-c', file])
  const connection = await connectNats({ url, name: 'test', log: silentLogger })
  t.teardown(() => connection.close())
  const pack = {
    subject: 'readings.h1.live.temperature',
    bytes: new Uint8Array(2001),
    messageId: 'x',
  }
  const error: unknown = await leafPublisher(connection)
    .publish(pack)
    .catch((thrown: unknown) => thrown)
  t.match(error, { code: 'publish_poisoned', kind: 'input' })
  t.strictSame(poisonOf(error), { reason: 'too_large', serverCode: undefined })
  t.equal(poisonOf(new HubleafError('publish_refused', 'away')), undefined)
})

t.test('a stream that is full is passing trouble: nothing is set aside', async (t) => {
  const stream = await forwarding.startTestStream(t)
  const { config } = await stream.manager.streams.info('READINGS')
  await stream.manager.streams.update('READINGS', { ...config, max_msgs: 1, discard: 'new' })
  const journal = await forwarding.openTestJournal(t)
  const { forwarder } = forwarding.forward(t, {
    journal,
    publisher: leafPublisher(stream.connection),
  })
  for (let value = 1; value <= 5; value += 1) await journal.append([temperature(value)], 'waited')
  const look = () => forwarder.status()
  const full = await eventually(look, ({ retries }) => retries > 1, 10_000)
  t.match(full.trouble, /server code 10077/)
  await stream.manager.streams.update('READINGS', { ...config, max_msgs: -1 })
  t.ok(await eventually(isEmpty(journal), Boolean, 10_000))
  t.strictSame(seqsIn(await stream.arrived()), [1, 2, 3, 4, 5])
  t.strictSame(forwarder.status().setAside, {})
})

t.test('a drop record that cannot be written is tried again, and the rest goes on', async (t) => {
  const journal = await forwarding.openTestJournal(t)
  const stored = new Set<string>()
  const setAside = journal.setAside.bind(journal)
  let failures = 0
  let diskFull = true
  journal.setAside = async (...args) => {
    if (!diskFull) return setAside(...args)
    failures += 1
    throw new HubleafError('journal_write_failed', 'no space left on device')
  }
  const { forwarder } = forwarding.forward(t, {
    journal,
    publisher: {
      publish: async (pack) => {
        if (pack.bytes.length > 4000) throw publishPoisoned('never', NEVER)
        stored.add(pack.messageId)
      },
    },
  })
  await journal.append([temperature(1, { value: huge() })], 'waited')
  for (let value = 2; value <= 20; value += 1) await journal.append([temperature(value)], 'waited')
  const left = await eventually(
    () => journal.unsettled(),
    (ranges) => failures > 1 && ranges.length === 1 && ranges[0]?.first === ranges[0]?.last,
    10_000,
  )
  t.equal(left.length, 1, 'only the poison is left')
  t.match(forwarder.status(), { settingAside: 1, setAside: {}, trouble: undefined })
  diskFull = false
  t.ok(await eventually(isDone(journal, forwarder, 1), Boolean, 10_000))
  t.match(forwarder.status(), { settingAside: 0, setAside: { rejected: 1 } })
})

t.test('a reading that no pack can carry is set aside as invalid', async (t) => {
  const stream = await forwarding.startTestStream(t)
  const journal = await forwarding.openTestJournal(t)
  const read = journal.read.bind(journal)
  const spoil = (row: JournalRow): JournalRow =>
    row.type === 'temperature' && [7, 8].includes(row.reading.seq)
      ? { ...row, reading: { ...row.reading, monoMs: -1 } }
      : row
  journal.read = (...args) => read(...args).map((row) => ('corrupt' in row ? row : spoil(row)))
  const many = Array.from({ length: 50 }, (_, value) => temperature(value))
  await journal.append(many, 'waited')
  const { forwarder } = forwarding.forward(t, {
    journal,
    publisher: leafPublisher(stream.connection),
  })
  t.ok(await eventually(isDone(journal, forwarder, 2), Boolean, 10_000))
  const arrived = await stream.arrived()
  t.strictSame(seqsIn(arrived), allBut(50, [7, 8]))
  t.strictSame(forwarder.status().setAside, { invalid: 2 })
  t.ok(dropsIn(arrived).every(({ reason }) => reason === 'invalid'))
})
