import t from 'tap'
import { isHubleafError } from '../base/errors.ts'
import { decodePack, encodePack } from './codec.ts'
import { parseEpochId, reservedType, RESERVED_TYPES, type ReservedType } from './ids.ts'
import { MARKS_MAX_TYPES, TIME_MAX_MS } from './limits.ts'
import { jsonOf } from '../test/fixtures/random-pack.ts'
import { DROP_REASONS, parseRecord } from './records.ts'

const epoch = 'abcdefghijklmnop'
const drop = {
  ...{ epoch, type: 'temperature', first: 5, last: 9, count: 5, reason: 'buffer_full' },
  ...{ from: 1_790_000_000_000, to: 1_790_000_000_900 },
}
const device = {
  ...{ device: 'd-1', source: 'smartthings', site: 's', name: 'Küche', room: 'Küche' },
  ...{ manufacturer: 'm', model: 'x', expectedIntervalMs: 60_000, removed: false },
  channels: [{ type: 'temperature', channel: 'main' }],
}
const clock = { boot: 'b', wallAtBoot: 1_789_999_000_000, by: 'cloud', offsetMs: -3_600_000 }
const heartbeat = { marks: { [epoch]: { temperature: [9, 5] } }, agent: '0.1.0', upMs: 5 }

const GOOD: { readonly [T in ReservedType]: readonly object[] } = {
  _epoch: [
    { previous: null, reason: 'start', agent: '0.1.0' },
    { previous: { epoch, last: { temperature: 9, _drop: 0 } }, reason: 'salvage', agent: '0.1.0' },
  ],
  _drop: [
    drop,
    { ...drop, from: null, to: null, count: 1 },
    ...DROP_REASONS.map((reason) => ({ ...drop, reason })),
  ],
  _device: [device, { device: 'd-1', source: 'mqtt' }],
  _clock: [clock, { ...clock, by: 'system', wallAtBoot: -TIME_MAX_MS }],
  _heartbeat: [heartbeat, { ...heartbeat, marks: {} }],
}

const tooMany = Object.fromEntries(
  Array.from({ length: MARKS_MAX_TYPES + 1 }, (_, place) => [`t${place}`, 1]),
)

const BAD: { readonly [T in ReservedType]: readonly (readonly [unknown, string])[] } = {
  _epoch: [
    [{ reason: 'start', agent: 'a' }, 'previous'],
    [{ previous: null, reason: 'other', agent: 'a' }, 'reason'],
    [{ previous: null, reason: 'start', agent: '' }, 'agent'],
    [{ previous: { epoch: 'short', last: {} }, reason: 'start', agent: 'a' }, 'previous.epoch'],
    [{ previous: { epoch, last: { 'a b': 1 } }, reason: 'start', agent: 'a' }, 'previous.last'],
    [{ previous: { epoch, last: { a: -1 } }, reason: 'start', agent: 'a' }, 'previous.last.a'],
    [{ previous: { epoch, last: tooMany }, reason: 'start', agent: 'a' }, 'previous.last'],
  ],
  _drop: [
    [{ ...drop, reason: 'because' }, 'reason'],
    [{ ...drop, first: 0 }, 'first'],
    [{ ...drop, first: 10 }, 'last'],
    [{ ...drop, count: 6 }, 'count'],
    [{ ...drop, count: 0 }, 'count'],
    [{ ...drop, type: 'A' }, 'type'],
    [{ ...drop, from: TIME_MAX_MS + 1 }, 'from'],
    [{ ...drop, to: 0.5 }, 'to'],
  ],
  _device: [
    [{ ...device, device: 'a\nb' }, 'device'],
    [{ ...device, device: 'd'.repeat(201) }, 'device'],
    [{ ...device, site: '' }, 'site'],
    [{ ...device, channels: [{ type: 'a', channel: '\ud800' }] }, 'channels.0.channel'],
    [{ ...device, expectedIntervalMs: -1 }, 'expectedIntervalMs'],
    [{ ...device, name: 'n'.repeat(201) }, 'name'],
  ],
  _clock: [
    [{ ...clock, boot: 'b'.repeat(37) }, 'boot'],
    [{ ...clock, by: 'guess' }, 'by'],
    [{ ...clock, offsetMs: 1.5 }, 'offsetMs'],
    [{ ...clock, wallAtBoot: '2026' }, 'wallAtBoot'],
  ],
  _heartbeat: [
    [{ ...heartbeat, marks: { short: {} } }, 'marks.short'],
    [{ ...heartbeat, marks: { [epoch]: { a: [1] } } }, `marks.${epoch}.a`],
    [{ ...heartbeat, marks: { [epoch]: { a: [1, 0] } } }, `marks.${epoch}.a`],
    [{ ...heartbeat, upMs: -1 }, 'upMs'],
  ],
}

for (const type of RESERVED_TYPES) {
  t.test(`${type} records survive the wire`, async (t) => {
    const at = parseEpochId(epoch)
    if (at === undefined) throw new RangeError('fixture')
    for (const record of GOOD[type]) {
      t.strictSame(parseRecord(type, record), record)
      const times = { observedAt: 0, receivedAt: 0, monoMs: 0, timeQuality: 'unsynced' as const }
      const value = jsonOf(JSON.stringify(record))
      const fields = { device: 'hub', channel: 'main', source: 'hubleaf', boot: 'b' }
      const readings = [{ ...fields, ...times, seq: 1, value }]
      const pack = { epoch: at, type: reservedType(type), readings, marks: {} }
      const { bytes } = encodePack(pack)
      const [back] = decodePack(bytes, pack.type).readings
      t.strictSame(parseRecord(type, back?.value), record)
    }
  })

  t.test(`a ${type} record that is none is refused with the field`, async (t) => {
    const [good] = GOOD[type]
    const unknown = { ...good, unheard: 1 }
    const common = [null, 1, 'x', [], {}, unknown].map((value) => [value, ''] as const)
    for (const [value, field] of [...common, ...BAD[type]]) {
      try {
        parseRecord(type, value)
        t.fail(`accepted ${JSON.stringify(value)}`)
      } catch (error) {
        t.ok(isHubleafError(error, 'record_malformed'), JSON.stringify(value).slice(0, 100))
        t.match(error, { message: `malformed at ${field}` })
      }
    }
  })
}

t.test('the reasons for a drop are the closed list of the contract', async (t) => {
  const reasons = 'buffer_full too_large invalid rejected corrupt purged dead_letter'
  t.equal(DROP_REASONS.join(' '), reasons)
})
