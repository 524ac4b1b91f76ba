import t from 'tap'
import { seededRandom, randomInt } from '../base/random.ts'
import { epochOf, typeOf } from '../test/fixtures/rows.ts'
import * as requests from './requests.ts'

const epoch = epochOf('aaaaaaaaaaaaaaaa')
const type = typeOf('temperature')
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

t.test('requests and answers come back as they were', async (t) => {
  const resend = { epoch, type, first: 1, last: requests.RESEND_MAX_READINGS }
  t.strictSame(requests.parseResendRequest(requests.encodeMessage(resend)), { value: resend })
  const drop = { epoch, type: typeOf('_drop'), first: 7, last: 7 }
  t.strictSame(requests.parseResendRequest(requests.encodeMessage(drop)), { value: drop })
  for (const rate of [
    { back: null, live: 0.5, forMs: 1 },
    { back: 0, live: null, forMs: requests.RATE_MAX_MS },
  ]) {
    t.strictSame(requests.parseRateRequest(requests.encodeMessage(rate)), { value: rate })
  }
  const done = { ok: true, found: 3, missing: [[4, 9] as const], more: false } as const
  t.strictSame(requests.parseResendAnswer(requests.encodeMessage(done)), { value: done })
  const refusal = { ok: false, code: 'busy', message: 'another' } as const
  t.strictSame(requests.parseResendAnswer(requests.encodeMessage(refusal)), { value: refusal })
  t.strictSame(requests.parseRateAnswer(requests.encodeMessage(refusal)), { value: refusal })
  t.strictSame(requests.parseRateAnswer(bytesOf({ ok: true })), { value: { ok: true } })
})

t.test('each field has its bound, and unknown ones are refused', async (t) => {
  const resend = { epoch, type, first: 5, last: 9 }
  const bad: readonly (readonly [object, RegExp])[] = [
    [{ ...resend, epoch: 'A' }, /^epoch: /],
    [{ ...resend, epoch: undefined }, /^epoch: /],
    [{ ...resend, type: '_other' }, /^type: /],
    [{ ...resend, first: 0 }, /^first: /],
    [{ ...resend, first: 1.5 }, /^first: /],
    [{ ...resend, last: 4 }, /^last: before/],
    [{ ...resend, last: 5 + requests.RESEND_MAX_READINGS }, /^last: more than/],
    [{ ...resend, last: 2 ** 60 }, /^last: /],
    [{ ...resend, hub: 'h2' }, /hub/],
    [[], /^message: /],
  ]
  for (const [message, problem] of bad) {
    t.match(requests.parseResendRequest(bytesOf(message)), { problem }, JSON.stringify(message))
  }
  const rate = { back: 1, live: null, forMs: 10 }
  const badRates: readonly (readonly [object, RegExp])[] = [
    [{ ...rate, back: -1 }, /^back: /],
    [{ ...rate, back: requests.RATE_MAX_PER_SECOND + 1 }, /^back: /],
    [{ ...rate, live: undefined }, /^live: /],
    [{ ...rate, forMs: 0 }, /^forMs: /],
    [{ ...rate, forMs: requests.RATE_MAX_MS + 1 }, /^forMs: /],
    [{ ...rate, more: 1 }, /more/],
  ]
  for (const [message, problem] of badRates) {
    t.match(requests.parseRateRequest(bytesOf(message)), { problem }, JSON.stringify(message))
  }
  const long = Buffer.alloc(requests.REQUEST_MAX_BYTES + 1, 32)
  t.match(requests.parseRateRequest(long), { problem: /over 4096/ })
})

t.test('no bytes make a parser throw', async (t) => {
  const random = seededRandom(3)
  const sound = [
    requests.encodeMessage({ epoch, type, first: 1, last: 9 }),
    requests.encodeMessage({ back: 1, live: null, forMs: 10 }),
    requests.encodeMessage({ ok: true, found: 0, missing: [], more: false }),
  ]
  let refused = 0
  for (let round = 0; round < 2000; round += 1) {
    const bytes = Buffer.from(sound[round % sound.length] ?? [])
    for (let flips = 1 + randomInt(random, 4); flips > 0; flips -= 1) {
      bytes[randomInt(random, bytes.length)] = randomInt(random, 256)
    }
    for (const parse of [
      requests.parseResendRequest,
      requests.parseRateRequest,
      requests.parseResendAnswer,
      requests.parseRateAnswer,
    ]) {
      if ('problem' in parse(bytes)) refused += 1
    }
  }
  t.ok(refused > 6000, `${refused} of 8000 were refused`)
})
