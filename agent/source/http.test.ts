import { fastify } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { HubleafError } from '../../base/errors.ts'
import { silentLogger } from '../../base/log.ts'
import type { SourceReading } from '../../wire/reading.ts'
import type { Accepted } from '../journal/journal.ts'
import { addReadingsRoute } from './http.ts'

/** A server over a sink that the test answers for. */
function serve(t: Test, accept: (readings: readonly SourceReading[]) => Promise<Accepted[]>) {
  const app = fastify()
  t.teardown(() => app.close())
  addReadingsRoute(app, { accept }, silentLogger)
  const headers = { 'content-type': 'application/json' }
  return async (payload: string) =>
    app.inject({ method: 'POST', url: '/v1/readings', headers, payload })
}

const stored = (readings: readonly SourceReading[]): Accepted[] =>
  readings.map(({ type }, index) => ({ kind: 'stored', type, seq: index + 1 }))

const reading = { type: 'temperature', device: 'd', value: 1 }

t.test('P1.10 no answer before the journal has synced', async (t) => {
  const synced = Promise.withResolvers<undefined>()
  const arrived = Promise.withResolvers<readonly SourceReading[]>()
  const post = serve(t, async (readings) => {
    arrived.resolve(readings)
    await synced.promise
    return stored(readings)
  })
  const events: string[] = []
  const answer = post(JSON.stringify(reading)).then((response) => {
    events.push('answered')
    return response
  })
  t.match(await arrived.promise, [{ ...reading, channel: 'main', source: 'http' }])
  events.push('synced')
  synced.resolve(undefined)
  t.equal((await answer).statusCode, 200)
  t.strictSame(events, ['synced', 'answered'])
})

t.test('P1.7 a journal that fails or is busy is a 503, never a 2xx', async (t) => {
  for (const code of ['journal_write_failed', 'journal_busy', 'journal_closed'] as const) {
    const post = serve(t, async () => {
      throw new HubleafError(code, 'the disk said no', { hint: 'wait' })
    })
    const answer = await post(JSON.stringify([reading, { ...reading, value: null }]))
    t.equal(answer.statusCode, 503, code)
    t.equal(answer.headers['retry-after'], '1')
    t.strictSame(answer.json(), { error: { code, message: 'the disk said no', hint: 'wait' } })
  }
})

t.test('P1.9 each item of a batch has its own answer, in the order of the request', async (t) => {
  const seen: unknown[] = []
  const post = serve(t, async (readings) => {
    seen.push(...readings.map(({ value }) => value))
    return stored(readings).map((fate, index) => (index === 1 ? { kind: 'repeated' } : fate))
  })
  const values = [1, null, 2, { deep: true }]
  const answer = await post(JSON.stringify(values.map((value) => ({ ...reading, value }))))
  t.equal(answer.statusCode, 207)
  t.match(answer.json(), {
    ...{ accepted: 2, repeated: 1, rejected: 1 },
    results: [
      { status: 'accepted', seq: 1 },
      { status: 'rejected', error: { code: 'field_invalid', field: 'value' } },
      { status: 'repeated' },
      { status: 'accepted', seq: 3 },
    ],
  })
  t.strictSame(seen, [1, 2, { deep: true }])
})

t.test('P3.6 what is refused never reaches the journal, and a bug shows no inside', async (t) => {
  const post = serve(t, async () => {
    throw new TypeError('secret detail')
  })
  const refused = await post(JSON.stringify([{ ...reading, value: null }]))
  t.match(refused.json(), { accepted: 0, rejected: 1, error: { code: 'field_invalid' } })
  t.equal(refused.statusCode, 400)
  const broken = await post(JSON.stringify(reading))
  t.equal(broken.statusCode, 500)
  t.notMatch(broken.body, 'secret')
})
