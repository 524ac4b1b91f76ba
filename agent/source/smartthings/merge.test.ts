import t from 'tap'
import { randomInt, seededRandom } from '../../../base/random.ts'
import type { Random } from '../../../base/random.ts'
import { seedOr } from '../../../test/fixtures/seed.ts'
import { judge, newestOf, NOTHING, SKEW_MS, wasStreamed } from './merge.ts'
import type { Known, Seen, Way } from './merge.ts'

const T = 1_795_162_000_000

function seen(way: Way, at: number, text: string): Seen {
  return { way, at: T + at, text }
}

/** Judges one after the other; gives what was news of the last. */
function lastIsNews(...reports: readonly Seen[]): boolean | undefined {
  let known: Known = NOTHING
  let news: boolean | undefined
  for (const report of reports) {
    const judged = judge(known, [report])
    known = judged.known
    news = judged.news[0]
  }
  return news
}

t.test('an event is news, whatever is known', async (t) => {
  const event = seen('stream', 0, 'pushed')
  t.equal(lastIsNews(event), true)
  t.equal(lastIsNews(event, event), true, 'its repeat has its id, and the journal merges it')
  t.equal(lastIsNews(seen('snapshot', 0, 'pushed'), event), true)
  t.equal(lastIsNews(seen('history', 100, 'pushed'), event), true)
})

t.test('a snapshot is news where it is newer than its equal, or another value', async (t) => {
  const event = seen('stream', 0, 'open')
  for (const [at, text, news] of [
    ...([0, -SKEW_MS, SKEW_MS, -5000] as const).map((at) => [at, 'open', false] as const),
    [SKEW_MS + 1, 'open', true],
    [0, 'closed', true],
    [5000, 'closed', true],
    [-5000, 'closed', true],
  ] as const) {
    t.equal(lastIsNews(event, seen('snapshot', at, text)), news, `${text} at ${at}`)
  }
  t.equal(lastIsNews(seen('snapshot', 0, 'open')), true, 'the first view of all')
})

t.test('two snapshots have one clock: a millisecond tells them apart', async (t) => {
  const first = seen('snapshot', 0, '21')
  t.equal(lastIsNews(first, first), false)
  t.equal(lastIsNews(first, seen('snapshot', 1, '21')), true, 'reported again')
  t.equal(lastIsNews(first, seen('snapshot', 1, '22')), true)
})

t.test('an answer that lags shows nothing new', async (t) => {
  const events = ['a', 'b', 'c'].map((text, index) => seen('stream', 10_000 * index, text))
  t.equal(lastIsNews(...events, seen('snapshot', 200, 'a')), false)
  t.equal(lastIsNews(...events, seen('snapshot', 5000, 'x')), true, 'one that the stream lost')
})

t.test('a value without a time is news only where it differs', async (t) => {
  const untimed = (text: string): Seen => ({ ...seen('snapshot', 90_000, text), isUntimed: true })
  t.equal(lastIsNews(untimed('a')), true)
  t.equal(lastIsNews(untimed('a'), untimed('a')), false)
  t.equal(lastIsNews(seen('stream', 0, 'a'), untimed('a')), false)
  t.equal(lastIsNews(seen('stream', 0, 'a'), untimed('b')), true)
})

t.test('a flicker within a second keeps all its changes', async (t) => {
  const { known } = judge(NOTHING, [seen('snapshot', 600, 'on')])
  const rows = [seen('history', 0, 'on'), seen('history', 300, 'off'), seen('history', 600, 'on')]
  for (const order of [rows, [...rows].reverse()]) {
    const { news } = judge(known, order)
    const told = order.filter((_, index) => news[index] === true).map(({ at }) => at - T)
    t.strictSame(told.sort(), [0, 300], 'the third is the one of the snapshot')
  }
})

t.test('what is known has a newest time, and whether the stream told of it', async (t) => {
  const { known } = judge(NOTHING, [seen('snapshot', 0, 'a')])
  t.equal(newestOf(NOTHING), undefined)
  t.match(newestOf(known), { at: T, text: 'a' })
  t.equal(wasStreamed(known), false)
  t.equal(wasStreamed(judge(known, [seen('stream', 400, 'a')]).known), true)
})

interface Life {
  readonly truth: readonly Seen[]
  /** What is seen, in the order in which it arrives; what is in one answer comes together. */
  readonly answers: readonly (readonly Seen[])[]
}

/**
 * Changes of one attribute, at least `apartMs` from each other, and how they are seen: the stream loses
 * some and repeats some, snapshots show the last or another value before it, the history has all. The
 * times of the stream are off by up to `skewMs`.
 */
function randomLife(random: Random, apartMs: number, skewMs: number): Life {
  const truth: Seen[] = []
  const answers: Seen[][] = []
  let at = T
  for (let round = 0; round < 40; round += 1) {
    at += apartMs + 1 + randomInt(random, random.float() < 0.5 ? 10 : 100_000)
    const change = { at, text: String(randomInt(random, 3)) }
    truth.push({ way: 'history', ...change })
    const off = randomInt(random, 2 * skewMs + 1) - skewMs
    const event: Seen = { way: 'stream', ...change, at: at + off }
    if (random.float() < 0.6) answers.push([event])
    if (random.float() < 0.1) answers.push([event])
    const before = truth.at(-2)
    const lags = before !== undefined && before.text !== change.text && random.float() < 0.1
    if (random.float() < 0.3) answers.push([{ ...(lags ? before : change), way: 'snapshot' }])
    if (random.float() < 0.1) answers.push(truth.slice(-4 - randomInt(random, 4)))
  }
  return { truth, answers: [...answers, truth.slice(-8)] }
}

/** What a journal holds after a life: one row for each id, which is time and value. */
function journalAfter({ answers }: Life): readonly Seen[] {
  let known: Known = NOTHING
  const rows = new Map<string, Seen>()
  for (const answer of answers) {
    const judged = judge(known, answer)
    known = judged.known
    for (const [index, report] of answer.entries()) {
      const id = `${report.at}=${report.text}`
      if (judged.news[index] === true && !rows.has(id)) rows.set(id, report)
    }
  }
  return [...rows.values()]
}

for (const [words, apartMs, skewMs] of [
  ['where the clocks agree', SKEW_MS, 0],
  ['where they differ by less than half a second', 2 * SKEW_MS, 490],
] as const) {
  t.test(`P2.12 each change that was seen in any way is kept once, ${words}`, async (t) => {
    const seed = seedOr(20_262)
    t.comment(`seed ${seed}`)
    const random = seededRandom(seed)
    let changes = 0
    for (let round = 0; round < 3000; round += 1) {
      const life = randomLife(random, apartMs, skewMs)
      const kept = journalAfter(life)
      for (const { at, text } of life.truth) {
        const isIt = (row: Seen): boolean => Math.abs(row.at - at) <= skewMs && row.text === text
        const wanted = life.answers.some((answer) => answer.some(isIt)) ? 1 : 0
        const copies = kept.filter(isIt).length
        changes += wanted
        if (copies !== wanted) t.fail(`life ${round}: ${copies} copies for ${wanted}`)
      }
    }
    t.ok(changes > 10_000, `${changes} changes`)
  })
}
