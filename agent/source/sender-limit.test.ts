import t from 'tap'
import { SenderLimit, SENDERS_MAX } from './sender-limit.ts'

/** A limit of ten a second on a clock that the test turns. */
function limited() {
  const time = { ms: 0 }
  const limit = new SenderLimit({ perSecond: 10, clock: { monotonic: () => time.ms } })
  const taken = (sender: string, tries: number): number =>
    Array.from({ length: tries }, () => limit.take(sender)).filter((wait) => wait === 0).length
  return { limit, time, taken }
}

t.test('a sender has its burst, then its rate, and learns when to come back', async (t) => {
  const { limit, time, taken } = limited()
  t.equal(taken('a', 100), 50, 'five seconds’ worth at once')
  t.equal(limit.take('a'), 0.1, 'the next one after a tenth of a second')
  time.ms += 50
  t.equal(limit.take('a'), 0.05)
  time.ms += 50
  t.equal(limit.take('a'), 0)
  time.ms += 1000
  t.equal(taken('a', 100), 10)
  time.ms += 3_600_000
  t.equal(taken('a', 100), 50, 'an hour of quiet is worth no more than the burst')
})

t.test('another sender does not notice', async (t) => {
  const { taken } = limited()
  taken('a', 1000)
  t.equal(taken('b', 10), 10)
})

t.test('a wrong secret costs a second’s worth', async (t) => {
  const { limit, taken } = limited()
  for (let guess = 0; guess < 4; guess += 1) {
    t.equal(limit.take('a'), 0)
    limit.punish('a')
  }
  t.equal(taken('a', 100), 6)
  limit.punish('a')
  t.equal(limit.take('a'), 0.1, 'but no debt is kept: what is over is over')
})

t.test('senders beyond the bound share a bucket, until others are quiet', async (t) => {
  const { time, taken } = limited()
  for (let sender = 0; sender < SENDERS_MAX; sender += 1) taken(`busy-${sender}`, 1)
  const each = Array.from({ length: 200 }, (_, sender) => taken(`new-${sender}`, 1))
  t.equal(
    each.reduce((sum, count) => sum + count, 0),
    50,
    'two hundred addresses have one burst between them',
  )
  t.equal(taken('busy-7', 10), 10, 'who was there before has its own')
  time.ms += 5000
  t.equal(taken('new-1', 100), 50, 'a place of its own, once somebody was quiet')
})
