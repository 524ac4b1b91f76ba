import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { Test } from 'tap'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { EXIT } from '../../base/verb.ts'
import { bufferJournal, manyReadings, runBuffer } from '../../test/fixtures/buffer-journal.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { rowChecksum } from '../journal/row-body.ts'
import { APPLICATION_ID } from '../journal/schema.ts'

/** A closed journal of this many readings, of which some are settled. */
async function closedJournal(t: Test, count: number, settled = 0): Promise<string> {
  const folder = join(temporaryFolder(t), 'journal')
  const journal = await bufferJournal(folder)
  await journal.append(manyReadings(count), 'waited')
  if (settled > 0) journal.settle({ first: 1, last: settled })
  await journal[Symbol.asyncDispose]()
  return join(folder, 'journal.db')
}

async function answer(args: readonly string[]): Promise<{ readonly [key: string]: unknown }> {
  const { out, err } = await runBuffer([...args, '--json'])
  const value = parseJson(out)
  if (isJsonObject(value)) return value
  return { out, err }
}

const lines = (text: string): readonly string[] => text.split('\n').slice(0, -1)

t.test('status counts what waits and what is settled, by type', async (t) => {
  const file = await closedJournal(t, 30, 11)
  // Row 1 is the epoch's record.
  t.match(await answer(['status', '--file', file, '--hub', 'h1']), {
    ...{ hub: 'h1', agent: 'unknown', format: 2, damage: null, epochs: 1 },
    readings: { waiting: 20, settled: 10, aside: 0 },
    records: { waiting: 0, settled: 1, aside: 0 },
    types: [
      { type: '_epoch' },
      { type: 'humidity', waiting: 6, settled: 4 },
      { type: 'temperature', waiting: 14, settled: 6 },
    ],
  })
  const shown = await runBuffer(['status', '--file', file])
  t.match(shown.out, /^readings {3}20 waiting, 10 settled and kept$/m)
  t.match(shown.out, /^temperature {2}14 +6 +0 /m)
})

t.test('rows are listed by state, type, device, time and number', async (t) => {
  const file = await closedJournal(t, 30, 11)
  const count = async (...filter: string[]): Promise<number> =>
    lines((await runBuffer(['cat', '--file', file, ...filter])).out).length
  t.equal(await count(), 30)
  t.equal(await count('--records'), 31)
  t.equal(await count('--waiting'), 20)
  t.equal(await count('--settled'), 10)
  t.equal(await count('--aside'), 0)
  t.equal(await count('--type', 'humidity', '--waiting'), 6)
  t.equal(await count('--device', 'd0', '--device', 'd1'), 10)
  t.equal(await count('--since', '1h', '--until', '2100-01-01'), 30)
  t.equal(await count('--until', '1h'), 0)
  t.equal(await count('--limit', '3'), 3)
  const table = lines((await runBuffer(['ls', '--file', file, '--limit', '2'])).out)
  t.equal(table.length, 3)
  t.match(table[0], /^RECEIVED +STATE +TYPE +SEQ +DEVICE +CHANNEL +VALUE$/)
  t.match(table[2], /Z {2}settled {2}temperature {2}1 +d1 +main +1 C$/)
})

t.test('export writes CSV whole or not at all', async (t) => {
  const file = await closedJournal(t, 2500)
  const output = join(temporaryFolder(t), 'out.csv')
  const exported = ['export', '--file', file, '--format', 'csv', '--output']
  t.match(await runBuffer([...exported, output]), { code: EXIT.ok, out: '', err: '' })
  const rows = readFileSync(output, 'utf8').split('\r\n')
  t.equal(rows.length, 2502, 'a header, the readings and the last line end')
  const nowhere = await runBuffer([...exported, join(output, 'below')])
  t.match(nowhere, { code: EXIT.failed, err: /folder_unusable: cannot write / })
  t.strictSame(readdirSync(join(output, '..')), ['out.csv'])
})

t.test('a copied file is never changed, with its log or without', async (t) => {
  const folder = join(temporaryFolder(t), 'journal')
  const journal = await bufferJournal(folder)
  t.teardown(() => journal[Symbol.asyncDispose]())
  await journal.append(manyReadings(40), 'waited')
  const card = join(temporaryFolder(t), 'card')
  mkdirSync(card)
  for (const name of ['journal.db', 'journal.db-wal']) {
    copyFileSync(join(folder, name), join(card, name))
  }
  const file = join(card, 'journal.db')
  chmodSync(card, 0o500)
  const look = (): unknown =>
    readdirSync(card).map((name) => {
      const { size, mtimeMs } = statSync(join(card, name))
      return [name, size, mtimeMs]
    })
  const before = look()
  const temporary = temporaryFolder(t)
  const env = { TMPDIR: temporary }
  for (const action of ['status', 'ls', 'cat', 'export', 'verify']) {
    const { code, err } = await runBuffer([action, '--file', file], env)
    t.strictSame([code, err], [EXIT.ok, ''], action)
  }
  const cat = await runBuffer(['cat', '--file', file], env)
  t.equal(lines(cat.out).length, 40, 'rows in the log count')
  t.strictSame(look(), before)
  t.strictSame(readdirSync(temporary), [], 'the private copy is gone')
})

t.test('the log is only where the writer has not yet taken it over', async (t) => {
  const file = await closedJournal(t, 40)
  t.notOk(existsSync(`${file}-wal`))
  const { code, out } = await runBuffer(['verify', '--file', file])
  t.equal(code, EXIT.ok)
  t.match(out, /note {2}no log lies beside the file/)
  t.notOk(existsSync(`${file}-wal`))
})

t.test('P6.2 a flipped bit is found, and its row is left out', async (t) => {
  const file = await closedJournal(t, 200)
  const bytes = readFileSync(file)
  const at = bytes.lastIndexOf('"test"')
  bytes.write('"tost"', at)
  writeFileSync(file, bytes)
  const verdict = await answer(['verify', '--file', file])
  t.match(verdict, { ok: false, problemCount: 1, problems: [{ kind: 'row_corrupt' }] })
  const said = await runBuffer(['verify', '--file', file])
  t.match(said, { code: EXIT.failed, out: /row_corrupt {2}row \d+: the checksum of \w+ \d+/ })
  const cat = await runBuffer(['cat', '--file', file])
  t.equal(lines(cat.out).length, 199)
  t.match(cat, { code: EXIT.failed, err: /journal_row_corrupt: 1 rows whose checksum/ })
})

t.test('verify finds a row that is gone without a record, and names it', async (t) => {
  const file = await closedJournal(t, 30)
  const database = new DatabaseSync(file)
  database.exec("DELETE FROM reading WHERE type = 'temperature' AND seq IN (4, 5, 6)")
  database.close()
  t.match(await answer(['verify', '--file', file]), {
    ...{ ok: false, problemCount: 1 },
    problems: [{ kind: 'seq_missing', message: /^temperature 4 to 6 of epoch [a-z2-7]{16}: / }],
  })
})

t.test('rows of a damaged file are read page by page', async (t) => {
  const file = await closedJournal(t, 5000)
  const bytes = readFileSync(file)
  bytes.fill(0xa5, 4096 * 1, 4096 * 3)
  bytes.fill(0xa5, 4096 * 30, 4096 * 32)
  writeFileSync(file, bytes)
  const cat = await runBuffer(['cat', '--file', file])
  t.equal(cat.code, EXIT.failed)
  t.match(cat.err, /journal_corrupt: the file is damaged/)
  const rows = lines(cat.out)
  t.ok(rows.length > 4000 && rows.length < 5000, `${rows.length} rows`)
  t.equal(new Set(rows).size, rows.length)
  t.match(await answer(['verify', '--file', file]), { ok: false, problems: [{}] })
  bytes.fill(0xa5, 0, 4096)
  writeFileSync(file, bytes)
  const headless = await runBuffer(['cat', '--file', file])
  t.ok(lines(headless.out).length > 4000, 'without the first page')
})

t.test('what is no journal, or a newer one, is refused and left as it is', async (t) => {
  const file = join(temporaryFolder(t), 'x.db')
  t.match(await runBuffer(['ls', '--file', file]), {
    ...{ code: EXIT.failed, out: '', err: /journal_not_a_journal: there is no journal at / },
  })
  writeFileSync(file, 'hello, this is a text and not a journal\n'.repeat(500))
  t.match(await runBuffer(['ls', '--file', file]), { err: /journal_not_a_journal: / })
  const database = new DatabaseSync(`${file}2`)
  database.exec(`CREATE TABLE x (y); PRAGMA application_id = ${APPLICATION_ID}`)
  database.exec('PRAGMA user_version = 99')
  database.close()
  t.match(await runBuffer(['ls', '--file', `${file}2`]), { err: /journal_newer_format: / })
  t.strictSame(readdirSync(join(file, '..')), ['x.db', 'x.db2'])
})

t.test('a journal of the first format is read as it is', async (t) => {
  const file = join(temporaryFolder(t), 'old.db')
  const database = new DatabaseSync(file)
  database.exec(`
    CREATE TABLE epoch (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, boot TEXT NOT NULL,
      secret BLOB NOT NULL, last TEXT);
    CREATE TABLE reading (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, type TEXT NOT NULL,
      seq INTEGER NOT NULL, body TEXT NOT NULL, crc INTEGER NOT NULL);
    CREATE TABLE event (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash TEXT NOT NULL);
    CREATE TABLE state (number INTEGER PRIMARY KEY, value TEXT NOT NULL);
    PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1;
    INSERT INTO epoch VALUES (1, 'abcdefghijklmnop', 'b1', x'00', '{}');
    INSERT INTO state VALUES (1, '{"settled":{"through":1,"ranges":[]}}');`)
  const insert = database.prepare('INSERT INTO reading VALUES (?, 1, ?, ?, ?, ?)')
  for (const id of [1, 2, 3]) {
    const body = JSON.stringify(['d1', 'main', id, 'http', 5, 6, 7, 0, 'C', null])
    const identity = { id, epoch: 1, type: 'power', seq: id }
    insert.run(id, 'power', id, body, rowChecksum(1, identity, body))
  }
  database.close()
  t.match(await answer(['status', '--file', file]), {
    ...{ format: 1, readings: { waiting: 2, settled: 1 } },
  })
  const cat = await runBuffer(['cat', '--file', file, '--limit', '1'])
  t.match(parseJson(cat.out), { epoch: 'abcdefghijklmnop', seq: 1, value: 1, unit: 'C', hub: null })
  t.match(await answer(['verify', '--file', file]), { ok: true, rows: 3 })
})

t.test('rows that were set aside are listed with their reason', async (t) => {
  const folder = join(temporaryFolder(t), 'journal')
  const journal = await bufferJournal(folder)
  await journal.append(manyReadings(9), 'waited')
  await journal.setAside([2, 3], 'rejected')
  await journal[Symbol.asyncDispose]()
  const file = join(folder, 'journal.db')
  const aside = lines((await runBuffer(['cat', '--file', file, '--aside'])).out)
  t.equal(aside.length, 2)
  t.match(parseJson(aside[0] ?? ''), { seq: 1, state: 'aside', reason: 'rejected' })
  t.match(await answer(['verify', '--file', file]), { ok: true, problems: [] })
})
