import { DatabaseSync } from 'node:sqlite'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { temperature } from '../../test/fixtures/readings.ts'
import { readMarkCopy, writeMarkCopy } from './mark-copy.ts'
import { openJournal } from './sqlite-journal.ts'

const mark = { boot: 'b1', wallAtBoot: 1_795_000_000_000 }

t.test('P7.3 a decision about wall times outlives the damage of its table', async (t) => {
  const folder = temporaryFolder(t)
  const options = journalOptions(folder, { boot: 'b1', timeQuality: () => 'unsynced' })
  let journal = await openJournal(options)
  await journal.append([temperature(1)], 'waited')
  await journal.markBoot(mark)
  const before = journal.read({ first: 1, last: 9 }, 9)
  await journal[Symbol.asyncDispose]()
  const database = new DatabaseSync(join(folder, 'journal.db'))
  database.exec('DELETE FROM boot')
  database.close()
  journal = await openJournal({ ...options, boot: 'b2' })
  t.strictSame(journal.undecidedBoots(), ['b2'])
  t.strictSame(journal.read({ first: 1, last: before.length }, 9), before)
  await journal.markBoot({ boot: 'b2', wallAtBoot: null })
  await journal[Symbol.asyncDispose]()
  t.strictSame(readMarkCopy(folder), [mark, { boot: 'b2', wallAtBoot: null }])
})

t.test('P7.3 a decision of which a bit has changed in its table is still the same', async (t) => {
  const folder = temporaryFolder(t)
  const options = journalOptions(folder, { boot: 'b1', timeQuality: () => 'unsynced' })
  let journal = await openJournal(options)
  await journal.append([temperature(1)], 'waited')
  await journal.markBoot(mark)
  const before = journal.read({ first: 1, last: 9 }, 9)
  await journal[Symbol.asyncDispose]()
  const database = new DatabaseSync(join(folder, 'journal.db'))
  database.exec('UPDATE boot SET wall_at_boot = wall_at_boot - 2048')
  database.close()
  journal = await openJournal({ ...options, boot: 'b2' })
  t.strictSame(journal.read({ first: 1, last: before.length }, 9), before)
  await journal[Symbol.asyncDispose]()
})

t.test('P6.1 a column of another type is damage, and the rows come back', async (t) => {
  const folder = temporaryFolder(t)
  let journal = await openJournal(journalOptions(folder))
  await journal.append([temperature(1)], 'waited')
  await journal[Symbol.asyncDispose]()
  const database = new DatabaseSync(join(folder, 'journal.db'))
  database.exec(`UPDATE epoch SET row_format = 'x'`)
  database.close()
  journal = await openJournal(journalOptions(folder))
  t.equal(journal.status().salvaging, 1)
  await journal[Symbol.asyncDispose]()
})

t.test('what its checksum does not vouch for is not read', async (t) => {
  const folder = temporaryFolder(t)
  t.strictSame(readMarkCopy(folder), [])
  writeMarkCopy(folder, [mark])
  appendFileSync(join(folder, 'boots'), '00000000 {"boot":"b2","wallAtBoot":7}\nx\n')
  t.strictSame(readMarkCopy(folder), [mark])
})
