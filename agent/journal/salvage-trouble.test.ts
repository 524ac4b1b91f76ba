// A salvage in trouble: damage that is met while the journal is being opened, files that do not open
// or cannot be moved at once, and kills between two steps.

import { readdirSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { systemCodeOf } from '../../base/errors.ts'
import { seededRandom } from '../../base/random.ts'
import {
  copyJournal,
  crashedWithBrokenLog,
  dropsOf,
  fillJournal,
  overwrite,
  rowsOf,
  salvaged,
  temperaturesOf,
} from '../../test/fixtures/damaged-journal.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { openInProcess } from '../../test/fixtures/journal-in-process.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { temperature } from '../../test/fixtures/readings.ts'
import { damagedFiles } from './damage.ts'
import { systemDisk } from './doors.ts'
import type { DiskDoors } from './doors.ts'
import { JournalFile } from './journal-file.ts'
import { openRequest, stampNow } from './open-request.ts'
import { openJournal } from './sqlite-journal.ts'

/** The machine's disk; what `statement` says throws with SQLite's code while `fails()` is true. */
function failing(statement: string, errcode: number, fails: () => boolean): DiskDoors {
  const assertSound = (sql: string): void => {
    if (sql !== statement || !fails()) return
    throw Object.assign(new Error('planted'), { code: 'ERR_SQLITE_ERROR', errcode })
  }
  return {
    ...systemDisk,
    openDatabase(file, checkpointPages): DatabaseSync {
      const database = systemDisk.openDatabase(file, checkpointPages)
      const exec = database.exec.bind(database)
      const prepare = database.prepare.bind(database)
      database.exec = (sql) => {
        assertSound(sql)
        exec(sql)
      }
      database.prepare = (sql) => {
        assertSound(sql)
        return prepare(sql)
      }
      return database
    },
  }
}

/** Files of the folder that this process has open. */
function openFilesIn(folder: string): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const target = readlinkSync(join('/proc/self/fd', name))
      return target.startsWith(`${folder}/`) ? [basename(target)] : []
    } catch (error) {
      // The handle of the listing itself is closed by now.
      if (systemCodeOf(error) === 'ENOENT') return []
      throw error
    }
  })
}

const SQLITE_CORRUPT = 11
const SQLITE_IOERR_WRITE = 778

t.test('P6.1 damage that a checkpoint meets at the opening is moved aside at once', async (t) => {
  const folder = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder))
  for (let value = 0; value < 300; value += 1) await journal.append([temperature(value)], 'waited')
  const crashed = crashedWithBrokenLog(t, folder)
  let failures = 0
  const disk = failing('PRAGMA wal_checkpoint(TRUNCATE)', SQLITE_CORRUPT, () => failures++ === 0)
  await using again = await openJournal(journalOptions(crashed), openInProcess(disk))
  t.equal(failures > 0, true, 'the checkpoint was tried')
  await salvaged(again)
  t.equal(temperaturesOf(again, journal.epoch), 300)
  const begun = rowsOf(again).filter((row) => row.epoch === again.epoch && row.type === '_epoch')
  t.equal(begun[0]?.reading.seq, 1)
  const places = begun.map(({ reading }) => reading.seq)
  t.equal(new Set(places).size, places.length, 'the epoch has begun once')
})

t.test('P6.1 damage that an opening ends with is salvaged by the next one', async (t) => {
  const folder = temporaryFolder(t)
  const epoch = await fillJournal(folder)
  const disk = failing('PRAGMA freelist_count', SQLITE_CORRUPT, () => true)
  await t.rejects(openJournal(journalOptions(folder), openInProcess(disk)), {
    code: 'journal_corrupt',
  })
  t.strictSame(openFilesIn(folder), [], 'nothing is left open')
  await using journal = await openJournal(journalOptions(folder))
  t.equal(journal.status().salvaging, 1)
  await salvaged(journal)
  t.equal(temperaturesOf(journal, epoch), 1333)
})

t.test('P6.1 a damaged file that does not open for a while loses nothing by that', async (t) => {
  const folder = temporaryFolder(t)
  const epoch = await fillJournal(folder)
  overwrite(join(folder, 'journal.db'), 0, seededRandom(1).bytes(1024))
  let fails = false
  const disk = failing('COMMIT', SQLITE_IOERR_WRITE, () => fails)
  const options = journalOptions(folder)
  const file = new JournalFile(openRequest(options), disk)
  const salvage = () => file.salvage({ kind: 'salvage', stamp: stampNow(options) })
  t.equal(salvage().damaged, 1)
  const [damaged = ''] = damagedFiles(folder)
  renameSync(damaged, `${damaged}.away`)
  // A name that leads to itself opens for nobody, not even for root.
  symlinkSync(basename(damaged), damaged)
  fails = true
  t.throws(salvage, { code: 'journal_write_failed' })
  fails = false
  t.throws(salvage, { code: 'journal_write_failed' }, 'the file does not open')
  rmSync(damaged)
  renameSync(`${damaged}.away`, damaged)
  // Nor is a log that does not open one that is not there.
  symlinkSync(`${basename(damaged)}-wal`, `${damaged}-wal`)
  t.throws(salvage, { code: 'journal_write_failed' }, 'its log does not open')
  t.notOk(openFilesIn(folder).includes(basename(damaged)), 'nothing of it is left open')
  rmSync(`${damaged}-wal`)
  while (salvage().damaged > 0);
  file.close()
  await using journal = await openJournal(options)
  t.equal(rowsOf(journal).filter((row) => row.epoch === epoch).length >= 1990, true)
  t.equal(temperaturesOf(journal, epoch), 1333)
})

t.test('P6.1 one damaged file that does not open leaves no other one open', async (t) => {
  const folder = temporaryFolder(t)
  await fillJournal(folder)
  overwrite(join(folder, 'journal.db'), 0, seededRandom(1).bytes(1024))
  const options = journalOptions(folder)
  const file = new JournalFile(openRequest(options))
  // Behind the one that has just been moved aside.
  symlinkSync('damaged-9.db', join(folder, 'damaged-9.db'))
  t.throws(() => file.salvage({ kind: 'salvage', stamp: stampNow(options) }))
  const damaged = openFilesIn(folder).filter((name) => name.startsWith('damaged'))
  t.strictSame(damaged, [])
  file.close()
})

t.test('P6.1 a kill while a file is moved aside leaves its log with it', async (t) => {
  const folder = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder))
  for (let value = 0; value < 300; value += 1) await journal.append([temperature(value)], 'waited')
  const crashed = copyJournal(t, folder)
  const damaged = join(crashed, `damaged-1-${journal.epoch}.db`)
  renameSync(join(crashed, 'journal.db-wal'), `${damaged}-wal`)
  const file = new JournalFile(openRequest(journalOptions(crashed)))
  t.strictSame(damagedFiles(crashed), [damaged])
  t.ok(statSync(damaged).size > 0, 'the database has followed its log')
  t.equal(file.opened.head, 1, 'the journal is a new one')
  file.close()
  await using again = await openJournal(journalOptions(crashed))
  await salvaged(again)
  t.equal(temperaturesOf(again, journal.epoch), 300)
  t.strictSame(dropsOf(again), [])
})
