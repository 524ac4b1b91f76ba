import t from 'tap'
import { isoTime, parseIsoTime, systemClock } from './clock.ts'

t.test('RFC 3339 times are read with their offset, others are refused', async (t) => {
  t.equal(parseIsoTime('2026-01-31T09:30:00Z'), Date.UTC(2026, 0, 31, 9, 30))
  t.equal(parseIsoTime('2026-01-31 09:30:00.250+01:00'), Date.UTC(2026, 0, 31, 8, 30, 0, 250))
  t.equal(parseIsoTime('2026-01-31t09:30z'), Date.UTC(2026, 0, 31, 9, 30))
  t.equal(isoTime(0), '1970-01-01T00:00:00.000Z')
  const wrong = ['2026-02-31T00:00:00Z', '2026-01-31T09:30:00', '2026-01-31', '31.1.2026', '']
  t.strictSame(wrong.map(parseIsoTime), [undefined, undefined, undefined, undefined, undefined])
  t.equal(parseIsoTime('2026-13-01T00:00:00Z'), undefined)
  t.equal(parseIsoTime('2026-01-31T25:00:00Z'), undefined)
})

t.test('a sleep ends early, without error, when its signal aborts', async (t) => {
  const stop = new AbortController()
  const sleeping = systemClock.sleep(60_000, stop.signal)
  stop.abort()
  await sleeping
  await systemClock.sleep(60_000, stop.signal)
  t.ok(stop.signal.aborted)
})
