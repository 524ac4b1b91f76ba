import t from 'tap'
import { randomInt, seededRandom } from '../../base/random.ts'
import { etaMs, firstLook, lookedAgain } from './eta.ts'
import { POISON_CODES, poisonReason } from './poison.ts'
import { current, left, mayLeave, paceOf, unlimited, waitMs } from './rate.ts'
import type { Pace } from './rate.ts'

t.test('a lane keeps the pace whatever the packs, one pack of debt at most', async (t) => {
  const random = seededRandom(9)
  for (const perSecond of [0.5, 3, 40, 2500]) {
    let pace = paceOf(unlimited, { back: perSecond, live: null, forMs: 600_000 }, 0)
    let sent = 0
    let largest = 0
    for (let now = 0; now < 300_000; now += 1 + randomInt(random, 200)) {
      if (!mayLeave(pace, 'live', now)) t.fail('the other lane has no limit')
      while (mayLeave(pace, 'back', now)) {
        const readings = 1 + randomInt(random, 256)
        largest = Math.max(largest, readings)
        pace = left(pace, 'back', readings, now)
        sent += readings
        if (sent > perSecond * (now / 1000 + 1) + largest) t.fail(`${sent} at ${now} ms`)
      }
    }
    t.ok(sent >= perSecond * 290, `${sent} in 300 s at ${perSecond}/s`)
  }
})

t.test('the wait is as long as it takes for one token, and never beyond the end', async (t) => {
  const start = paceOf(unlimited, { back: 10, live: null, forMs: 60_000 }, 1000)
  t.equal(waitMs(start, 1000), undefined)
  const inDebt = left(start, 'back', 6, 1000)
  t.equal(waitMs(inDebt, 1000), 600)
  t.notOk(mayLeave(inDebt, 'back', 1599))
  t.ok(mayLeave(inDebt, 'back', 1600))
  const deep = left(start, 'back', 10_000, 1000)
  t.equal(waitMs(deep, 1000), 60_000)
  t.ok(mayLeave(deep, 'back', 61_000))
  t.equal(current(deep, 61_000), unlimited)
  t.equal(waitMs(deep, 61_000), undefined)
})

t.test('a pace of nothing lets nothing leave until it is over', async (t) => {
  const halt = paceOf(unlimited, { back: 0, live: 0, forMs: 5000 }, 0)
  for (const now of [0, 2000, 4999]) {
    t.notOk(mayLeave(halt, 'live', now))
    t.notOk(mayLeave(halt, 'back', now))
  }
  t.equal(waitMs(halt, 2000), 3000)
  t.ok(mayLeave(halt, 'live', 5000))
})

t.test('asking again keeps the debt; null lifts', async (t) => {
  const request = { back: 10, live: 5, forMs: 10_000 }
  let pace: Pace = unlimited
  let sent = 0
  for (let now = 0; now < 60_000; now += 1000) {
    pace = paceOf(pace, request, now)
    while (mayLeave(pace, 'back', now)) {
      pace = left(pace, 'back', 256, now)
      sent += 256
    }
  }
  t.ok(sent <= 10 * 61 + 256, `${sent} in a minute at 10/s`)
  t.equal(paceOf(pace, { back: null, live: null, forMs: 1 }, 60_000), unlimited)
  const half = paceOf(pace, { back: null, live: 5, forMs: 10_000 }, 60_000)
  t.ok(mayLeave(half, 'back', 60_000))
})

t.test('P4.4 the time left follows the pace of the backlog, smoothed', async (t) => {
  let drain = firstLook(1_000_000, 0)
  t.equal(etaMs(drain, 1_000_000), undefined)
  t.equal(lookedAgain(drain, 0, 999), drain)
  for (let second = 1; second <= 60; second += 1) {
    const wave = second % 2 === 0 ? 500 : -500
    drain = lookedAgain(drain, 1_000_000 - 5000 * second + wave, second * 1000)
  }
  const eta = etaMs(drain, 700_000) ?? 0
  t.ok(Math.abs(eta - 140_000) < 20_000, `${eta} ms for 700,000 at 5,000/s`)
  for (let second = 61; second <= 200; second += 1) {
    drain = lookedAgain(drain, 700_000 + 100 * second, second * 1000)
  }
  t.ok((drain.perSecond ?? 0) < 0, 'it grows')
  t.equal(etaMs(drain, 700_000), undefined)
  t.equal(etaMs(drain, 0), 0)
})

t.test('only what condemns the message itself is poison; unknown codes are not', async (t) => {
  t.strictSame([...POISON_CODES.keys()], [10054, 10097])
  for (const passing of [10060, 10077, 10109, 10118, 10158, 10023, 10047, 10039, 10002, 99999]) {
    t.equal(poisonReason(passing), undefined, `${passing}`)
  }
  t.equal(poisonReason(10054), 'too_large')
})
