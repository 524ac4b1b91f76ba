// The power fails at hundreds of moments of one recorded run of the journal under load: whatever the
// disk kept of the writes that were not synced, all that was acknowledged before that moment is there,
// whole, in its place and still to be sent unless it was settled. cut-file.ts and cut-disk.ts say
// what a disk may lose.

import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { Test } from 'tap'
import type { CorruptRow, IdRange, JournalRow } from '../../agent/journal/journal.ts'
import { systemDisk } from '../../agent/journal/doors.ts'
import { openJournal } from '../../agent/journal/sqlite-journal.ts'
import { messageOf } from '../../base/errors.ts'
import { isJsonObject } from '../../base/json.ts'
import { randomInt, seededRandom } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { CutDisk } from '../fixtures/cut-disk.ts'
import { buildDiskShim, needsDiskShim } from '../fixtures/disk-shim.ts'
import { readTrace } from '../fixtures/disk-trace.ts'
import type { DiskCall } from '../fixtures/disk-trace.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { openInProcess } from '../fixtures/journal-in-process.ts'
import { numbered, numberedOptions } from '../fixtures/power-cut-readings.ts'
import { seedOr } from '../fixtures/seed.ts'

const CUTS = 220

/** Cuts that are judged at the same time: opening a journal is mostly waiting. */
const AT_ONCE = 3

const WRITER = join(import.meta.dirname, '../fixtures/power-cut-writer.ts')

/** What the writer's books say up to a cut: the number in each place, and what may be settled. */
interface Books {
  readonly acknowledged: ReadonlyMap<string, number>
  readonly settled: readonly IdRange[]
}

/** The disk's files after a cut, by path, and what must be in them. */
interface Cut {
  readonly index: number
  readonly files: ReadonlyMap<string, Buffer>
  readonly books: Books
}

/** What one cut came to. */
interface Outcome {
  readonly problems: readonly string[]
  readonly checked: number
  /** Readings that were found, acknowledged or not. */
  readonly readings: number
  /** Drop records, about readings that nobody had an answer for. */
  readonly drops: number
}

t.test('P1.11 P2.4 a power cut loses no accepted reading', needsDiskShim(), async (t) => {
  const folder = temporaryFolder(t)
  const seed = seedOr(20_261_124)
  t.comment(`HUBLEAF_FUZZ_SEED=${seed} chooses the cuts`)
  const random = seededRandom(seed)
  const calls = await record(folder)
  const points = cutPoints(calls, random)
  const outcomes: Outcome[] = []
  const cuts = cut(t, folder, calls, points, random)
  const judges = Array.from({ length: AT_ONCE }, async (_, place) => {
    for (const one of cuts) outcomes.push(await judge(join(folder, `found-${place}`), one))
  })
  await Promise.all(judges)
  const found = outcomes.flatMap(({ problems }) => problems)
  t.strictSame(found.slice(0, 10), [], 'nothing is lost, damaged or out of place')
  const checked = outcomes.reduce((sum, outcome) => sum + outcome.checked, 0)
  t.ok(outcomes.length >= 200, `${outcomes.length} cuts`)
  t.ok(checked > 100 * outcomes.length, `${checked} acknowledged readings read back`)
  const more = outcomes.filter((outcome) => outcome.readings > outcome.checked).length
  t.ok(more > 0, `${more} cuts kept readings that nobody had an answer for yet`)
  t.comment(`${outcomes.filter(({ drops }) => drops > 0).length} cuts left drop records`)
  const restarts = countLogRestarts(calls)
  t.ok(restarts > 1, `the log began anew ${restarts} times after a checkpoint under load`)
})

/** Replays the calls; gives the disk after each cut. One iterator serves several judges. */
function* cut(
  t: Pick<Test, 'ok'>,
  folder: string,
  calls: readonly DiskCall[],
  points: ReadonlyMap<number, number>,
  random: Random,
): Generator<Cut> {
  const disk = new CutDisk()
  const acknowledged = new Map<string, number>()
  const settled: IdRange[] = []
  for (const [index, call] of calls.entries()) {
    for (let again = 0; again < (points.get(index) ?? 0); again += 1) {
      const books = { acknowledged: new Map(acknowledged), settled: [...settled] }
      yield { index, files: disk.cut(random), books }
    }
    if (call.kind === 'write' && disk.pathOf(call.handle) === bookFile(folder)) {
      note(call.bytes, acknowledged, settled)
    } else disk.apply(call)
  }
  // The recording is whole: replayed to its end it gives the very files that the run has left.
  for (const [path, bytes] of disk.now(random)) {
    if (path !== bookFile(folder)) t.ok(bytes.equals(readFileSync(path)), `${path} is as recorded`)
  }
}

function bookFile(folder: string): string {
  return join(folder, 'disk/books')
}

/** One run of the writer: closed and opened again, left without closing, opened by the next process. */
async function record(folder: string): Promise<readonly DiskCall[]> {
  const disk = join(folder, 'disk')
  const trace = join(folder, 'trace')
  mkdirSync(disk)
  const shim = buildDiskShim(folder, { folder: disk, trace })
  const run = async (
    first: number,
    openings: number,
    count: number,
    ending: string,
  ): Promise<void> => {
    const flags = ['--disable-warning=ExperimentalWarning', WRITER]
    const args = [join(disk, 'journal'), bookFile(folder), first, openings, count, ending]
    const child = promisify(execFile)(process.execPath, [...flags, ...args.map(String)], {
      env: { PATH: process.env['PATH'], ...shim },
    })
    await child.catch((error: unknown) => {
      if (ending !== 'abandon' || child.child.signalCode !== 'SIGKILL') throw error
    })
  }
  await run(1, 2, 250, 'abandon')
  await run(501, 2, 500, 'close')
  return readTrace(readFileSync(trace))
}

/** Where to cut, and how often: half anywhere, half near the rare calls that are not appends. */
function cutPoints(calls: readonly DiskCall[], random: Random): ReadonlyMap<number, number> {
  const paths = new Map<string, string>()
  const rare = calls.flatMap((call, index) => {
    if (call.kind === 'open') paths.set(call.handle, call.path)
    const path = 'handle' in call ? (paths.get(call.handle) ?? '') : ''
    const isAppend = path.endsWith('-wal') && !(call.kind === 'write' && call.offset === 0)
    return isAppend || path.endsWith('books') ? [] : [index]
  })
  const points = new Map<number, number>()
  for (let cut = 0; cut < CUTS; cut += 1) {
    const near = (rare[randomInt(random, rare.length)] ?? 0) + randomInt(random, 4)
    const anywhere = randomInt(random, calls.length)
    const point = Math.min(cut % 2 === 0 ? anywhere : near, calls.length - 1)
    points.set(point, (points.get(point) ?? 0) + 1)
  }
  return points
}

function note(bytes: Buffer, acknowledged: Map<string, number>, settled: IdRange[]): void {
  for (const line of bytes.toString().trimEnd().split('\n')) {
    const [what, one = '', two = '', type = '', seq = ''] = line.split(' ')
    if (what === 's') settled.push({ first: Number(one), last: Number(two) })
    else acknowledged.set(`${two} ${type} ${seq}`, Number(one))
  }
}

/** Lays the files out, opens the journal on them and compares it with the books. */
async function judge(folder: string, { index, files, books }: Cut): Promise<Outcome> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [path, bytes] of files) {
    if (basename(dirname(path)) === 'journal') writeFileSync(join(folder, basename(path)), bytes)
  }
  const at = (problem: string): string => `cut before call ${index}: ${problem}`
  try {
    await using journal = await openJournal(numberedOptions(folder), openInProcess(systemDisk))
    // A torn end of the log cannot be told from a damaged one: the journal then looks through a copy
    // for rows that the disk had promised, and says which it found none of.
    const salvaging = await eventually(
      () => journal.status().salvaging,
      (files) => files === 0,
      20_000,
    )
    const { head } = journal.status()
    const rows = journal.read({ first: 1, last: head }, head)
    const problems = [
      ...rowProblems(rows, books),
      ...settleProblems(rows, journal.unsettled(), books),
    ]
    if (salvaging > 0) problems.push('the salvage does not end')
    const readings = rows.filter((row) => 'corrupt' in row || !row.type.startsWith('_')).length
    const drops = rows.filter((row) => !('corrupt' in row) && row.type === '_drop').length
    return { problems: problems.map(at), checked: books.acknowledged.size, readings, drops }
  } catch (error) {
    return { problems: [at(messageOf(error))], checked: 0, readings: 0, drops: 0 }
  }
}

type Row = JournalRow | CorruptRow

function rowProblems(rows: readonly Row[], books: Books): readonly string[] {
  const problems: string[] = []
  const missing = new Map(books.acknowledged)
  const places = new Places()
  for (const row of rows) {
    if ('corrupt' in row) {
      problems.push(`row ${row.id}: ${row.corrupt}`)
      continue
    }
    const { epoch, type, reading } = row
    const key = `${epoch} ${type} ${reading.seq}`
    if (!places.take(epoch, type, reading.seq)) problems.push(`${key} is there twice`)
    if (type === '_drop') places.drop(reading.value)
    if (type.startsWith('_')) continue
    const wrong = contentProblem(row, missing.get(key))
    missing.delete(key)
    if (wrong !== undefined) problems.push(wrong)
  }
  for (const [key, number] of missing) problems.push(`${number} was acknowledged as ${key}`)
  return [...problems, ...places.problems(books)]
}

/** Which seqs of each epoch and type are there, or said to be lost. */
class Places {
  readonly #taken = new Map<string, Set<number>>()
  readonly #dropped = new Map<string, Set<number>>()

  /** False if it is taken already. */
  take(epoch: string, type: string, seq: number): boolean {
    const seqs = this.#of(this.#taken, epoch, type)
    return seqs.size < seqs.add(seq).size
  }

  /** What the value of a drop record gives up. */
  drop(value: unknown): void {
    if (!isJsonObject(value)) return
    const { epoch, type, first, last } = value
    if (typeof epoch !== 'string' || typeof type !== 'string') return
    const seqs = this.#of(this.#dropped, epoch, type)
    for (let seq = Number(first); seq <= Number(last); seq += 1) seqs.add(seq)
  }

  /** Holes that no record explains, and records that deny what is there or was promised. */
  problems(books: Books): readonly string[] {
    const holes = [...this.#taken].flatMap(([key, seqs]) =>
      Array.from({ length: Math.max(...seqs) }, (_, index) => index + 1)
        .filter((seq) => !seqs.has(seq) && this.#dropped.get(key)?.has(seq) !== true)
        .map((seq) => `${key} ${seq} is missing and no record says so`),
    )
    const denied = [...this.#dropped].flatMap(([key, seqs]) =>
      [...seqs]
        .filter(
          (seq) =>
            this.#taken.get(key)?.has(seq) === true || books.acknowledged.has(`${key} ${seq}`),
        )
        .map((seq) => `a record denies ${key} ${seq}`),
    )
    return [...holes, ...denied]
  }

  #of(map: Map<string, Set<number>>, epoch: string, type: string): Set<number> {
    const key = `${epoch} ${type}`
    const seqs = map.get(key) ?? new Set<number>()
    map.set(key, seqs)
    return seqs
  }
}

/** A row holds the reading that was acknowledged in its place, or at least one that was written. */
function contentProblem({ type, reading }: JournalRow, number: number | undefined) {
  const { value, device } = reading
  const holds = typeof value === 'object' && 'number' in value ? Number(value['number']) : 0
  const expected = numbered(number ?? holds)
  const same = JSON.stringify(expected.value) === JSON.stringify(value)
  if (same && expected.device === device && expected.type === type) return undefined
  return `${type} ${reading.seq} holds ${holds}, not ${number ?? 'a reading'}`
}

/** What nobody was about to settle must still be waiting. */
function settleProblems(rows: readonly Row[], waiting: readonly IdRange[], books: Books) {
  const isIn = (ranges: readonly IdRange[], id: number): boolean =>
    ranges.some(({ first, last }) => id >= first && id <= last)
  return rows
    .filter(({ id }) => !isIn(books.settled, id) && !isIn(waiting, id))
    .map(({ id }) => `row ${id} counts as settled`)
}

/** How often a write-ahead log that held frames was begun again from its start. */
function countLogRestarts(calls: readonly DiskCall[]): number {
  const paths = new Map<string, string>()
  const begun = new Set<string>()
  let restarts = 0
  for (const call of calls) {
    if (call.kind === 'open') {
      paths.set(call.handle, call.path)
      if (call.isNew) begun.delete(call.path)
    } else if (call.kind === 'write' && call.offset === 0) {
      const path = paths.get(call.handle) ?? ''
      if (path.endsWith('-wal') && begun.has(path)) restarts += 1
      begun.add(path)
    }
  }
  return restarts
}
