import t from 'tap'
import { ClockJudge } from './clock-judge.ts'

const BOOT_WALL = 1_795_000_000_000
const facts = (mono: number, wall: number, synced: boolean) => ({ mono, wall, synced })

t.test('a clock from 1970 is unsynced until it is set, then told once', async (t) => {
  const judge = new ClockJudge('b')
  t.strictSame(judge.stamp(facts(5000, 5000, false)), { at: 5000, quality: 'unsynced' })
  t.equal(judge.look(facts(6000, 6000, false)), undefined)
  t.strictSame(judge.look(facts(7000, BOOT_WALL + 7000, true)), {
    ...{ boot: 'b', wallAtBoot: BOOT_WALL, by: 'system', offsetMs: BOOT_WALL },
  })
  t.equal(judge.look(facts(8000, BOOT_WALL + 8200, true)), undefined, 'it is disciplined a little')
  t.equal(judge.stamp(facts(9000, BOOT_WALL + 9000, true)).quality, 'synced')
})

t.test('the cloud’s time serves where no time service does', async (t) => {
  const judge = new ClockJudge('b')
  judge.stamp(facts(1000, 1000, false))
  const record = judge.hear(
    { now: BOOT_WALL + 2100, sentMono: 2000, receivedMono: 2200 },
    facts(2200, 2200, false),
  )
  t.strictSame(record, { boot: 'b', wallAtBoot: BOOT_WALL, by: 'cloud', offsetMs: BOOT_WALL })
  const stamped = judge.stamp(facts(3000, 3000, false))
  t.strictSame(stamped, { at: BOOT_WALL + 3000, quality: 'corrected' })
  const late = { now: BOOT_WALL, sentMono: 3000, receivedMono: 14_000 }
  t.equal(judge.hear(late, facts(14_000, 14_000, false)), undefined, 'a late answer says nothing')
  t.equal(judge.anchor?.wallAtBoot, BOOT_WALL)
})

t.test(
  'a synced clock that jumps two weeks back is suspect, until the cloud decides',
  async (t) => {
    const judge = new ClockJudge('b')
    judge.look(facts(1000, BOOT_WALL + 1000, true))
    const back = (mono: number): number => BOOT_WALL + mono - 14 * 86_400_000
    t.equal(judge.look(facts(2000, back(2000), true)), undefined)
    t.equal(judge.stamp(facts(2000, back(2000), true)).quality, 'suspect')
    const agrees = { now: back(3000), sentMono: 2990, receivedMono: 3010 }
    t.match(judge.hear(agrees, facts(3010, back(3010), true)), { by: 'system' })
    t.equal(judge.stamp(facts(4000, back(4000), true)).quality, 'synced')
  },
)

t.test('the cloud that contradicts a suspect clock is no reason to follow it', async (t) => {
  const judge = new ClockJudge('b')
  judge.look(facts(1000, BOOT_WALL + 1000, true))
  const wrong = facts(3010, BOOT_WALL - 9e8, true)
  const time = { now: BOOT_WALL + 3000, sentMono: 2990, receivedMono: 3010 }
  t.equal(judge.hear(time, wrong), undefined)
  t.equal(judge.stamp(wrong).quality, 'suspect')
})
