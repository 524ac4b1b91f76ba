import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { openInProcess } from '../../test/fixtures/journal-in-process.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { sensorTypeOf, temperature } from '../../test/fixtures/readings.ts'
import { parseRecord } from '../../wire/records.ts'
import type { RecordOf } from '../../wire/records.ts'
import { Ballast } from './ballast.ts'
import { systemDisk } from './doors.ts'
import type { Journal, JournalRow } from './journal.ts'
import { openForWriting } from './schema.ts'
import { bytesToShed, roomLeft } from './shedding.ts'
import { openJournal } from './sqlite-journal.ts'

const QUOTA = 2_000_000

function rowsOf(journal: Journal): readonly JournalRow[] {
  const rows = journal.read({ first: 1, last: journal.status().head }, 1_000_000)
  return rows.flatMap((row) => ('corrupt' in row ? [] : [row]))
}

function dropsIn(rows: readonly JournalRow[]): readonly RecordOf<'_drop'>[] {
  return rows.flatMap((row) =>
    row.type === '_drop' ? [parseRecord('_drop', row.reading.value)] : [],
  )
}

const batch = (size: number) => Array.from({ length: size }, (_, value) => temperature(value))

/** Seqs of temperatures that are neither there nor under a drop record. */
function unexplained(journal: Journal, epoch: string, last: number): readonly number[] {
  const rows = rowsOf(journal)
  const known = new Set<number>()
  for (const row of rows) {
    if (row.type === 'temperature' && row.epoch === epoch) known.add(row.reading.seq)
  }
  for (const drop of dropsIn(rows)) {
    if (drop.type !== 'temperature' || drop.epoch !== epoch) continue
    for (let seq = drop.first; seq <= drop.last; seq += 1) known.add(seq)
  }
  return Array.from({ length: last }, (_, index) => index + 1).filter((seq) => !known.has(seq))
}

t.test('P5.1 P5.2 a full journal stays within its quota and says what it gave up', async (t) => {
  const folder = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder, { quotaBytes: QUOTA }))
  let largest = 0
  const commits = 400
  for (let commit = 0; commit < commits; commit += 1) {
    await journal.append(batch(100), 'waited')
    const file = join(folder, 'journal.db')
    const bytes = statSync(file).size + statSync(`${file}-wal`).size
    largest = Math.max(largest, bytes)
  }
  t.ok(largest <= QUOTA, `${largest} bytes at most`)
  t.ok(largest > QUOTA / 2, 'the quota is used')
  const drops = dropsIn(rowsOf(journal))
  const given = drops.reduce((sum, drop) => sum + (drop.type === 'temperature' ? drop.count : 0), 0)
  t.ok(given > 10_000)
  t.equal(journal.status().dropped['buffer_full'], given)
  t.strictSame(unexplained(journal, journal.epoch, commits * 100), [])
  const [first] = drops
    .filter((drop) => drop.type === 'temperature')
    .sort((one, other) => one.first - other.first)
  t.match(first, { reason: 'buffer_full', first: 1, epoch: journal.epoch })
  t.type(first?.from, 'number')
  t.ok(drops.length < 110, `${drops.length} records: those that were shed themselves are joined`)
})

t.test(
  'P3.4 a year of shedding leaves few records, and each number is accounted for',
  async (t) => {
    const folder = temporaryFolder(t)
    const options = journalOptions(folder, { quotaBytes: QUOTA })
    const epochs: string[] = []
    for (let opening = 0; opening < 3; opening += 1) {
      await using journal = await openJournal(options)
      epochs.push(journal.epoch)
      for (let commit = 0; commit < 200; commit += 1) await journal.append(batch(100), 'waited')
    }
    await using journal = await openJournal(options)
    for (const epoch of epochs) t.strictSame(unexplained(journal, epoch, 20_000), [])
    t.equal(rowsOf(journal).filter((row) => row.type === '_epoch').length, 4, 'records stay')
    t.ok(dropsIn(rowsOf(journal)).length < 200)
  },
)

t.test('P5.1 P5.2 long values after many short ones stay within the quota, too', async (t) => {
  const folder = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder, { quotaBytes: QUOTA }))
  while (journal.status().bytes < QUOTA * 0.2) await journal.append(batch(100), 'waited')
  // By the average of all rows, a short one seems to free ten times what it does.
  let largest = 0
  for (let commit = 0; commit < 200; commit += 1) {
    await journal.append([temperature(0, { value: `${commit} `.padEnd(15_000, 'x') })], 'waited')
    largest = Math.max(largest, journal.status().bytes)
  }
  t.ok(largest <= QUOTA, `${largest} bytes at most`)
  const kept = rowsOf(journal).filter(({ reading }) => typeof reading.value === 'string').length
  t.ok(kept > 80, `${kept} of 200 long ones are kept`)
})

t.test('P5.2 what is under way is not shed, settled rows go before waiting ones', async (t) => {
  const folder = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder, { quotaBytes: QUOTA }))
  await journal.append(batch(1000), 'waited')
  const underWay = { first: 2, last: 501 }
  let waitingFrom = 502
  journal.shedFrom({
    withdraw(limit) {
      const range = { first: waitingFrom, last: waitingFrom + limit - 1 }
      waitingFrom += limit
      return [range]
    },
    withdrawFrom: () => [],
    restore: () => undefined,
  })
  for (let commit = 0; commit < 200; commit += 1) await journal.append(batch(100), 'waited')
  t.equal(journal.read(underWay, 1000).length, 500, 'packs under way are whole')
  t.ok((journal.status().dropped['buffer_full'] ?? 0) > 0)
  // Once the cloud has them they are the first to go, without a record.
  journal.settle({ first: 1, last: waitingFrom - 1 })
  const before = journal.status().dropped['buffer_full']
  const left = (): number => journal.read(underWay, 1000).length
  for (let commit = 0; commit < 10 && left() > 0; commit += 1) {
    await journal.append(batch(100), 'waited')
  }
  t.equal(left(), 0)
  t.equal(journal.status().dropped['buffer_full'], before)
})

for (const [whenFull, code] of [
  ['drop_newest', 'journal_full'],
  ['block', 'journal_blocked'],
] as const) {
  t.test(`P5.3 ${whenFull} refuses, keeps what it has, and accepts again`, async (t) => {
    const options = journalOptions(temporaryFolder(t), { quotaBytes: QUOTA, whenFull })
    let time = 0
    const clock = { ...systemClock, monotonic: () => (time += 10) }
    await using journal = await openJournal({ ...options, clock })
    let accepted = 0
    let refusal: unknown
    while (refusal === undefined) {
      await journal.append(batch(100), 'waited').then(
        () => (accepted += 100),
        (error: unknown) => (refusal = error),
      )
    }
    t.match(refusal, { code })
    t.equal(journal.status().fullness, 'refusing')
    t.strictSame(journal.status().dropped, {})
    t.strictSame(unexplained(journal, journal.epoch, accepted), [])
    // A record of the agent's own is always taken.
    const record = { type: sensorTypeOf('temperature'), device: 'd', channel: 'm', source: 's' }
    await t.rejects(journal.append([{ ...record, value: 1 }], 'waited'), { code })
    journal.settle({ first: 1, last: 2000 })
    time += 10_000
    await journal.append(batch(10), 'waited')
    t.equal(journal.status().fullness, 'room')
  })
}

t.test('P5.1 the free-space reserve stops the growth of the file', async (t) => {
  const folder = temporaryFolder(t)
  const disk = { ...systemDisk, diskFree: () => 1_000_000 }
  const options = journalOptions(folder, { keepFreeBytes: 2_000_000, quotaBytes: 10_000_000 })
  await using journal = await openJournal(options, openInProcess(disk))
  for (let commit = 0; commit < 60; commit += 1) await journal.append(batch(100), 'waited')
  const { bytes } = journal.status()
  for (let commit = 0; commit < 100; commit += 1) await journal.append(batch(100), 'waited')
  t.ok(journal.status().bytes <= bytes * 1.2 + 200_000, `${bytes} -> ${journal.status().bytes}`)
  t.strictSame(unexplained(journal, journal.epoch, 16_000), [])
})

/** A database that can be told that the disk is full, as long as the ballast is there. */
class FullDatabase extends DatabaseSync {
  static full: () => boolean = () => false

  override exec(sql: string): void {
    if (sql === 'COMMIT' && FullDatabase.full()) {
      throw Object.assign(new Error('database or disk is full'), { errcode: 13 })
    }
    super.exec(sql)
  }
}

t.test('P5.4 on a full disk the ballast makes room for shedding, and comes back', async (t) => {
  const folder = temporaryFolder(t)
  const ballast = new Ballast(folder, 1_000_000)
  const disk = {
    diskFree: () => 10_000_000,
    openDatabase(file: string, pages: number) {
      openForWriting(file, pages).close()
      const database = new FullDatabase(file)
      database.exec('PRAGMA synchronous = FULL')
      return database
    },
  }
  FullDatabase.full = () => false
  const options = journalOptions(folder, { ballastBytes: 1_000_000, quotaBytes: 10_000_000 })
  await using journal = await openJournal(options, openInProcess(disk))
  await journal.append(batch(1000), 'waited')
  t.equal(ballast.held, true)
  FullDatabase.full = () => ballast.held
  const [accepted] = await journal.append([temperature(1)], 'waited')
  t.equal(accepted?.kind, 'stored')
  t.ok((journal.status().dropped['buffer_full'] ?? 0) > 0)
  t.strictSame(unexplained(journal, journal.epoch, 1001), [])
  FullDatabase.full = () => true
  await t.rejects(journal.append([temperature(2)], 'waited'), { code: 'journal_disk_full' })
  FullDatabase.full = () => false
  const [after] = await journal.append([temperature(3)], 'waited')
  t.match(after, { kind: 'stored', seq: 1002 })
  t.equal(ballast.held, true)
})

t.test('the room that is left is the lesser of quota and disk', async (t) => {
  const limits = { quotaBytes: 1000, keepFreeBytes: 100 }
  t.equal(roomLeft({ bytes: 700, freeInside: 100, diskFree: 10_000 }, limits), 400)
  t.equal(roomLeft({ bytes: 700, freeInside: 100, diskFree: 150 }, limits), 150)
  t.equal(roomLeft({ bytes: 700, freeInside: 100, diskFree: 50 }, limits), 100)
  t.equal(bytesToShed({ bytes: 900, freeInside: 0, diskFree: 10_000 }, limits, 0), 0)
  t.equal(bytesToShed({ bytes: 955, freeInside: 0, diskFree: 10_000 }, limits, 0), 10)
  t.equal(bytesToShed({ bytes: 900, freeInside: 0, diskFree: 10_000 }, limits, 100), 200)
  t.equal(bytesToShed({ bytes: 500, freeInside: 0, diskFree: 100 }, limits, 0), 10)
})
