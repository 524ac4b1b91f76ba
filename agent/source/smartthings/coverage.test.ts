import t from 'tap'
import { randomInt, seededRandom } from '../../../base/random.ts'
import { seedOr } from '../../../test/fixtures/seed.ts'
import { delivered, filled, interrupted, looked, reopened, UNCOVERED } from './coverage.ts'
import type { Coverage } from './coverage.ts'
import { sliceOf, SLICE_MS } from './gap-filler.ts'

t.test(
  'P3.11 a gap lasts from what was covered to the next snapshot, until it is read',
  async (t) => {
    const before = looked(UNCOVERED, 1000)
    t.strictSame(before, { until: 1000, gaps: [] }, 'the first snapshot ends no gap')
    const open = interrupted(before)
    t.strictSame(open, { until: 1000, openSince: 1000, gaps: [] })
    t.strictSame(interrupted(delivered(open, 5000)), open, 'what comes meanwhile covers nothing')
    const closed = looked(open, 9000)
    t.strictSame(closed, { until: 9000, gaps: [{ from: 1000, to: 9000 }] })
    t.strictSame(filled(closed, 4000).gaps, [{ from: 4000, to: 9000 }], 'what was read is read')
    t.strictSame(filled(filled(closed, 4000), 9000).gaps, [])
  },
)

t.test('what an open stream delivered is no gap, unless it was frozen', async (t) => {
  const streaming = delivered(looked(UNCOVERED, 1000), 8000)
  t.equal(interrupted(streaming).openSince, 8000)
  t.equal(reopened(streaming, 1000).openSince, 1000)
  t.equal(reopened(interrupted(streaming), 1000).openSince, 1000, 'the earlier begin counts')
})

t.test(
  'a clock that went back makes no gap, and nothing is ever interrupted at the start',
  async (t) => {
    t.strictSame(interrupted(UNCOVERED), UNCOVERED)
    t.strictSame(looked(interrupted(looked(UNCOVERED, 5000)), 3000), { until: 5000, gaps: [] })
  },
)

t.test('a long gap is read in slices that cover all of it', async (t) => {
  let coverage: Coverage = { gaps: [{ from: 7, to: 7 + 3.5 * SLICE_MS }] }
  const lengths: number[] = []
  for (let [gap] = coverage.gaps; gap !== undefined; [gap] = coverage.gaps) {
    const slice = sliceOf(gap)
    lengths.push(slice.to - slice.from)
    coverage = filled(coverage, slice.to)
  }
  t.strictSame(lengths, [SLICE_MS, SLICE_MS, SLICE_MS, SLICE_MS / 2])
})

t.test('whatever happens, each moment is covered, open or in a gap', async (t) => {
  const seed = seedOr(20_265)
  t.comment(`seed ${seed}`)
  const random = seededRandom(seed)
  for (let life = 0; life < 300; life += 1) {
    let coverage: Coverage = UNCOVERED
    let now = 1000
    const away: number[] = []
    let isAway = false
    for (let step = 0; step < 300; step += 1) {
      now += 1 + randomInt(random, 100)
      const what = randomInt(random, 3)
      if (what === 0) {
        coverage = looked(coverage, now)
        isAway = false
      } else if (what === 1) {
        coverage = interrupted(coverage)
        isAway = coverage.until !== undefined
      } else if (!isAway) coverage = delivered(coverage, now)
      if (isAway) away.push(now)
    }
    const { gaps, openSince = Infinity } = coverage
    const isKnown = (at: number): boolean =>
      at >= openSince || gaps.some(({ from, to }) => at >= from && at <= to)
    const unknown = away.filter((at) => !isKnown(at))
    t.strictSame(unknown, [], `${gaps.length} gaps`)
    if (gaps.length > 100) t.fail('gaps without bound')
  }
})
