// The forwarder on a real journal, with a cloud that can refuse, delay and forget.

import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { silentLogger } from '../../base/log.ts'
import { systemRandom } from '../../base/random.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { hubOf, temperature } from '../../test/fixtures/readings.ts'
import { decodePack } from '../../wire/codec.ts'
import { parseReadingsSubject } from '../../wire/subject.ts'
import type { CorruptRow, Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/sqlite-journal.ts'
import { startForwarder } from './forwarder.ts'
import type { Outgoing, Publisher } from './publisher.ts'

/** A cloud in memory: keeps what it acknowledges; `answer` decides each publish. */
function fakeCloud() {
  const stored: { subject: string; messageId: string; values: unknown[] }[] = []
  const accept = async (): Promise<void> => undefined
  const state: { answer: (pack: Outgoing) => Promise<void> } = { answer: accept }
  const publisher: Publisher = {
    async publish(pack) {
      await state.answer(pack)
      const { type } = parseReadingsSubject(pack.subject)
      const values = decodePack(pack.bytes, type).readings.map((reading) => reading.value)
      stored.push({ subject: pack.subject, messageId: pack.messageId, values })
    },
  }
  const numbers = (): unknown[] => stored.flatMap((one) => one.values).filter(Number.isFinite)
  return { publisher, state, stored, numbers }
}

async function openTestJournal(folder: string): Promise<Journal> {
  return openJournal(journalOptions(folder))
}

function forward(t: Test, journal: Journal, publisher: Publisher, clock: Clock = systemClock) {
  const corrupt: CorruptRow[] = []
  const forwarder = startForwarder({
    ...{ hub: hubOf('h1'), journal, publisher, clock, random: systemRandom, log: silentLogger },
    gate: Promise.resolve(),
    onCorrupt: (row) => corrupt.push(row),
  })
  t.teardown(() => forwarder[Symbol.asyncDispose]())
  return { forwarder, corrupt }
}

const refused = async (): Promise<void> => {
  throw new HubleafError('publish_refused', 'the cloud cannot be reached')
}

t.test('P1.4 rows committed before the forwarder was there are sent too', async (t) => {
  const folder = temporaryFolder(t)
  {
    await using before = await openTestJournal(folder)
    await before.append([temperature(1), temperature(2)], 'waited')
  }
  const journal = await openTestJournal(folder)
  t.teardown(() => journal[Symbol.asyncDispose]())
  await journal.append([temperature(3), temperature(4)], 'waited')
  const cloud = fakeCloud()
  forward(t, journal, cloud.publisher)
  await journal.append([temperature(5)], 'waited')
  const numbers = await eventually(cloud.numbers, (list) => list.length >= 5, 5000)
  t.strictSame([...numbers].sort(), [1, 2, 3, 4, 5])
  const open = await eventually(
    () => journal.unsettled(),
    (ranges) => ranges.length === 0,
    5000,
  )
  t.strictSame(open, [])
})

t.test(
  'P1.5 what is refused stays, is tried again with the same id, and nothing else is lost',
  async (t) => {
    const journal = await openTestJournal(temporaryFolder(t))
    t.teardown(() => journal[Symbol.asyncDispose]())
    const cloud = fakeCloud()
    const ids: string[] = []
    cloud.state.answer = async (pack) => {
      ids.push(pack.messageId)
      return refused()
    }
    const { forwarder } = forward(t, journal, cloud.publisher)
    await journal.append([temperature(1)], 'waited')
    const waiting = await eventually(
      () => forwarder.status(),
      ({ state }) => state === 'waiting',
      5000,
    )
    t.match(waiting, { state: 'waiting', trouble: 'the cloud cannot be reached' })
    for (let value = 2; value <= 50; value += 1)
      await journal.append([temperature(value)], 'waited')
    cloud.state.answer = async (pack) => {
      ids.push(pack.messageId)
    }
    const numbers = await eventually(cloud.numbers, (list) => list.length >= 50, 10_000)
    t.strictSame(
      [...numbers].map(Number).sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, i) => i + 1),
    )
    t.ok(new Set(ids).size < ids.length, 'a pack that was refused kept its message id')
    t.equal(forwarder.status().trouble, undefined)
  },
)

t.test(
  'P2.3 an acknowledgement that was lost leads to the same pack under the same id',
  async (t) => {
    const journal = await openTestJournal(temporaryFolder(t))
    t.teardown(() => journal[Symbol.asyncDispose]())
    const cloud = fakeCloud()
    let lose = true
    const publisher: Publisher = {
      async publish(pack) {
        await cloud.publisher.publish(pack)
        if (lose) {
          lose = false
          await refused()
        }
      },
    }
    forward(t, journal, publisher)
    await journal.append([temperature(1)], 'waited')
    const open = await eventually(
      () => journal.unsettled(),
      (ranges) => ranges.length === 0,
      5000,
    )
    t.strictSame(open, [])
    const counts = new Map<string, number>()
    for (const { messageId } of cloud.stored)
      counts.set(messageId, (counts.get(messageId) ?? 0) + 1)
    t.ok([...counts.values()].includes(2), 'the pack came twice, with one id')
  },
)

t.test('P4.3 fresh readings overtake a backlog and travel on the live lane', async (t) => {
  const folder = temporaryFolder(t)
  {
    await using before = await openTestJournal(folder)
    const many = Array.from({ length: 20_000 }, (_, value) => temperature(value))
    await before.append(many.slice(0, 10_000), 'waited')
    await before.append(many.slice(10_000), 'waited')
  }
  const journal = await openTestJournal(folder)
  t.teardown(() => journal[Symbol.asyncDispose]())
  const cloud = fakeCloud()
  const gate = Promise.withResolvers<undefined>()
  // The first packs of the backlog pass, then its way is slow; the live lane's is not.
  cloud.state.answer = async ({ subject }) => {
    if (subject.includes('.back.') && cloud.stored.length >= 3) await gate.promise
  }
  forward(t, journal, cloud.publisher)
  await eventually(
    () => cloud.stored.length,
    (count) => count >= 3,
    5000,
  )
  await journal.append([temperature(-1)], 'waited')
  const isFresh = (one: { values: unknown[] }): boolean => one.values.includes(-1)
  const passed = await eventually(() => cloud.stored.find(isFresh), Boolean, 5000)
  t.match(passed, { subject: 'readings.h1.live.temperature' })
  t.match(cloud.stored[0], { subject: /^readings\.h1\.back\./ })
  t.ok(cloud.numbers().length < 20_000, 'the backlog is still on its way')
  gate.resolve(undefined)
  const all = await eventually(cloud.numbers, (list) => list.length > 20_000, 30_000)
  t.equal(all.length, 20_001)
})
