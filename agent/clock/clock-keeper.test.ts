import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { journalOptions } from '../../test/fixtures/journal-options.ts'
import { temperature } from '../../test/fixtures/readings.ts'
import type { Journal, JournalRow } from '../journal/journal.ts'
import { openJournal } from '../journal/sqlite-journal.ts'
import { keepClock } from './clock-keeper.ts'

const TODAY = 1_795_000_000_000

/** A machine whose wall clock stands where the test puts it; delays are over when `skip` is called. */
function machine(wallAtBoot: number) {
  const state = { wallAtBoot, mono: 1000, synced: false }
  const sleepers = new Set<() => void>()
  const clock: Clock = {
    ...systemClock,
    now: () => state.wallAtBoot + state.mono,
    sinceBoot: () => state.mono,
    async sleep(_ms, signal) {
      if (signal?.aborted === true) return
      await new Promise<void>((resolve) => {
        sleepers.add(resolve)
        signal?.addEventListener('abort', () => resolve(), { once: true })
      })
    },
  }
  const time = { isSynced: () => state.synced, look: async () => undefined }
  const skip = (): void => {
    for (const wake of sleepers) wake()
    sleepers.clear()
  }
  return { state, clock, time, skip }
}

type Machine = ReturnType<typeof machine>

const restless: Clock['sleep'] = async (ms, signal) => systemClock.sleep(ms, signal)

async function open(folder: string, boot: string, { clock, time }: Machine) {
  const keeper = keepClock({ boot, clock, time, log: silentLogger })
  const stamping = { boot, clock: { ...systemClock, ...keeper.clock, sleep: restless } }
  const journal = await openJournal(
    journalOptions(folder, { ...stamping, timeQuality: () => keeper.quality() }),
  )
  return { keeper, journal }
}

function rowsOf(journal: Journal): readonly JournalRow[] {
  const rows = journal.read({ first: 1, last: journal.status().head }, 1000)
  return rows.flatMap((row) => ('corrupt' in row ? [] : [row]))
}

function timesOf(journal: Journal) {
  return rowsOf(journal)
    .filter((row) => row.type === 'temperature')
    .map(({ reading }) => [reading.observedAt, reading.receivedAt, reading.timeQuality])
}

t.test('P7.2 rows from 1970 are stamped anew, once, before anything is sent', async (t) => {
  const folder = temporaryFolder(t)
  const pi = machine(0)
  const { keeper, journal } = await open(folder, 'b1', pi)
  await journal.append([temperature(1), temperature(2, { observedAt: 77 })], 'waited')
  t.strictSame(timesOf(journal)[0], [1000, 1000, 'unsynced'])
  const kept = keeper.keep(journal)
  let decided = false
  const deciding = kept.decided.then(() => (decided = true))
  pi.state.wallAtBoot = TODAY
  pi.state.synced = true
  await eventually(
    () => pi.skip(),
    () => decided,
    5000,
  )
  await deciding
  const anew = [
    [TODAY + 1000, TODAY + 1000, 'corrected'],
    [77, TODAY + 1000, 'corrected'],
  ]
  t.strictSame(timesOf(journal), anew)
  // A second decision changes nothing, nor does the next opening.
  await journal.markBoot({ boot: 'b1', wallAtBoot: 5 })
  t.strictSame(timesOf(journal), anew)
  await kept[Symbol.asyncDispose]()
  await journal[Symbol.asyncDispose]()
  const next = await open(folder, 'b1', pi)
  t.strictSame(timesOf(next.journal), anew)
  const told = rowsOf(next.journal).filter((row) => row.type === '_clock')
  t.match(told[0]?.reading.value, { boot: 'b1', wallAtBoot: TODAY, by: 'system', offsetMs: TODAY })
  await next.journal[Symbol.asyncDispose]()
})

t.test('P7.3 a clock that is never set goes out as it is; later the cloud is told', async (t) => {
  const pi = machine(0)
  const { keeper, journal } = await open(temporaryFolder(t), 'b1', pi)
  await journal.append([temperature(1)], 'waited')
  const kept = keeper.keep(journal)
  let decided = false
  const deciding = kept.decided.then(() => (decided = true))
  pi.skip()
  t.notOk(decided, 'without a link nothing is decided')
  kept.linkIsUp()
  await eventually(
    () => pi.skip(),
    () => decided,
    5000,
  )
  await deciding
  t.strictSame(journal.undecidedBoots(), [])
  const sent = timesOf(journal)
  t.strictSame(sent, [[1000, 1000, 'unsynced']])
  pi.state.mono = 70_000
  kept.heard({ now: TODAY + 70_000, sentMono: 69_990, receivedMono: 70_010 })
  await journal.append([temperature(2)], 'waited')
  t.strictSame(timesOf(journal), [...sent, [TODAY + 70_000, TODAY + 70_000, 'corrected']])
  const told = await eventually(
    async () => {
      pi.skip()
      await journal.append([temperature(3)], 'waited')
      return rowsOf(journal).find((row) => row.type === '_clock')
    },
    (row) => row !== undefined,
    5000,
  )
  t.match(told?.reading.value, { boot: 'b1', wallAtBoot: TODAY, by: 'cloud', offsetMs: TODAY })
  await kept[Symbol.asyncDispose]()
  await journal[Symbol.asyncDispose]()
})

t.test('an earlier boot that nobody decided about goes out as it was', async (t) => {
  const folder = temporaryFolder(t)
  const before = machine(0)
  const first = await open(folder, 'b1', before)
  await first.journal.append([temperature(1)], 'waited')
  await first.journal[Symbol.asyncDispose]()
  const now = machine(TODAY)
  now.state.synced = true
  const { keeper, journal } = await open(folder, 'b2', now)
  await journal.append([temperature(2)], 'waited')
  const kept = keeper.keep(journal)
  await kept.decided
  t.strictSame(timesOf(journal), [
    [1000, 1000, 'unsynced'],
    [TODAY + 1000, TODAY + 1000, 'synced'],
  ])
  t.strictSame(journal.undecidedBoots(), [])
  await kept[Symbol.asyncDispose]()
  await journal[Symbol.asyncDispose]()
})
