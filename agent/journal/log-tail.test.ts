// What a kill or a power cut leaves at the end of the write-ahead log: transactions without an end, or
// with sectors of an older time in their middle. Nobody was told that they are kept.

import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import type { Test } from 'tap'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { dropsOf, rowsOf, salvaged } from '../../test/fixtures/damaged-journal.ts'
import { sensorTypeOf, temperature } from '../../test/fixtures/readings.ts'
import { fill, smallDisk } from '../../test/fixtures/small-disk.ts'
import type { SourceReading } from '../../wire/reading.ts'
import type { Journal } from './journal.ts'
import { openJournal } from './sqlite-journal.ts'

const HEADER_BYTES = 32
const FRAME_BYTES = 24 + 1024

const batchOf = (from: number, size: number): readonly SourceReading[] =>
  Array.from({ length: size }, (_, index) =>
    temperature(from + index, { eventId: `e${from + index}` }),
  )

/** The values of all temperatures, in order. */
function valuesIn(journal: Journal): readonly unknown[] {
  const rows = journal.read({ first: 1, last: journal.status().head }, 1_000_000)
  return rows.flatMap((row) =>
    'corrupt' in row || row.type !== 'temperature' ? [] : [row.reading.value],
  )
}

/** Two hundred readings are kept; a batch of as many more is the last transaction of the log. */
async function crashedInBatch(
  t: Test,
  isFirst = false,
  last = batchOf(200, 200),
): Promise<{
  readonly folder: string
  readonly log: string
  /** Frames before the last transaction, and in all. */
  readonly kept: number
  readonly all: number
}> {
  const folder = temporaryFolder(t)
  const crashed = temporaryFolder(t)
  await using journal = await openJournal(journalOptions(folder))
  await journal.append(batchOf(0, 200), 'waited')
  if (isFirst) {
    const other = new DatabaseSync(join(folder, 'journal.db'))
    other.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    other.close()
  }
  const framesIn = (bytes: Buffer): number =>
    Math.max(0, (bytes.length - HEADER_BYTES) / FRAME_BYTES)
  const kept = framesIn(readFileSync(join(folder, 'journal.db-wal')))
  await journal.append(last, 'waited')
  for (const name of ['journal.db', 'journal.db-wal', 'epochs']) {
    copyFileSync(join(folder, name), join(crashed, name))
  }
  const log = join(crashed, 'journal.db-wal')
  const all = framesIn(readFileSync(log))
  t.ok(all > kept + 10, `${kept} and ${all} frames`)
  return { folder: crashed, log, kept, all }
}

t.test('P2.1 P2.4 a transaction that a kill left without an end is not there', async (t) => {
  const { folder, log, kept, all } = await crashedInBatch(t)
  for (let frames = all - 1; frames > kept; frames -= 5) {
    truncateSync(log, HEADER_BYTES + frames * FRAME_BYTES)
    const again = temporaryFolder(t)
    for (const name of ['journal.db', 'journal.db-wal', 'epochs']) {
      copyFileSync(join(folder, name), join(again, name))
    }
    await using journal = await openJournal(journalOptions(again))
    t.equal(journal.status().salvaging, 0, `nothing of ${frames - kept} frames comes back`)
    t.equal(valuesIn(journal).length, 200)
    await journal.append(batchOf(200, 200), 'waited')
    t.strictSame(
      valuesIn(journal),
      Array.from({ length: 400 }, (_, value) => value),
    )
  }
})

t.test(
  'P6.1 a transaction whose last frame is damaged comes back by what else it has',
  async (t) => {
    const { folder, log, all } = await crashedInBatch(t)
    const last = HEADER_BYTES + (all - 1) * FRAME_BYTES
    const bytes = readFileSync(log)
    // In its page the frame still says that a transaction ends; without its salts it is nobody's.
    for (const [from, salvaging] of [
      [last + 24, 1],
      [last + 8, 0],
    ] as const) {
      const damaged = Buffer.from(bytes)
      for (let at = from; at < from + 8; at += 1) damaged[at] = (damaged[at] ?? 0) ^ 0xff
      const again = temporaryFolder(t)
      for (const name of ['journal.db', 'epochs'])
        copyFileSync(join(folder, name), join(again, name))
      writeFileSync(join(again, 'journal.db-wal'), damaged)
      await using journal = await openJournal(journalOptions(again))
      t.equal(journal.status().salvaging, salvaging)
      await salvaged(journal)
      const values = valuesIn(journal).length
      if (salvaging === 1) t.ok(values > 300, `${values} of 400 are back`)
      else t.equal(values, 200, 'as after a kill')
    }
  },
)

for (const isFirst of [false, true]) {
  const which = isFirst ? 'the first of its log' : 'a later one'
  t.test(`P2.1 P6.1 a repeat of what a torn transaction held is kept once, ${which}`, async (t) => {
    await tearEachFrame(t, isFirst)
  })
}

async function tearEachFrame(t: Test, isFirst: boolean): Promise<void> {
  const { folder, log, kept, all } = await crashedInBatch(t, isFirst)
  const bytes = readFileSync(log)
  // Every frame of the transaction in turn is the one that the disk did not write.
  for (let lost = kept; lost < all - 1; lost += 1) {
    const again = temporaryFolder(t)
    for (const name of ['journal.db', 'epochs']) copyFileSync(join(folder, name), join(again, name))
    const torn = Buffer.from(bytes)
    torn.fill(0, HEADER_BYTES + lost * FRAME_BYTES, HEADER_BYTES + (lost + 1) * FRAME_BYTES)
    writeFileSync(join(again, 'journal.db-wal'), torn)
    await using journal = await openJournal(journalOptions(again))
    await salvaged(journal)
    await journal.append(batchOf(200, 200), 'waited')
    const values = valuesIn(journal).map(Number)
    t.strictSame(
      values.sort((one, other) => one - other),
      Array.from({ length: 400 }, (_, value) => value),
      `without frame ${lost}`,
    )
  }
}

t.test('P3.4 P6.1 of a torn transaction that began a type no number is left open', async (t) => {
  const type = sensorTypeOf('humidity')
  const begun = Array.from({ length: 200 }, (_, value) => temperature(value, { type }))
  const { folder, log, kept, all } = await crashedInBatch(t, false, begun)
  const bytes = readFileSync(log)
  let dropped = 0
  for (let lost = kept; lost < all - 1; lost += 1) {
    const again = temporaryFolder(t)
    for (const name of ['journal.db', 'epochs']) copyFileSync(join(folder, name), join(again, name))
    const torn = Buffer.from(bytes)
    torn.fill(0, HEADER_BYTES + lost * FRAME_BYTES, HEADER_BYTES + (lost + 1) * FRAME_BYTES)
    writeFileSync(join(again, 'journal.db-wal'), torn)
    await using journal = await openJournal(journalOptions(again))
    await salvaged(journal)
    const rows = rowsOf(journal)
    const seqs = new Set(rows.flatMap((row) => (row.type === type ? [row.reading.seq] : [])))
    for (const { type: of, first, last } of dropsOf(journal)) {
      for (let seq = first; of === type && seq <= last; seq += 1) seqs.add(seq)
      if (of === type) dropped += last - first + 1
    }
    t.equal(seqs.size, Math.max(0, ...seqs), `without frame ${lost}`)
  }
  t.ok(dropped > 0, `${dropped} are in records`)
})

t.test('P5.4 P6.1 a broken log is kept where there is no room for a copy of it', async (t) => {
  const disk = smallDisk(t, 2)
  if (disk === undefined) return
  const { folder, log, kept } = await crashedInBatch(t)
  const broken = readFileSync(log)
  broken.fill(0, HEADER_BYTES + (kept - 5) * FRAME_BYTES, HEADER_BYTES + (kept - 4) * FRAME_BYTES)
  const onDisk = join(disk, 'journal')
  mkdirSync(onDisk)
  for (const name of ['journal.db', 'epochs']) copyFileSync(join(folder, name), join(onDisk, name))
  writeFileSync(join(onDisk, 'journal.db-wal'), broken)
  const left = statSync(log).size - 8192
  writeFileSync(join(disk, 'room'), Buffer.alloc(left))
  const others = fill(disk)
  rmSync(join(disk, 'room'))
  const options = journalOptions(onDisk, { quotaBytes: 2_000_000 })
  {
    await using journal = await openJournal(options)
    t.equal(journal.status().salvaging, 1, 'it opens, and the old rows wait')
  }
  rmSync(others)
  await using journal = await openJournal(options)
  await salvaged(journal)
  t.ok(valuesIn(journal).length > 300, `${valuesIn(journal).length} of 400 are back`)
})
