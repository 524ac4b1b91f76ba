import t from 'tap'
import { IntervalSet } from './interval-set.ts'
import { randomInt, seededRandom } from './random.ts'

t.test('ranges join, split and count', async (t) => {
  const set = new IntervalSet([
    { first: 5, last: 7 },
    { first: 1, last: 3 },
  ])
  t.strictSame(set.ranges, [
    { first: 1, last: 3 },
    { first: 5, last: 7 },
  ])
  set.add({ first: 4, last: 4 })
  t.strictSame(set.ranges, [{ first: 1, last: 7 }])
  set.remove({ first: 3, last: 4 })
  t.strictSame(set.ranges, [
    { first: 1, last: 2 },
    { first: 5, last: 7 },
  ])
  t.equal(set.size, 5)
  t.strictSame(set.lowest, { first: 1, last: 2 })
  t.strictSame(new IntervalSet().lowest, undefined)
})

t.test('it agrees with a plain set over random additions and removals', async (t) => {
  const random = seededRandom(7)
  for (let round = 0; round < 200; round += 1) {
    const set = new IntervalSet()
    const plain = new Set<number>()
    for (let step = 0; step < 60; step += 1) {
      const first = randomInt(random, 80)
      const last = first + randomInt(random, 12)
      const adding = random.float() < 0.6
      if (adding) set.add({ first, last })
      else set.remove({ first, last })
      for (let member = first; member <= last; member += 1) {
        if (adding) plain.add(member)
        else plain.delete(member)
      }
    }
    const members = Array.from({ length: 100 }, (_, index) => index)
    const differing = members.filter((member) => set.has(member) !== plain.has(member))
    const touching = set.ranges.filter(
      (range, index) => set.ranges[index + 1]?.first === range.last + 1,
    )
    if (differing.length > 0 || touching.length > 0 || set.size !== plain.size) {
      t.fail(`round ${round} differs at ${differing.join(', ')}`)
    }
  }
  t.pass('200 rounds of 60 steps agree')
})
