// The cloud's requests over a real server: a resend that the broker does not swallow, a pace that is
// obeyed at once, and what is refused.

import { createInbox } from '@nats-io/transport-node'
import type { NatsConnection } from '@nats-io/transport-node'
import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { silentLogger } from '../../base/log.ts'
import { eventually } from '../../test/fixtures/eventually.ts'
import * as forwarding from '../../test/fixtures/forwarding.ts'
import { hubOf, sensorTypeOf, temperature } from '../../test/fixtures/readings.ts'
import { epochOf } from '../../test/fixtures/rows.ts'
import * as requests from '../../wire/requests.ts'
import { hubReply, hubRequest } from '../../wire/subject.ts'
import type { SourceReading } from '../../wire/reading.ts'
import type { Journal } from '../journal/journal.ts'
import type { Forwarder } from './forwarder-status.ts'
import { leafPublisher } from './publisher.ts'
import { mayAnswerOn, serveRequests } from './requests.ts'

const hub = hubOf('h1')
const type = sensorTypeOf('temperature')
const settled = (journal: Journal) => () => journal.unsettled().length === 0

async function running(t: Parameters<typeof forwarding.openTestJournal>[0]) {
  const stream = await forwarding.startTestStream(t)
  const { connection } = stream
  const journal = await forwarding.openTestJournal(t)
  const publisher = leafPublisher(connection)
  const { forwarder } = forwarding.forward(t, { journal, publisher })
  serve(t, connection, journal, forwarder)
  await connection.flush()
  return { stream, connection, journal, forwarder }
}

function serve(
  t: Parameters<typeof forwarding.openTestJournal>[0],
  connection: NatsConnection,
  journal: Journal,
  forwarder: Forwarder,
): void {
  const world = { clock: systemClock, log: silentLogger, onTime: () => undefined }
  const serving = serveRequests({
    ...{ hub, connection, journal, forwarder, ...world },
  })
  t.teardown(() => serving[Symbol.asyncDispose]())
}

/** Asks as the cloud does; the answer's bytes. */
async function ask(connection: NatsConnection, verb: string, bytes: Uint8Array) {
  const options = { noMux: true, reply: hubReply(hub, createInbox()), timeout: 5000 }
  return (await connection.request(hubRequest(hub, verb), bytes, options)).data
}

const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))

/** Every second reading is of another type, so that the rows of one are no range. */
function mixed(first: number, last: number): readonly SourceReading[] {
  const values = Array.from({ length: last - first + 1 }, (_, place) => first + place)
  const humidity = sensorTypeOf('humidity')
  return values.flatMap((value) => [temperature(value), temperature(value, { type: humidity })])
}

t.test(
  'P2.7 what the cloud asks for is sent again under ids the broker lets through',
  async (t) => {
    const { stream, connection, journal, forwarder } = await running(t)
    for (let first = 1; first <= 1000; first += 100) {
      await journal.append(mixed(first, first + 99), 'waited')
    }
    t.ok(await eventually(settled(journal), Boolean, 10_000))
    const before = await stream.arrived()
    const { epoch } = journal
    const wanted = { epoch, type, first: 101, last: 1200 }
    const answered = await ask(connection, 'resend', requests.encodeMessage(wanted))
    t.strictSame(requests.parseResendAnswer(answered), {
      value: { ok: true, found: 900, missing: [[1001, 1200]], more: false },
    })
    t.ok(await eventually(() => forwarder.status().resending === 0, Boolean, 10_000))
    t.ok(await eventually(settled(journal), Boolean, 10_000))
    const again = (await stream.arrived()).slice(before.length)
    t.equal(again.length, 900, 'nothing else comes twice')
    t.ok(again.every((reading) => reading.type === 'temperature' && reading.lane === 'back'))
    const seqs = again.map(({ seq }) => seq).sort((a, b) => a - b)
    t.strictSame([seqs[0], seqs.at(-1), new Set(seqs).size], [101, 1000, 900])
    const known = new Set(before.map(({ messageId }) => messageId))
    t.notOk(again.some(({ messageId }) => known.has(messageId)))
    const packs = new Set(again.map(({ messageId }) => messageId)).size
    t.ok(packs <= 10, `900 readings in ${packs} packs`)
    const values = new Map(before.map((one) => [`${one.type} ${one.seq}`, one.value]))
    t.ok(again.every((one) => values.get(`${one.type} ${one.seq}`) === one.value))
  },
)

t.test('what is asked for twice, bytes and all, arrives twice', async (t) => {
  const { stream, connection, journal, forwarder } = await running(t)
  await journal.append(mixed(1, 50), 'waited')
  t.ok(await eventually(settled(journal), Boolean, 10_000))
  const wanted = requests.encodeMessage({ epoch: journal.epoch, type, first: 1, last: 50 })
  for (let time = 2; time <= 3; time += 1) {
    await ask(connection, 'resend', wanted)
    t.ok(await eventually(() => forwarder.status().resending === 0, Boolean, 10_000))
    const arrived = (await stream.arrived()).filter((one) => one.type === 'temperature')
    t.equal(arrived.length, 50 * time)
  }
})

t.test('what is still on its way is not sent twice for a request', async (t) => {
  const journal = await forwarding.openTestJournal(t)
  const stream = await forwarding.startTestStream(t)
  let open = false
  const publisher = leafPublisher(stream.connection)
  const { forwarder } = forwarding.forward(t, {
    journal,
    publisher: {
      ...publisher,
      publish: async (pack) => {
        if (!open) throw new HubleafError('publish_refused', 'away')
        await publisher.publish(pack)
      },
    },
  })
  serve(t, stream.connection, journal, forwarder)
  await stream.connection.flush()
  for (let value = 1; value <= 20; value += 1) await journal.append([temperature(value)], 'waited')
  const wanted = { epoch: journal.epoch, type, first: 1, last: 20 }
  const answered = await ask(stream.connection, 'resend', requests.encodeMessage(wanted))
  t.strictSame(requests.parseResendAnswer(answered), {
    value: { ok: true, found: 20, missing: [], more: false },
  })
  open = true
  t.ok(await eventually(settled(journal), Boolean, 20_000))
  const seqs = (await stream.arrived()).filter((one) => one.type === 'temperature')
  t.equal(seqs.length, 20)
})

t.test('a second request is told to wait, a malformed one what is wrong', async (t) => {
  const { connection, journal } = await running(t)
  const find = journal.find.bind(journal)
  const gate = Promise.withResolvers<undefined>()
  journal.find = async (...args) => {
    await gate.promise
    return find(...args)
  }
  const wanted = requests.encodeMessage({ epoch: journal.epoch, type, first: 1, last: 5 })
  const first = ask(connection, 'resend', wanted)
  await connection.flush()
  const second = await ask(connection, 'resend', wanted)
  t.match(requests.parseResendAnswer(second), { value: { ok: false, code: 'busy' } })
  gate.resolve(undefined)
  t.match(requests.parseResendAnswer(await first), {
    value: { ok: true, found: 0, missing: [[1, 5]] },
  })
  const bad = bytesOf({ epoch: journal.epoch, type, first: 9, last: 5 })
  t.match(requests.parseResendAnswer(await ask(connection, 'resend', bad)), {
    value: { ok: false, code: 'malformed', message: /last/ },
  })
  const foreign = { epoch: epochOf('zzzzzzzzzzzzzzzz'), type, first: 1, last: 5 }
  t.match(
    requests.parseResendAnswer(await ask(connection, 'resend', requests.encodeMessage(foreign))),
    { value: { ok: true, found: 0, missing: [[1, 5]] } },
  )
  t.match(requests.parseRateAnswer(await ask(connection, 'rate', bytesOf({ back: 5 }))), {
    value: { ok: false, code: 'malformed' },
  })
})

t.test('a reply subject that is not the hub’s own hears nothing', async (t) => {
  for (const subject of ['hub.h1.reply.a', 'hub.h1.reply.a.b_-9']) t.ok(mayAnswerOn(hub, subject))
  for (const subject of [
    ...['hub.h1.reply.', 'hub.h1.reply', 'hub.h2.reply.a', 'hub.h1.rpc.rate', 'readings.h1.live.x'],
    ...['hub.h1.reply.>', 'hub.h1.reply.*', 'hub.h1.reply.a..b', 'hub.h1.reply.a b', '_INBOX.x'],
  ]) {
    t.notOk(mayAnswerOn(hub, subject), subject)
  }
  const { connection, forwarder } = await running(t)
  const heard: string[] = []
  connection.subscribe('hub.h2.>', {
    callback: (_error, message) => {
      heard.push(message.subject)
    },
  })
  const rate = requests.encodeMessage({ back: 7, live: null, forMs: 60_000 })
  connection.publish(hubRequest(hub, 'rate'), rate, { reply: 'hub.h2.rpc.reboot' })
  await eventually(
    () => forwarder.status().rate,
    (found) => found?.back === 7,
    5000,
  )
  await connection.flush()
  t.match(forwarder.status().rate, { back: 7, live: null })
  t.strictSame(heard, [])
})
