import t from 'tap'
import type { BudgetState, BudgetWindow } from './api.ts'
import { activityAfter, nextWaitMs } from './pace.ts'
import type { PaceFacts } from './pace.ts'

const DAY_MS = 86_400_000
const free: BudgetWindow = { used: 0, endsAtMs: DAY_MS }

function wait(change: Partial<PaceFacts>, budget: Partial<BudgetState> = {}): number {
  return nextWaitMs({
    ...{ now: 0, callsPerSnapshot: 1, activity: 1, minMs: 30_000, maxMs: 900_000 },
    budget: { hour: free, day: free, month: free, ...budget },
    ...change,
  })
}

t.test('without a limit the shortest wait counts; a quiet house waits longer', async (t) => {
  t.equal(wait({}), 30_000)
  t.equal(wait({ activity: 0 }), 45_000)
})

t.test('the tightest window decides, and more calls for each snapshot stretch it', async (t) => {
  const day = { ...free, limit: 1000 }
  const one = wait({ activity: 0.5 }, { day })
  t.ok(one > 90_000 && one < 120_000, `${one} ms`)
  t.ok(wait({ activity: 0.5, callsPerSnapshot: 3 }, { day }) > 2.9 * one)
  t.equal(
    wait({ activity: 0.5 }, { day, month: { ...free, limit: 100 } }),
    900_000 * 1.0666666666666667,
  )
})

t.test('a spent budget and a block are waited out', async (t) => {
  t.equal(wait({}, { day: { used: 950, limit: 1000, endsAtMs: DAY_MS } }), DAY_MS)
  t.equal(wait({}, { blockedUntilMs: 400_000 }), 400_000)
  t.equal(wait({ now: 500_000 }, { blockedUntilMs: 400_000 }), 30_000)
})

t.test(
  'whatever the activity, a day of snapshots never uses more than the day allows',
  async (t) => {
    for (const limit of [10, 100, 1000, 5000]) {
      for (const share of [0, 0.3, 1]) {
        let used = 0
        let activity = 0
        for (let now = 0, turn = 0; now < DAY_MS; turn += 1) {
          used += 1
          activity = activityAfter(activity, turn % 10 < share * 10)
          now += wait({ now, activity }, { day: { used, limit, endsAtMs: DAY_MS } })
        }
        t.ok(used <= limit, `${used} of ${limit}`)
        t.ok(used >= Math.min(limit, 2800) * 0.6, `${used} of ${limit} are used`)
      }
    }
  },
)
