import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { numberIn } from '../../base/sqlite.ts'
import { bufferJournal, manyReadings } from '../../test/fixtures/buffer-journal.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { temperature } from '../../test/fixtures/readings.ts'
import { openForReading } from '../journal/schema.ts'
import { CarvedTable, carveFile, CHUNK_ROWS, ChunkReader } from './raw-rows.ts'

t.test('no read transaction is left open between two chunks', async (t) => {
  const folder = temporaryFolder(t)
  const journal = await bufferJournal(folder)
  t.teardown(() => journal[Symbol.asyncDispose]())
  await journal.append(manyReadings(CHUNK_ROWS + 1), 'waited')
  const file = join(folder, 'journal.db')
  const database = openForReading(file)
  t.teardown(() => database.close())
  const other = new DatabaseSync(file)
  t.teardown(() => other.close())
  other.exec('PRAGMA busy_timeout = 0')
  // Truncating the log is refused while anybody reads.
  const busy = (): unknown => other.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy']
  const reader = new ChunkReader(database, 'reading')
  const first = reader.read(0, Number.MAX_SAFE_INTEGER)
  t.equal(first.length, CHUNK_ROWS)
  t.equal(busy(), 0)
  t.equal(reader.read(CHUNK_ROWS, Number.MAX_SAFE_INTEGER).length, 2)
  const open = database.prepare('SELECT id FROM reading').iterate()
  open.next()
  await journal.append([temperature(1)], 'waited')
  t.equal(busy(), 1, 'an open read would be seen')
})

t.test('a chunk of large values is cut short', async (t) => {
  const folder = temporaryFolder(t)
  const journal = await bufferJournal(folder)
  const large = temperature(0, { value: 'x'.repeat(16_000) })
  await journal.append(
    Array.from({ length: 600 }, () => large),
    'waited',
  )
  await journal[Symbol.asyncDispose]()
  const database = openForReading(join(folder, 'journal.db'))
  t.teardown(() => database.close())
  const reader = new ChunkReader(database, 'reading')
  const chunks: number[] = []
  for (let at = 0; ;) {
    const rows = reader.read(at, Number.MAX_SAFE_INTEGER)
    if (rows.length === 0) break
    chunks.push(rows.length)
    at = numberIn(rows.at(-1), 'id')
  }
  t.equal(
    chunks.reduce((sum, count) => sum + count, 0),
    601,
  )
  t.ok(Math.max(...chunks) < 300, chunks.join())
})

t.test('carving gives each row once, and none that was read already', async (t) => {
  const folder = temporaryFolder(t)
  const journal = await bufferJournal(folder)
  await journal.append(manyReadings(3000), 'waited')
  await journal[Symbol.asyncDispose]()
  const ids = (after: number, isWhole: () => boolean): readonly number[] => {
    const table = new CarvedTable('reading', after)
    const chunks = [...carveFile(join(folder, 'journal.db'))]
    return chunks.flatMap((rows) => table.pick(rows, isWhole)).map((row) => numberIn(row, 'id'))
  }
  const all = ids(0, () => true)
  t.strictSame(
    [...all].sort((one, other) => one - other),
    Array.from({ length: 3001 }, (_, i) => i + 1),
  )
  t.equal(Math.min(...ids(1000, () => true)), 1001)
  t.strictSame(
    ids(0, () => false),
    [],
  )
})
