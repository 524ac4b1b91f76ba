// The pace that the cloud sets, and what the forwarder says of its backlog, on a real server.

import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import * as forwarding from '../../test/fixtures/forwarding.ts'
import { hubOf, temperature } from '../../test/fixtures/readings.ts'
import { decodePack } from '../../wire/codec.ts'
import { encodeMessage } from '../../wire/requests.ts'
import { hubRequest, parseReadingsSubject } from '../../wire/subject.ts'
import { leafPublisher } from './publisher.ts'
import type { Publisher } from './publisher.ts'
import { serveRequests } from './requests.ts'

const hub = hubOf('h1')
const READINGS = 120_000
const PACE_PER_SECOND = 400
const WATCHED_MS = 3000

/** A publisher that notes when readings leave, and whose acknowledgements take a while. */
function watched(real: Publisher) {
  const left: { at: number; lane: string; readings: number }[] = []
  const publisher: Publisher = {
    ...real,
    publish: async (pack) => {
      const { lane, type } = parseReadingsSubject(pack.subject)
      const { readings } = decodePack(pack.bytes, type)
      left.push({ at: systemClock.monotonic(), lane, readings: readings.length })
      await real.publish(pack)
      await systemClock.sleep(40)
    },
  }
  const between = (lane: string, from: number, to: number): number =>
    left
      .filter((one) => one.lane === lane && one.at >= from && one.at < to)
      .reduce((sum, one) => sum + one.readings, 0)
  return { publisher, left, between }
}

t.test('P4.4 a pace is obeyed within a second and lifted as fast; live goes on', async (t) => {
  const { connection } = await forwarding.startTestStream(t)
  const journal = await forwarding.openTestJournal(t)
  for (let first = 0; first < READINGS; first += 5000) {
    const batch = Array.from({ length: 5000 }, (_, place) => temperature(first + place))
    await journal.append(batch, 'waited')
  }
  const { publisher, left, between } = watched(leafPublisher(connection))
  const { forwarder } = forwarding.forward(t, { journal, publisher })
  const world = { clock: systemClock, log: silentLogger, onTime: () => undefined }
  const serving = serveRequests({
    ...{ hub, connection, journal, forwarder, ...world },
  })
  t.teardown(() => serving[Symbol.asyncDispose]())
  await eventually(() => left.length > 5, Boolean, 10_000)
  const ask = (back: number | null): number => {
    const rate = encodeMessage({ back, live: null, forMs: 60_000 })
    connection.publish(hubRequest(hub, 'rate'), rate)
    return systemClock.monotonic()
  }
  const slowedAt = ask(PACE_PER_SECOND)
  await systemClock.sleep(500)
  await journal.append([temperature(-1)], 'waited')
  await systemClock.sleep(500 + WATCHED_MS)
  const [from, to] = [slowedAt + 1000, slowedAt + 1000 + WATCHED_MS]
  const most = (PACE_PER_SECOND * WATCHED_MS) / 1000 + 256
  const sent = between('back', from, to)
  t.ok(sent <= most && sent >= most - 512, `${sent} readings in 3 s at 400/s`)
  t.equal(between('live', slowedAt, to), 1)
  const status = forwarder.status()
  t.match(status, { rate: { back: PACE_PER_SECOND, live: null }, state: 'flowing' })
  t.ok(status.etaMs !== undefined && status.etaMs > 10_000, `${status.etaMs} ms are left`)
  t.comment(`in the first second ${between('back', slowedAt, from)} readings left, then ${sent}`)
  const liftedAt = ask(null)
  await eventually(() => between('back', liftedAt, liftedAt + 1000) > 4 * 256, Boolean, 1000)
  t.ok(between('back', liftedAt, liftedAt + 1000) > 4 * 256, 'and lifted within a second')
  t.equal(forwarder.status().rate, undefined)
})
