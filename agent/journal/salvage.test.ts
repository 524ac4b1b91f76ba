import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { Test } from 'tap'
import { HubleafError, isHubleafError } from '../../base/errors.ts'
import { randomInt, seededRandom } from '../../base/random.ts'
import {
  crashedWithBrokenLog,
  fillJournal,
  overwrite,
  rowsOf,
  salvaged,
  temperaturesOf,
} from '../../test/fixtures/damaged-journal.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { like } from '../../test/fixtures/like.ts'
import { temperature } from '../../test/fixtures/readings.ts'
import { parseRecord } from '../../wire/records.ts'
import { damagedFiles } from './damage.ts'
import type { Journal } from './journal.ts'
import { openJournal } from './sqlite-journal.ts'
import { openInThread } from './thread-client.ts'
import type { OpenWriter } from './thread-protocol.ts'

/** Numbers of the epoch that are neither there nor reported as lost. */
function unexplained(journal: Journal, epoch: string): readonly string[] {
  const rows = rowsOf(journal)
  const known = new Set<string>()
  for (const row of rows) if (row.epoch === epoch) known.add(`${row.type} ${row.reading.seq}`)
  for (const row of rows) {
    if (row.type !== '_drop') continue
    const drop = parseRecord('_drop', row.reading.value)
    if (drop.epoch !== epoch || drop.reason !== 'corrupt') continue
    for (let seq = drop.first; seq <= drop.last; seq += 1) known.add(`${drop.type} ${seq}`)
  }
  const count = { temperature: 1333, humidity: 667 }
  return Object.entries(count).flatMap(([type, last]) =>
    Array.from({ length: last }, (_, index) => `${type} ${index + 1}`).filter(
      (key) => !known.has(key),
    ),
  )
}

const pagesOf = (file: string): number => Math.floor(statSync(file).size / 1024)

/** Damage that the opening does not meet is met by whoever reads, and ends the journal. */
async function findDamage(folder: string): Promise<void> {
  const journal = await openJournal(journalOptions(folder))
  try {
    if (journal.status().salvaging === 0) journal.read({ first: 1, last: 3000 }, 3000)
  } catch (error) {
    if (!isHubleafError(error, 'journal_corrupt') || !journal.ended.aborted) throw error
  }
  await journal[Symbol.asyncDispose]()
}

async function assertHealed(t: Test, folder: string, epoch: string, least: number): Promise<void> {
  await findDamage(folder)
  await using journal = await openJournal(journalOptions(folder))
  const [accepted] = await journal.append([temperature(-1)], 'waited')
  t.equal(accepted?.kind, 'stored', 'it accepts at once')
  await salvaged(journal)
  const old = rowsOf(journal).filter((row) => row.epoch === epoch && !row.type.startsWith('_'))
  t.ok(old.length >= least, `${old.length} of 2000 rows are back`)
  const wrong = old.filter(({ reading }) => {
    const value = reading.value
    return typeof value === 'object' ? !JSON.stringify(value).includes('value') : value === -1
  })
  t.strictSame(wrong, [])
  t.strictSame(unexplained(journal, epoch), [])
  const epochs = rowsOf(journal).flatMap((row) =>
    row.type === '_epoch' && row.epoch === journal.epoch
      ? [parseRecord('_epoch', row.reading.value)]
      : [],
  )
  t.match(epochs[0], { reason: 'salvage', previous: {} })
  t.strictSame(damagedFiles(folder), [])
}

t.test('P6.1 a journal whose first page is gone comes back row by row', async (t) => {
  const folder = temporaryFolder(t)
  const epoch = await fillJournal(folder)
  overwrite(join(folder, 'journal.db'), 0, seededRandom(1).bytes(1024))
  await assertHealed(t, folder, epoch, 1990)
})

t.test(
  'P6.1 random bytes in the middle cost only the rows they hit, and those are reported',
  async (t) => {
    const folder = temporaryFolder(t)
    const epoch = await fillJournal(folder)
    const file = join(folder, 'journal.db')
    const random = seededRandom(2)
    for (let hit = 0; hit < 20; hit += 1) {
      const page = 5 + randomInt(random, pagesOf(file) - 10)
      overwrite(file, page * 1024 + 200, random.bytes(1500))
    }
    await assertHealed(t, folder, epoch, 1000)
  },
)

t.test('P6.1 a log that is broken in its middle loses nothing behind the break', async (t) => {
  const folder = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder))
  for (let value = 0; value < 300; value += 1) await journal.append([temperature(value)], 'waited')
  const crashed = crashedWithBrokenLog(t, folder)
  await using again = await openJournal(journalOptions(crashed))
  t.equal(again.status().salvaging, 1)
  t.equal(again.inOrder, false)
  await salvaged(again)
  t.equal(temperaturesOf(again, journal.epoch), 300)
})

t.test(
  'P6.1 a frame that claims to be a page far away does not keep the salvage busy',
  async (t) => {
    const folder = temporaryFolder(t)
    await using journal = await openJournal(journalOptions(folder))
    for (let value = 0; value < 300; value += 1)
      await journal.append([temperature(value)], 'waited')
    const crashed = crashedWithBrokenLog(t, folder)
    const frames = Math.floor((statSync(join(crashed, 'journal.db-wal')).size - 32) / 1048)
    const last = 32 + (frames - 1) * 1048
    overwrite(join(crashed, 'journal.db-wal'), last, Uint8Array.of(0xff))
    await using again = await openJournal(journalOptions(crashed))
    await salvaged(again)
    t.equal(temperaturesOf(again, journal.epoch) >= 290, true)
  },
)

t.test('P6.1 a second damage is read whole, whatever was read at the first', async (t) => {
  const folder = temporaryFolder(t)
  await fillJournal(folder)
  const settling = await openJournal(journalOptions(folder))
  settling.settle({ first: 1, last: settling.status().head })
  await settling[Symbol.asyncDispose]()
  overwrite(join(folder, 'journal.db'), 0, seededRandom(1).bytes(1024))
  // Nothing comes back of what the cloud has, so the ids are low again.
  await using journal = await openJournal(journalOptions(folder))
  await salvaged(journal)
  t.ok(journal.status().head < 100)
  for (let value = 0; value < 300; value += 1) await journal.append([temperature(value)], 'waited')
  await using again = await openJournal(journalOptions(crashedWithBrokenLog(t, folder)))
  t.equal(again.status().salvaging, 1)
  await salvaged(again)
  t.equal(temperaturesOf(again, journal.epoch), 300)
})

t.test('P6.1 a salvage that a kill interrupts goes on where it was', async (t) => {
  const folder = temporaryFolder(t)
  const epoch = await fillJournal(folder)
  overwrite(join(folder, 'journal.db'), 0, seededRandom(1).bytes(1024))
  for (let start = 0; start < 3; start += 1) {
    const journal = await openJournal(journalOptions(folder))
    await journal[Symbol.asyncDispose]()
  }
  await using journal = await openJournal(journalOptions(folder))
  await salvaged(journal)
  const keys = rowsOf(journal)
    .filter((row) => row.epoch === epoch)
    .map((row) => `${row.type} ${row.reading.seq}`)
  t.ok(keys.length >= 2000)
  t.ok(keys.length - new Set(keys).size <= 60, 'at most the rows of a page come twice')
})

t.test('P6.1 what was settled does not come back', async (t) => {
  const folder = temporaryFolder(t)
  {
    await using journal = await openJournal(journalOptions(folder))
    await journal.append(
      Array.from({ length: 100 }, (_, value) => temperature(value)),
      'waited',
    )
    journal.settle({ first: 1, last: 61 })
  }
  overwrite(join(folder, 'journal.db'), 0, seededRandom(1).bytes(100))
  await using journal = await openJournal(journalOptions(folder))
  await salvaged(journal)
  const seqs = rowsOf(journal).flatMap((row) =>
    row.type === 'temperature' ? [row.reading.seq] : [],
  )
  t.strictSame(
    seqs,
    Array.from({ length: 40 }, (_, index) => index + 61),
  )
  t.strictSame(
    rowsOf(journal).filter((row) => row.type === '_drop'),
    [],
  )
})

t.test('a state whose checksum does not hold settles nothing', async (t) => {
  const folder = temporaryFolder(t)
  {
    await using journal = await openJournal(journalOptions(folder))
    await journal.append([temperature(1), temperature(2)], 'waited')
    journal.settle({ first: 1, last: 1 })
  }
  const database = new DatabaseSync(join(folder, 'journal.db'))
  database.exec(`UPDATE state SET value = replace(value, '"through":1', '"through":3')`)
  database.close()
  await using journal = await openJournal(journalOptions(folder))
  t.strictSame(journal.unsettled(), [{ first: 1, last: 4 }])
})

t.test('a file of format 1 is brought forward, with all it holds', async (t) => {
  const folder = temporaryFolder(t)
  const fixture = join(import.meta.dirname, '../../test/fixtures/journal-format-1.db')
  writeFileSync(join(folder, 'journal.db'), readFileSync(fixture))
  await using journal = await openJournal(journalOptions(folder))
  const values = rowsOf(journal).flatMap(({ type, reading }) =>
    type.startsWith('_') ? [] : [[type, reading.seq, reading.value, reading.timeQuality]],
  )
  t.strictSame(values.slice(0, 6), [
    ['temperature', 1, 1, 'unsynced'],
    ['humidity', 1, 2, 'unsynced'],
    ['temperature', 2, 3, 'unsynced'],
    ['humidity', 2, 4, 'unsynced'],
    ['temperature', 3, 5, 'unsynced'],
    ['temperature', 1, 11, 'synced'],
  ])
  t.equal(values.length, 10)
  t.strictSame(journal.unsettled()[0]?.first, 4)
  const repeat = temperature(5, { source: 'http', eventId: 'e1-5' })
  t.strictSame(await journal.append([repeat], 'waited'), [{ kind: 'repeated' }])
})

t.test(
  'P6.1 a header that a bit has changed does not keep the agent from its journal',
  async (t) => {
    for (const [at, bytes] of [
      [60, [0, 0, 0, 66]],
      [68, [0x48, 0x4c, 0x66, 0x4b]],
    ] as const) {
      const folder = temporaryFolder(t)
      const repeat = temperature(1, { eventId: 'e1' })
      {
        await using journal = await openJournal(journalOptions(folder))
        await journal.append([repeat], 'waited')
      }
      overwrite(join(folder, 'journal.db'), at, Uint8Array.from(bytes))
      await using journal = await openJournal(journalOptions(folder))
      await salvaged(journal)
      t.equal(rowsOf(journal).filter((row) => row.type === 'temperature').length, 1)
      t.strictSame(await journal.append([repeat], 'waited'), [{ kind: 'repeated' }])
    }
  },
)

t.test(
  'a row whose columns are no numbers any more stops neither commits nor openings',
  async (t) => {
    const folder = temporaryFolder(t)
    {
      await using journal = await openJournal(journalOptions(folder, { keepSettledMs: 0 }))
      await journal.append([temperature(1), temperature(2)], 'waited')
      const database = new DatabaseSync(join(folder, 'journal.db'))
      database.exec("UPDATE reading SET epoch = 'x', seq = 'y' WHERE id = 2")
      database.close()
      t.match(journal.read({ first: 2, last: 2 }, 1), [{ id: 2, claims: undefined }])
      await journal.setAside([2], 'corrupt')
      journal.settle({ first: 1, last: 3 })
      for (let value = 0; value < 3; value += 1) await journal.append([temperature(3)], 'waited')
    }
    await using journal = await openJournal(journalOptions(folder))
    t.ok(rowsOf(journal).length > 0)
  },
)

t.test('P6.1 rows that a damaged tree hides are not taken for sent', async (t) => {
  const folder = temporaryFolder(t)
  const epoch = await fillJournal(folder)
  // A branch of the tree that leads to another leaf: SQLite reads on and finds fewer rows.
  const file = join(folder, 'journal.db')
  const pages = pagesOf(file)
  const bytes = readFileSync(file)
  const page = Array.from({ length: pages }, (_, index) => index).find(
    (number) =>
      number > 1 && bytes[number * 1024] === 5 && bytes.readUInt16BE(number * 1024 + 3) > 10,
  )
  t.ok(page !== undefined, 'the tree has branches')
  if (page === undefined) return
  const cells = bytes.readUInt16BE(page * 1024 + 3)
  const shorter = Buffer.alloc(2)
  shorter.writeUInt16BE(cells - 3)
  overwrite(file, page * 1024 + 3, shorter)
  const journal = await openJournal(journalOptions(folder))
  const rows = rowsOf(journal)
  t.ok(rows.length < 2000, `${rows.length} rows are seen`)
  const seen = new Set(rows.map((row) => row.id))
  const gone = Array.from({ length: 2001 }, (_, index) => index + 1).filter((id) => !seen.has(id))
  const [first = 0] = gone
  journal.missing([{ first, last: gone.at(-1) ?? first }])
  await eventually(
    () => journal.ended.aborted,
    (ended) => ended,
    10_000,
  )
  t.match(journal.ended.reason, { code: 'journal_corrupt' })
  await journal[Symbol.asyncDispose]()
  await assertHealed(t, folder, epoch, 1990)
})

t.test('P6.1 what began after a file was moved aside is no loss of that file', async (t) => {
  const folder = temporaryFolder(t)
  const epoch = await fillJournal(folder)
  overwrite(join(folder, 'journal.db'), 0, seededRandom(3).bytes(1024))
  // A card in trouble: the damaged file has to wait for the opening after the next.
  const waits: OpenWriter = async (request) => {
    const { writer, opened } = await openInThread(request)
    const salvage = async (): Promise<never> => {
      throw new HubleafError('journal_write_failed', 'the card does not answer')
    }
    return { writer: like(writer, { salvage }), opened }
  }
  const between: string[] = []
  for (let opening = 0; opening < 2; opening += 1) {
    await using journal = await openJournal(journalOptions(folder), waits)
    await journal.append([temperature(1), temperature(2)], 'waited')
    between.push(journal.epoch)
  }
  await using journal = await openJournal(journalOptions(folder))
  await salvaged(journal)
  const rows = rowsOf(journal)
  const drops = rows.flatMap((row) =>
    row.type === '_drop' ? [parseRecord('_drop', row.reading.value)] : [],
  )
  t.strictSame(
    drops.filter((drop) => drop.epoch !== epoch),
    [],
    'no record denies what is there',
  )
  for (const id of between) t.equal(rows.filter((row) => row.epoch === id).length, 3)
  t.strictSame(unexplained(journal, epoch), [])
})

t.test('P6.1 what an earlier file had sent is no loss of the next one', async (t) => {
  const folder = temporaryFolder(t)
  const options = journalOptions(folder, { keepSettledMs: 0 })
  {
    await using journal = await openJournal(options)
    for (let start = 0; start < 1000; start += 100) {
      const batch = Array.from({ length: 100 }, (_, index) => temperature(start + index))
      await journal.append(batch, 'waited')
    }
    journal.settle({ first: 1, last: 900 })
    for (let value = 0; value < 3; value += 1) await journal.append([temperature(value)], 'waited')
  }
  for (let damage = 0; damage < 2; damage += 1) {
    overwrite(join(folder, 'journal.db'), 0, seededRandom(damage).bytes(1024))
    await using journal = await openJournal(journalOptions(folder))
    await salvaged(journal)
    // So that the file has a state of its own.
    journal.settle({ first: 1, last: 1 })
    const drops = rowsOf(journal).filter((row) => row.type === '_drop')
    t.strictSame(
      drops.map((row) => row.reading.value),
      [],
      `damage ${damage + 1} denies nothing`,
    )
  }
})
