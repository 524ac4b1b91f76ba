import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { HubleafError } from '../../../base/errors.ts'
import { silentLogger } from '../../../base/log.ts'
import { seededRandom } from '../../../base/random.ts'
import type { SourceReading } from '../../../wire/reading.ts'
import { temporaryFolder } from '../../../test/fixtures/folder.ts'
import { VirtualClock } from '../../../test/fixtures/virtual-clock.ts'
import type { Accepted } from '../../journal/journal.ts'
import { openCursor, readCursor, writeCursor } from './cursor.ts'
import { Intake } from './intake.ts'
import type { AttributeReport } from './mapping.ts'
import type { Known } from './merge.ts'

const T = 1_795_162_000_123
const report: AttributeReport = {
  ...{ device: 'd', component: 'main', capability: 'temperatureMeasurement' },
  ...{ attribute: 'temperature', value: 21, unit: 'C', at: T },
}

/** An intake over a journal that the test answers for. */
function intakeOver(
  accept: (readings: readonly SourceReading[]) => Promise<void>,
  known: ReadonlyMap<string, Known> = new Map(),
) {
  const clock = new VirtualClock(T + 5000)
  const stop = new AbortController()
  const intake = new Intake({
    sink: {
      async accept(readings): Promise<readonly Accepted[]> {
        await accept(readings)
        return readings.map(({ type }) => ({ kind: 'stored', type, seq: 1 }))
      },
    },
    ...{ known, clock, random: seededRandom(1), log: silentLogger, signal: stop.signal },
  })
  return { intake, clock, stop }
}

t.test('an event has the unit that a status gave, never another', async (t) => {
  const kept: SourceReading[] = []
  const { intake } = intakeOver(async (readings) => {
    kept.push(...readings)
  })
  const event = { ...report, unit: undefined, value: 22, at: T + 9000 }
  await intake.take('stream', [event])
  await intake.take('snapshot', [report])
  await intake.take('stream', [{ ...event, at: T + 19_000 }])
  t.strictSame(
    kept.map(({ unit }) => unit),
    [undefined, 'C', 'C'],
  )
})

t.test('what is not accepted is tried again and not known before; nothing overtakes', async (t) => {
  const seen: unknown[] = []
  let failures = 3
  const { intake, clock } = intakeOver(async (readings) => {
    seen.push(readings.map(({ value }) => value))
    failures -= 1
    if (failures >= 0) throw new HubleafError('journal_busy', 'busy')
  })
  const first = intake.take('snapshot', [report])
  const second = intake.take('snapshot', [report, { ...report, value: 23, at: T + 2000 }])
  t.ok(intake.push({ ...report, value: 24, at: T + 3000 }))
  await clock.runUntil(T + 5001)
  t.equal(intake.known.size, 0)
  await clock.runUntil(T + 100_000)
  t.equal((await first).length, 1)
  t.equal((await second).length, 1, 'the first report was known by then')
  await intake.idle()
  t.strictSame(seen, [[21], [21], [21], [21], [23], [24]])
})

t.test('null is skipped and counted', async (t) => {
  const { intake } = intakeOver(async () => void t.fail('there is nothing to hand over'))
  await intake.take('snapshot', [
    { ...report, value: null },
    { ...report, component: '' },
  ])
  t.strictSame(
    [...intake.skipped],
    [
      ['null', 1],
      ['invalid_name', 1],
    ],
  )
  t.equal(intake.known.size, 0)
})

t.test('the queue of the stream is bounded, and says when it is full', async (t) => {
  const never = Promise.withResolvers<undefined>()
  const { intake, stop } = intakeOver(async () => {
    await never.promise
  })
  let pushed = 0
  while (intake.push({ ...report, at: T + pushed })) pushed += 1
  t.equal(pushed, 10_000)
  stop.abort()
  never.resolve(undefined)
})

t.test('a cursor says after a restart what was known before', async (t) => {
  const { intake } = intakeOver(async () => undefined)
  await intake.take('snapshot', [report])
  await intake.take('stream', [{ ...report, value: 'a\n=,"ü', at: T + 9000 }])
  const file = join(temporaryFolder(t), 'cursor.json')
  const coverage = { until: T, openSince: T + 1, gaps: [{ from: 1, to: 2 }] }
  const cursor = await openCursor(file)
  await cursor.update(() => writeCursor({ coverage, known: intake.known }))
  const again = readCursor((await openCursor(file)).data)
  t.strictSame(again.coverage, coverage)
  t.strictSame([...again.known], [...intake.known])
  const after = intakeOver(async () => void t.fail('it is known'), again.known)
  t.strictSame(await after.intake.take('snapshot', [report]), [])
  writeFileSync(file, '{"version":2}')
  const damaged = await openCursor(file)
  t.equal(damaged.damage?.code, 'state_file_damaged')
  t.equal(readCursor(damaged.data).known.size, 0)
})
