import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { sensorTypeOf, temperature } from '../../test/fixtures/readings.ts'
import { openJournal } from './sqlite-journal.ts'
import type { Journal, JournalRow } from './journal.ts'

function rowsOf(journal: Journal): readonly JournalRow[] {
  const rows = journal.read({ first: 1, last: journal.status().head }, 100_000)
  return rows.flatMap((row) => ('corrupt' in row ? [] : [row]))
}

t.test('P1.1 what was acknowledged is read back after the journal was closed', async (t) => {
  const folder = temporaryFolder(t)
  {
    await using journal = await openJournal(journalOptions(folder))
    const places = await journal.append([temperature(1), temperature(2)], 'waited')
    const type = sensorTypeOf('temperature')
    t.strictSame(places, [
      { kind: 'stored', type, seq: 1 },
      { kind: 'stored', type, seq: 2 },
    ])
    t.equal(journal.durableSeq(journal.epoch, type), 2)
  }
  await using again = await openJournal(journalOptions(folder))
  const values = rowsOf(again).map((row) => [row.type, row.reading.seq, row.reading.value])
  t.strictSame(values.slice(1, 3), [
    ['temperature', 1, 1],
    ['temperature', 2, 2],
  ])
})

t.test('P1.2 kill -9 loses no acknowledged reading', async (t) => {
  const folder = temporaryFolder(t)
  const writer = join(import.meta.dirname, '../../test/fixtures/journal-writer.ts')
  const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  let acknowledged = 0
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged = Number(line)
    if (acknowledged >= 500) break
  }
  child.kill('SIGKILL')
  await once(child, 'exit')
  await using journal = await openJournal(journalOptions(folder))
  const values = new Set(rowsOf(journal).map((row) => row.reading.value))
  const missing = Array.from({ length: acknowledged }, (_, index) => index + 1).filter(
    (value) => !values.has(value),
  )
  t.strictSame(missing, [])
  t.ok(acknowledged >= 500)
})

t.test('P3.1 each opening is an epoch whose first record names the one before', async (t) => {
  const folder = temporaryFolder(t)
  const first = await openJournal(journalOptions(folder))
  await first.append([temperature(1), temperature(2)], 'waited')
  await first[Symbol.asyncDispose]()
  await using second = await openJournal(journalOptions(folder))
  t.not(second.epoch, first.epoch)
  const records = rowsOf(second).filter((row) => row.type === '_epoch')
  const type = sensorTypeOf('temperature')
  t.strictSame(
    records.map((row) => row.reading.value),
    [
      { previous: null, reason: 'start', agent: '0' },
      {
        previous: { epoch: first.epoch, last: { _epoch: 1, temperature: 2 } },
        reason: 'start',
        agent: '0',
      },
    ],
  )
  t.equal(second.durableSeq(first.epoch, type), 2)
  await second.append([temperature(3)], 'waited')
  t.equal(second.durableSeq(second.epoch, type), 1)
})

t.test('P2.1 a source’s repeat is merged by its event id, also after a restart', async (t) => {
  const folder = temporaryFolder(t)
  const event = temperature(1, { eventId: 'e1' })
  {
    await using journal = await openJournal(journalOptions(folder))
    const places = await journal.append([event, event], 'waited')
    t.strictSame(
      places.map((place) => place.kind),
      ['stored', 'repeated'],
    )
  }
  await using journal = await openJournal(journalOptions(folder))
  const [place] = await journal.append([event], 'waited')
  t.equal(place?.kind, 'repeated')
  const [other] = await journal.append([{ ...event, source: 'another' }], 'waited')
  t.equal(other?.kind, 'stored')
})

t.test('settled rows are not unsettled at the next opening', async (t) => {
  const folder = temporaryFolder(t)
  {
    await using journal = await openJournal(journalOptions(folder))
    await journal.append(
      [1, 2, 3, 4, 5].map((value) => temperature(value)),
      'waited',
    )
    journal.settle({ first: 1, last: 3 })
    journal.settle({ first: 5, last: 5 })
  }
  await using journal = await openJournal(journalOptions(folder))
  t.strictSame(journal.unsettled(), [
    { first: 4, last: 4 },
    { first: 6, last: 7 },
  ])
})

t.test('settled rows are deleted once they were kept long enough', async (t) => {
  const folder = temporaryFolder(t)
  let now = 1_000_000
  const clock = { ...systemClock, monotonic: () => now }
  await using journal = await openJournal(
    journalOptions(folder, { clock, keepSettledMs: 3_600_000 }),
  )
  await journal.append([temperature(1), temperature(2)], 'waited')
  journal.settle({ first: 1, last: 2 })
  now += 700_000
  await journal.append([temperature(3)], 'waited')
  t.equal(rowsOf(journal).length, 4)
  now += 3_700_000
  await journal.append([temperature(4)], 'waited')
  t.strictSame(
    rowsOf(journal).map((row) => row.id),
    [3, 4, 5],
  )
})

t.test('a polled reading waits for the flush interval, a waited one takes it along', async (t) => {
  const folder = temporaryFolder(t)
  let flush: (() => void) | undefined
  const clock = {
    ...systemClock,
    after: (_ms: number, action: () => void) => {
      flush = action
      return () => (flush = undefined)
    },
  }
  await using journal = await openJournal(journalOptions(folder, { clock }))
  const polled = journal.append([temperature(1)], 'polled')
  t.equal(journal.status().commits, 0)
  t.type(flush, 'function')
  await journal.append([temperature(2)], 'waited')
  await polled
  t.equal(journal.status().commits, 1)
  t.equal(flush, undefined)
})

t.test('P1.6 a kill takes of polled readings at most one flush interval', async (t) => {
  const folder = temporaryFolder(t)
  const crashed = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder, { flushIntervalMs: 200 }))
  const startedAt = systemClock.monotonic()
  const polled = journal.append([temperature(1)], 'polled')
  await polled
  const took = systemClock.monotonic() - startedAt
  t.ok(took >= 190, `it waited ${Math.round(took)} ms for company`)
  const late = journal.append([temperature(2)], 'polled')
  // What a kill at this moment leaves behind.
  for (const name of ['journal.db', 'journal.db-wal', 'epochs']) {
    copyFileSync(join(folder, name), join(crashed, name))
  }
  await using next = await openJournal(journalOptions(crashed))
  const values = rowsOf(next).flatMap((row) =>
    row.type === 'temperature' ? [row.reading.value] : [],
  )
  t.strictSame(values, [1])
  await late
})

t.test('appends that arrive during a commit share the next one', async (t) => {
  await using journal = await openJournal(journalOptions(temporaryFolder(t)))
  const appends = Array.from({ length: 200 }, async (_, value) =>
    journal.append([temperature(value)], 'waited'),
  )
  const places = await Promise.all(appends)
  t.strictSame(
    places.flat().map((place) => (place.kind === 'stored' ? place.seq : 0)),
    Array.from({ length: 200 }, (_, index) => index + 1),
  )
  t.equal(journal.status().commits, 2)
})

t.test('P6.2 a row whose checksum does not match is reported as corrupt', async (t) => {
  const folder = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder))
  await journal.append([temperature(1), temperature(2)], 'waited')
  const database = new DatabaseSync(join(folder, 'journal.db'))
  database.exec("UPDATE reading SET body = replace(body, 'd1', 'd2') WHERE id = 2")
  database.close()
  const rows = journal.read({ first: 1, last: 3 }, 10)
  t.strictSame(
    rows.map((row) => 'corrupt' in row),
    [false, true, false],
  )
})

t.test(
  'P6.3 what is not our journal, or too new, or in use, is refused and left alone',
  async (t) => {
    const folder = temporaryFolder(t)
    const file = join(folder, 'journal.db')
    writeFileSync(file, 'not a database at all, but somebody’s notes')
    await using begun = await openJournal(journalOptions(folder))
    await eventually(
      () => begun.status().salvaging,
      (files) => files === 0,
      5000,
    )
    t.equal(readFileSync(join(folder, 'unreadable-1.db'), 'utf8').slice(0, 8), 'not a da')
    const other = temporaryFolder(t)
    const database = new DatabaseSync(join(other, 'journal.db'))
    database.exec('CREATE TABLE notes (text TEXT)')
    await t.rejects(openJournal(journalOptions(other)), { code: 'journal_not_a_journal' })
    database.exec('PRAGMA application_id = 1212966474; PRAGMA user_version = 99')
    await t.rejects(openJournal(journalOptions(other)), { code: 'journal_newer_format' })
    database.close()
    const used = temporaryFolder(t)
    await using journal = await openJournal(journalOptions(used))
    await t.rejects(openJournal(journalOptions(used)), { code: 'journal_in_use' })
    await journal.append([temperature(1)], 'waited')
  },
)

t.test('P1.7 a write that fails rejects its readings and the next one works', async (t) => {
  const folder = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder))
  const database = new DatabaseSync(join(folder, 'journal.db'))
  database.exec('BEGIN IMMEDIATE')
  const blocked = t.rejects(journal.append([temperature(1)], 'waited'), {
    code: 'journal_write_failed',
  })
  await blocked
  database.exec('ROLLBACK')
  database.close()
  const [place] = await journal.append([temperature(2)], 'waited')
  t.equal(place?.kind === 'stored' ? place.seq : 0, 1)
})

t.test('disposal can be repeated and refuses later appends', async (t) => {
  const journal = await openJournal(journalOptions(temporaryFolder(t)))
  const waiting = journal.append([temperature(1)], 'polled')
  await Promise.all([journal[Symbol.asyncDispose](), journal[Symbol.asyncDispose]()])
  t.equal((await waiting).length, 1)
  await t.rejects(journal.append([temperature(2)], 'waited'), { code: 'journal_closed' })
})
