import t from 'tap'
import { isHubleafError } from '../base/errors.ts'
import { LANES, parseHubId, parseSensorType, reservedType } from './ids.ts'
import * as subject from './subject.ts'

const hub = parseHubId('pi-1')
const type = parseSensorType('pm2_5')
if (hub === undefined || type === undefined) throw new RangeError('fixture')

t.test('a subject survives the way to text and back', async (t) => {
  for (const lane of LANES) {
    for (const any of [type, reservedType('_heartbeat')]) {
      const address = { hub, lane, type: any }
      const text = subject.readingsSubject(address)
      t.equal(text, `readings.pi-1.${lane}.${any}`)
      t.strictSame(subject.parseReadingsSubject(text), address)
    }
  }
})

t.test('what is not readings.<hub>.<lane>.<type> is refused', async (t) => {
  const wrong = [
    ...['', 'readings', 'readings.pi-1', 'readings.pi-1.live', 'readings.pi-1.live.'],
    ...['readings.pi-1.live.a.b', 'readings..live.a', 'readings.pi-1.dead.a', 'dead.pi-1.live.a'],
    ...[
      'readings.*.live.a',
      'readings.pi-1.live.>',
      'readings.pi-1.live._other',
      ' readings.a.live.a',
    ],
    ...['READINGS.pi-1.live.a', 'readings.PI.live.a', 'readings.pi-1.live.a\n', '.'.repeat(10_000)],
  ]
  for (const text of wrong) {
    try {
      subject.parseReadingsSubject(text)
      t.fail(`accepted ${text}`)
    } catch (error) {
      t.ok(isHubleafError(error, 'subject_malformed'), JSON.stringify(text.slice(0, 40)))
    }
  }
})

t.test('the other subjects of the contract', async (t) => {
  t.equal(subject.typeFilter(type, 'live'), 'readings.*.live.pm2_5')
  t.equal(subject.hubReadings(hub), 'readings.pi-1.>')
  t.equal(subject.hubRequest(hub, 'resend'), 'hub.pi-1.rpc.resend')
  t.equal(subject.hubReply(hub, 'abc'), 'hub.pi-1.reply.abc')
  t.equal(subject.deadSubject({ hub, lane: 'back', type }), 'dead.pi-1.back.pm2_5')
})
