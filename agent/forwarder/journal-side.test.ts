// What the forwarder and its journal tell each other: damage, rows that come back, rows that may be
// shed, and the gate before which nothing leaves. Real journals; the stream is real where it matters.

import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import * as forwarding from '../../test/fixtures/forwarding.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { temperature } from '../../test/fixtures/readings.ts'
import { decodePack } from '../../wire/codec.ts'
import { parseRecord } from '../../wire/records.ts'
import { parseReadingsSubject } from '../../wire/subject.ts'
import type { Journal, Waiting } from '../journal/journal.ts'
import { openJournal } from '../journal/sqlite-journal.ts'
import { LIVE_MAX_AGE_MS } from './lanes.ts'
import { leafPublisher } from './publisher.ts'
import type { Outgoing, Publisher } from './publisher.ts'

/** Changes the journal's file behind its back. */
function change(folder: string, sql: string): void {
  const database = new DatabaseSync(`${folder}/journal.db`)
  database.exec(sql)
  database.close()
}

const settled = (journal: Journal) => () => journal.unsettled().length === 0

const away = async (): Promise<void> => {
  throw new HubleafError('publish_refused', 'the cloud cannot be reached')
}

/** A cloud in memory that keeps subjects and values. */
function memoryCloud() {
  const stored: { subject: string; values: unknown[] }[] = []
  const state: { answer: (pack: Outgoing) => Promise<void> } = { answer: async () => undefined }
  const publisher: Publisher = {
    publish: async (pack) => {
      await state.answer(pack)
      const { readings } = decodePack(pack.bytes, parseReadingsSubject(pack.subject).type)
      stored.push({ subject: pack.subject, values: readings.map((reading) => reading.value) })
    },
  }
  const numbers = () => stored.flatMap(({ values }) => values).filter(Number.isFinite)
  return { stored, state, publisher, numbers }
}

t.test('P6.2 a corrupt row leaves with its drop record, a missing one is told', async (t) => {
  const folder = temporaryFolder(t)
  const journal = await openJournal(journalOptions(folder))
  t.teardown(() => journal[Symbol.asyncDispose]())
  await journal.append(
    Array.from({ length: 40 }, (_, value) => temperature(value)),
    'waited',
  )
  change(folder, `UPDATE reading SET body = body || ' ' WHERE type = 'temperature' AND seq = 11`)
  change(folder, `DELETE FROM reading WHERE type = 'temperature' AND seq IN (20, 21, 30)`)
  const stream = await forwarding.startTestStream(t)
  const log = forwarding.keepingLogger()
  const publisher = leafPublisher(stream.connection)
  const { forwarder, corrupt } = forwarding.forward(t, { journal, publisher, log })
  const isDone = () => settled(journal)() && forwarder.status().setAside['corrupt'] === 1
  t.ok(await eventually(isDone, Boolean, 10_000))
  const arrived = await stream.arrived()
  const seqs = arrived.flatMap(({ type, seq }) => (type === 'temperature' ? [seq] : []))
  t.equal(seqs.length, 36)
  t.notOk(seqs.some((seq) => [11, 20, 21, 30].includes(seq)))
  const drops = arrived.filter(({ type }) => type === '_drop').map(({ value }) => value)
  t.equal(drops.length, 1)
  const drop = parseRecord('_drop', drops[0])
  t.match(drop, { first: 11, last: 11, count: 1, reason: 'corrupt', type: 'temperature' })
  t.equal(corrupt.length, 1)
  t.match(forwarder.status(), { missing: 3, setAside: { corrupt: 1 } })
  t.match(
    log.events.filter(([event]) => event === 'journal_rows_missing'),
    [['journal_rows_missing', { count: 3 }]],
  )
})

t.test('P7.2 nothing leaves before the gate opens, and what waited is backlog', async (t) => {
  const journal = await forwarding.openTestJournal(t)
  const cloud = memoryCloud()
  const gate = Promise.withResolvers<undefined>()
  let skew = 0
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skew }
  const { publisher } = cloud
  const { forwarder } = forwarding.forward(t, { journal, publisher, clock, gate: gate.promise })
  await journal.append([temperature(1)], 'waited')
  skew = LIVE_MAX_AGE_MS
  await journal.append([temperature(2)], 'waited')
  t.equal(forwarder.status().state, 'held')
  t.equal(cloud.stored.length, 0)
  gate.resolve(undefined)
  t.ok(await eventually(settled(journal), Boolean, 5000))
  const laneOf = (value: number) => {
    const { subject = '' } = cloud.stored.find(({ values }) => values.includes(value)) ?? {}
    return parseReadingsSubject(subject).lane
  }
  t.equal(laneOf(1), 'back')
  t.equal(laneOf(2), 'live')
})

t.test('P7.3 where the times were not decided about, nothing is sent', async (t) => {
  const journal = await forwarding.openTestJournal(t)
  const { publisher, stored } = memoryCloud()
  const gate = Promise.reject(new HubleafError('journal_closed', 'it ended first'))
  const { forwarder } = forwarding.forward(t, { journal, publisher, gate })
  await t.rejects(gate)
  await journal.append([temperature(1)], 'waited')
  t.equal(forwarder.status().state, 'held')
  t.strictSame(stored, [])
})

t.test('rows that come back from a damaged file travel in the backlog', async (t) => {
  const journal = await forwarding.openTestJournal(t)
  const onCommit = journal.onCommit.bind(journal)
  journal.onCommit = (listener) => onCommit((added) => listener(added, 'salvaged'))
  const cloud = memoryCloud()
  forwarding.forward(t, { journal, publisher: cloud.publisher })
  await journal.append([temperature(1)], 'waited')
  t.ok(await eventually(settled(journal), Boolean, 5000))
  t.ok(cloud.stored.every(({ subject }) => subject.includes('.back.')))
})

t.test('P5.2 only rows that nobody has taken can be shed, and what is not shed goes', async (t) => {
  const journal = await forwarding.openTestJournal(t)
  const shedFrom = journal.shedFrom.bind(journal)
  const given: (Waiting | undefined)[] = []
  journal.shedFrom = (waiting) => {
    given.push(waiting)
    shedFrom(waiting)
  }
  await journal.append([temperature(1), temperature(2)], 'waited')
  const cloud = memoryCloud()
  cloud.state.answer = away
  const { publisher } = cloud
  const { forwarder } = forwarding.forward(t, { journal, publisher })
  const look = () => forwarder.status()
  await eventually(look, ({ retries }) => retries > 0, 5000)
  for (let value = 3; value <= 6; value += 1) await journal.append([temperature(value)], 'waited')
  // Rows 1 to 3 (the epoch's record is the first) were taken for packs at once.
  const withdrawn = given[0]?.withdraw(2) ?? []
  t.strictSame(withdrawn, [{ first: 4, last: 5 }])
  t.strictSame(given[0]?.withdrawFrom([{ first: 1, last: 6 }]), [{ first: 6, last: 6 }])
  cloud.state.answer = async () => undefined
  const others = await eventually(cloud.numbers, (found) => found.length >= 3, 10_000)
  t.strictSame([...others].sort(), [1, 2, 6])
  given[0]?.restore(withdrawn)
  const all = await eventually(cloud.numbers, (found) => found.length >= 5, 10_000)
  t.strictSame([...all].sort(), [1, 2, 3, 4, 6])
  await forwarder[Symbol.asyncDispose]()
  t.equal(given.length, 1, 'what may have arrived is not shed after the end either')
})
