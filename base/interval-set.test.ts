import t from 'tap'
import { IntervalSet } from './interval-set.ts'
import type { Interval } from './interval-set.ts'
import { randomInt, seededRandom } from './random.ts'
import type { Random } from './random.ts'

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

t.test('it agrees with a plain set over random changes', async (t) => {
  const random = seededRandom(7)
  for (let round = 0; round < 200; round += 1) {
    const set = new IntervalSet()
    const plain = new Set<number>()
    for (let step = 0; step < 60; step += 1) {
      const change = CHANGES[randomInt(random, CHANGES.length)] ?? CHANGES[0]
      const problem = change(set, plain, random)
      if (problem !== undefined) t.fail(`round ${round}: ${problem}`)
    }
    const members = Array.from({ length: 200 }, (_, index) => index)
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

type Change = (set: IntervalSet, plain: Set<number>, random: Random) => string | undefined

const CHANGES: readonly [Change, ...Change[]] = [
  (set, plain, random) => {
    const range = rangeOf(random)
    set.add(range)
    for (const member of membersOf([range])) plain.add(member)
    return undefined
  },
  (set, plain, random) => {
    const ranges = Array.from({ length: randomInt(random, 24) }, () => rangeOf(random))
    set.addAll(ranges)
    for (const member of membersOf(ranges)) plain.add(member)
    return undefined
  },
  (set, plain, random) => {
    const range = rangeOf(random)
    const expected = membersOf([range]).filter((member) => plain.delete(member))
    return differ('take', membersOf(set.take(range)), expected)
  },
  (set, plain, random) => {
    const count = randomInt(random, 40)
    const expected = [...plain].sort((a, b) => a - b).slice(0, count)
    for (const member of expected) plain.delete(member)
    return differ('takeLowest', membersOf(set.takeLowest(count)), expected)
  },
]

function rangeOf(random: Random): Interval {
  const first = randomInt(random, 180)
  return { first, last: first + randomInt(random, 12) }
}

function membersOf(ranges: readonly Interval[]): readonly number[] {
  return ranges.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, place) => first + place),
  )
}

function differ(what: string, found: readonly number[], expected: readonly number[]) {
  const same = found.join() === expected.join()
  return same ? undefined : `${what} gave ${found.join()}, not ${expected.join()}`
}
