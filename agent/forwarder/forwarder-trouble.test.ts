// The forwarder when its own side has trouble: a journal that cannot be read for a moment, and an outage
// of many probes. Real journals; the cloud is in memory.

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
import { hubOf, sensorTypeOf, temperature } from '../../test/fixtures/readings.ts'
import { decodePack } from '../../wire/codec.ts'
import { parseReadingsSubject } from '../../wire/subject.ts'
import type { Journal } from '../journal/journal.ts'
import { openJournal } from '../journal/sqlite-journal.ts'
import { startForwarder } from './forwarder.ts'
import type { Outgoing } from './publisher.ts'

async function openTestJournal(t: Test): Promise<Journal> {
  const journal = await openJournal(journalOptions(temporaryFolder(t)))
  t.teardown(() => journal[Symbol.asyncDispose]())
  return journal
}

/** Time that passes normally, but delays are over at once. */
const impatient: Clock = { ...systemClock, after: (_ms, action) => systemClock.after(0, action) }

function forward(
  t: Test,
  journal: Journal,
  publish: (pack: Outgoing) => Promise<void>,
  clock: Clock = systemClock,
) {
  const forwarder = startForwarder({
    ...{ hub: hubOf('h1'), journal, clock, random: systemRandom, log: silentLogger },
    publisher: { publish },
    gate: Promise.resolve(),
    onCorrupt: () => undefined,
  })
  t.teardown(() => forwarder[Symbol.asyncDispose]())
  return forwarder
}

function valuesOf({ subject, bytes }: Outgoing): readonly unknown[] {
  const { readings } = decodePack(bytes, parseReadingsSubject(subject).type)
  return readings.map((reading) => reading.value).filter(Number.isFinite)
}

t.test(
  'rows that could not be read are not forgotten, and their sender hears no error',
  async (t) => {
    const journal = await openTestJournal(t)
    const sent: unknown[] = []
    let failures = 3
    const read = journal.read.bind(journal)
    journal.read = (...args) => {
      if (failures === 0) return read(...args)
      failures -= 1
      throw new HubleafError('journal_write_failed', 'the disk does not answer')
    }
    forward(t, journal, async (pack) => {
      sent.push(...valuesOf(pack))
    })
    const fates = await Promise.all(
      [1, 2, 3].map((n) => journal.append([temperature(n)], 'waited')),
    )
    t.match(fates.flat(), [{ kind: 'stored' }, { kind: 'stored' }, { kind: 'stored' }])
    const open = await eventually(
      () => journal.unsettled(),
      (ranges) => ranges.length === 0,
      10_000,
    )
    t.strictSame(open, [])
    t.strictSame([...sent].sort(), [1, 2, 3])
  },
)

t.test('a listener that throws does not make a synced reading look refused', async (t) => {
  const journal = await openTestJournal(t)
  journal.onCommit(() => {
    throw new RangeError('a listener with a bug')
  })
  t.match(await journal.append([temperature(1)], 'waited'), [{ kind: 'stored' }])
})

t.test('a long outage keeps a bounded number of packs in memory, and loses nothing', async (t) => {
  const journal = await openTestJournal(t)
  const kept = new Set<string>()
  const stored = new Set<unknown>()
  let away = true
  const forwarder = forward(
    t,
    journal,
    async (pack) => {
      if (away) throw new HubleafError('publish_refused', 'the cloud cannot be reached')
      kept.add(pack.messageId)
      for (const value of valuesOf(pack)) stored.add(value)
    },
    impatient,
  )
  const count = 400
  for (let value = 0; value < count; value += 1) {
    const before = forwarder.status().retries
    await journal.append([temperature(value)], 'waited')
    await eventually(
      () => forwarder.status().retries,
      (retries) => retries > before,
      5000,
    )
  }
  t.ok(forwarder.status().retries >= count)
  away = false
  const open = await eventually(
    () => journal.unsettled(),
    (ranges) => ranges.length === 0,
    10_000,
  )
  t.strictSame(open, [])
  t.equal(stored.size, count)
  t.ok(kept.size < 150, `${count} probes had left ${kept.size} packs`)
})

t.test('P8.4 a backlog that was probed in vain for long goes out in its order', async (t) => {
  const journal = await openTestJournal(t)
  const types = ['temperature', 'humidity', 'power'].map(sensorTypeOf)
  const count = 1500
  const readings = Array.from({ length: count }, (_, n) => ({
    ...temperature(n),
    type: types[n % types.length] ?? sensorTypeOf('motion'),
  }))
  await journal.append(readings, 'waited')
  const sent = new Map<string, number[]>()
  let probes = 0
  forward(
    t,
    journal,
    async (pack) => {
      probes += 1
      const { type, lane } = parseReadingsSubject(pack.subject)
      const isAway = probes < 30
      if (!isAway && lane === 'back') {
        sent.set(type, [...(sent.get(type) ?? []), ...valuesOf(pack).map(Number)])
      }
      // What is accepted during the outage is tried at once, and must not go before the rest later.
      if (probes % 5 === 0) await journal.append([temperature(count + probes)], 'waited')
      if (isAway) throw new HubleafError('publish_refused', 'the cloud cannot be reached')
    },
    impatient,
  )
  const open = await eventually(
    () => journal.unsettled(),
    (ranges) => probes >= 30 && ranges.length === 0,
    10_000,
  )
  t.strictSame(open, [])
  for (const type of types) {
    const values = sent.get(type) ?? []
    t.ok(values.length >= count / types.length, `${values.length} of ${type}`)
    t.strictSame(
      values,
      values.toSorted((one, other) => one - other),
      type,
    )
  }
})
