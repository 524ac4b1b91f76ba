import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { pragmaNumber } from '../../base/sqlite.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { rowOf, rowsFrom, typeOf } from '../../test/fixtures/rows.ts'
import { storageConformance } from '../../test/fixtures/storage-conformance.ts'
import { tableOf } from './row-table.ts'
import { openWriting } from './sqlite-connection.ts'
import { SCHEMA_VERSION } from './sqlite-schema.ts'
import { DATABASE_FILE, openSqliteStorage } from './sqlite-storage.ts'

const writer = fileURLToPath(new URL('../../test/fixtures/storage-writer.ts', import.meta.url))

storageConformance(t, (t) => {
  const folder = temporaryFolder(t)
  return { open: async () => openSqliteStorage({ folder }), writer: [writer, folder] }
})

t.test('a newer schema is refused and the file left as it is', async (t) => {
  const folder = temporaryFolder(t)
  await (await openSqliteStorage({ folder }))[Symbol.asyncDispose]()
  const file = join(folder, DATABASE_FILE)
  const setVersion = (version: number): void => {
    const database = new DatabaseSync(file)
    database.exec(`PRAGMA user_version = ${version}`)
    database.close()
  }
  setVersion(SCHEMA_VERSION + 1)
  await t.rejects(openSqliteStorage({ folder }), { code: 'storage_newer_schema' })
  setVersion(SCHEMA_VERSION)
  await using storage = await openSqliteStorage({ folder })
  t.equal(await storage.count(), 0)
})

t.test('anybody can read the file while the service runs, by names', async (t) => {
  const folder = temporaryFolder(t)
  await using storage = await openSqliteStorage({ folder })
  const flags = ['out_of_range', 'time_suspect'] as const
  await storage.write([
    rowOf(1, { flags, site: 'attic', timeQuality: 'corrected' }),
    rowOf(1, { type: typeOf('_device'), value: { name: 'x' }, number: null, canonicalUnit: null }),
  ])
  const database = new DatabaseSync(join(folder, DATABASE_FILE), { readOnly: true })
  t.teardown(() => database.close())
  const { observedAt, receivedAt } = rowOf(1)
  t.same(
    { ...database.prepare("SELECT * FROM readings WHERE type = 'temperature'").get() },
    {
      ...{ hub: 'hub1', epoch: 'aaaaaaaaaaaaaaaa', type: 'temperature', seq: 1, site: 'attic' },
      ...{ device: 'd1', channel: 'main', value: '20.1', unit: 'C', number: 20.1 },
      ...{ canonical_unit: 'C', observed_at: observedAt, received_at: receivedAt, boot: 'boot1' },
      ...{ mono_ms: 1000, time_quality: 'corrected', source: 'test' },
      flags: 'out_of_range,time_suspect',
    },
  )
  const record = database.prepare("SELECT * FROM readings WHERE type = '_device'").get()
  t.match(record, { value: '{"name":"x"}', site: null, canonical_unit: null, flags: '' })
  t.same(database.prepare('PRAGMA journal_mode').get(), { journal_mode: 'wal' })
})

t.test('a full database says so, keeps what it has, and recovers with room', async (t) => {
  const folder = temporaryFolder(t)
  {
    await using storage = await openSqliteStorage({ folder, maxBytes: 200_000 })
    await storage.write(rowsFrom(1, 100))
    const full = { code: 'storage_unavailable', message: /full/ }
    await t.rejects(storage.write(rowsFrom(101, 20_000, { device: 'new' })), full)
    t.equal(await storage.count(), 100, 'nothing of a refused write is there')
    t.equal((await storage.write([rowOf(101, { device: 'new' })])).stored, 1, 'smaller ones fit')
    const devices = (await storage.latest()).map((row) => row.device)
    t.same(devices, ['new', 'd1'], 'ids of the refused write are not used')
  }
  await using storage = await openSqliteStorage({ folder })
  t.equal((await storage.write(rowsFrom(101, 20_000, { device: 'new' }))).stored, 19_899)
})

t.test('commits are synced, as the journal behind them asks', (t) => {
  const database = openWriting(join(temporaryFolder(t), 'x'), 0)
  t.equal(pragmaNumber(database, 'synchronous'), 2, 'FULL')
  database.close()
  t.end()
})

t.test('a commit that a bug interrupts leaves nothing behind', async (t) => {
  await using storage = await openSqliteStorage({ folder: temporaryFolder(t) })
  const good = tableOf(rowsFrom(1, 10))
  const torn = { runs: tableOf(rowsFrom(11, 20)).runs.map((run) => ({ ...run, value: [1, 2] })) }
  await t.rejects(storage.commit([good, torn]), { code: 'internal' })
  t.equal(await storage.count(), 0)
  t.match(await storage.commit([good]), [{ stored: 10 }])
})

t.test('a lock that somebody else holds is trouble that passes, and reads go on', async (t) => {
  const folder = temporaryFolder(t)
  await using storage = await openSqliteStorage({ folder })
  await storage.write([rowOf(1)])
  const other = new DatabaseSync(join(folder, DATABASE_FILE))
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const refused = t.rejects(storage.write([rowOf(2)]), { code: 'storage_unavailable' })
  t.equal(await storage.count(), 1, 'a read does not wait for the write')
  await refused
  other.exec('ROLLBACK')
  t.equal((await storage.write([rowOf(2)])).stored, 1)
})

t.test('a folder or file that cannot be used is told with a code', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'file'), '')
  const below = openSqliteStorage({ folder: join(folder, 'file') })
  await t.rejects(below, { code: 'storage_unavailable', hint: /data_dir/ })
  mkdirSync(join(folder, DATABASE_FILE))
  await t.rejects(openSqliteStorage({ folder }), { code: 'storage_unavailable' })
  rmSync(join(folder, DATABASE_FILE), { recursive: true })
  writeFileSync(join(folder, DATABASE_FILE), 'this is no database, only a text of some length')
  await t.rejects(openSqliteStorage({ folder }), { code: 'storage_unavailable' })
  rmSync(join(folder, DATABASE_FILE))
  await using storage = await openSqliteStorage({ folder })
  t.equal(await storage.count(), 0, 'the failed openings hold nothing')
})

t.test('P2.7 a resend that is cut at other boundaries adds only what is new', async (t) => {
  const folder = temporaryFolder(t)
  await using storage = await openSqliteStorage({ folder })
  t.match(await storage.write(rowsFrom(1, 10)), { stored: 10, repeated: 0 })
  t.match(await storage.write(rowsFrom(5, 15)), { stored: 5, repeated: 6 })
  t.match(await storage.write([...rowsFrom(1, 3), ...rowsFrom(1, 3)]), { stored: 0, repeated: 6 })
  t.equal(await storage.count(), 15)
})
