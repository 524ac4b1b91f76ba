// The forwarder's deciding parts, without network, disk or timers.

import t from 'tap'
import type { Interval } from '../../base/interval-set.ts'
import { randomInt, seededRandom } from '../../base/random.ts'
import { parseEpochId } from '../../wire/ids.ts'
import type { EpochId } from '../../wire/ids.ts'
import { PACK_MAX_BODY_BYTES, PACK_MAX_READINGS } from '../../wire/limits.ts'
import { encodePack } from '../../wire/codec.ts'
import { sensorTypeOf } from '../../test/fixtures/readings.ts'
import type { JournalRow } from '../journal/journal.ts'
import { cutPacks, halves } from './cut.ts'
import type { Cut } from './cut.ts'
import { FORWARDER_EVENTS, FORWARDER_STATES, nextState } from './forwarder-state.ts'
import type { ForwarderEvent } from './forwarder-state.ts'
import { idRanges, missingIds, rowsWithin } from './id-ranges.ts'
import { Lanes, LIVE_MAX_AGE_MS, LIVE_MAX_ROWS } from './lanes.ts'
import { TypeMarks } from './type-marks.ts'
import { acknowledgedIn, afterTrouble, initialWindow, WINDOW } from './window.ts'

function epochOf(text: string): EpochId {
  const epoch = parseEpochId(text)
  if (epoch === undefined) throw new Error(`${text} is no epoch`)
  return epoch
}

const epoch = epochOf('abcdefghijklmnop')
const older = epochOf('ponmlkjihgfedcba')

t.test('P4.1 fresh rows are live, old ones backlog, and both leave in order', async (t) => {
  const lanes = new Lanes([{ first: 1, last: 10 }])
  lanes.committed({ first: 11, last: 20 }, 0)
  lanes.committed({ first: 21, last: 30 }, 1000)
  t.strictSame(lanes.takeLive(1000, 15), { first: 11, last: 25, at: 0 })
  t.strictSame(lanes.takeLive(1000, 15), { first: 26, last: 30, at: 1000 })
  t.equal(lanes.takeLive(1000, 15), undefined)
  t.strictSame(lanes.takeBack(1000, 4), [{ first: 1, last: 4 }])
  lanes.putBack([{ first: 1, last: 2 }])
  t.strictSame(lanes.takeBack(1000, 4), [{ first: 1, last: 2 }])
  lanes.committed({ first: 31, last: 40 }, 2000)
  t.equal(lanes.takeLive(2000 + LIVE_MAX_AGE_MS, 15), undefined)
  t.equal(lanes.backlogSize, 16)
  t.strictSame(lanes.takeBack(9000, 100), [
    { first: 5, last: 10 },
    { first: 31, last: 40 },
  ])
  t.strictSame(lanes.takeBack(9000, 100), [])
  t.ok(lanes.empty)
})

t.test('P4.7 of a flood the newest rows are live, and the rest is backlog', async (t) => {
  const lanes = new Lanes([])
  lanes.committed({ first: 1, last: 10 }, 0)
  lanes.committed({ first: 11, last: LIVE_MAX_ROWS + 30 }, 10)
  t.equal(lanes.backlogSize, 30, 'the oldest of a commit that is too long, and all before it')
  lanes.committed({ first: LIVE_MAX_ROWS + 31, last: LIVE_MAX_ROWS + 31 }, 20)
  t.strictSame(lanes.takeLive(20, 1), { first: 32, last: 32, at: 10 })
  t.strictSame(lanes.takeBack(20, LIVE_MAX_ROWS), [{ first: 1, last: 31 }])
})

t.test('P4.2 every committed id leaves exactly once, whatever the pace', async (t) => {
  const random = seededRandom(5)
  for (let round = 0; round < 40; round += 1) {
    const lanes = new Lanes([])
    const gone: number[] = []
    const shed: number[] = []
    let [now, head] = [0, 0]
    const steps: (() => void)[] = [
      () => {
        const first = head + 1
        head += 1 + randomInt(random, 30)
        if (random.float() < 0.8) lanes.committed({ first, last: head }, now)
        else lanes.putBack([{ first, last: head }])
      },
      () => (now += randomInt(random, 4000)),
      () => {
        const range = lanes.takeLive(now, 1 + randomInt(random, 40))
        if (range !== undefined) gone.push(...idsOf([range]))
      },
      () => {
        const ranges = lanes.takeBack(now, 1 + randomInt(random, 60))
        if (random.float() < 0.3) lanes.putBack(ranges)
        else gone.push(...idsOf(ranges))
      },
      () => {
        const limit = randomInt(random, 25)
        const ranges = lanes.withdraw(limit)
        if (idsOf(ranges).length > limit) t.fail(`round ${round}: more than ${limit} withdrawn`)
        if (random.float() < 0.5) lanes.putBack(ranges)
        else shed.push(...idsOf(ranges))
      },
      () => {
        const first = 1 + randomInt(random, head + 5)
        const wanted = { first, last: first + randomInt(random, 20) }
        const ids = idsOf(lanes.withdrawFrom([wanted]))
        if (ids.some((id) => id < wanted.first || id > wanted.last)) t.fail('not asked for')
        shed.push(...ids)
      },
    ]
    for (let step = 0; step < 400; step += 1) steps[randomInt(random, steps.length)]?.()
    const rest = lanes.withdraw(Infinity)
    t.ok(lanes.empty)
    const all = [...gone, ...shed, ...idsOf(rest)].sort((a, b) => a - b)
    const expected = Array.from({ length: head }, (_, index) => index + 1)
    if (all.join() !== expected.join()) t.fail(`round ${round}: ids are missing or left twice`)
  }
})

t.test('P5.2 the oldest rows are withdrawn first, the backlog before what is fresh', async (t) => {
  const lanes = new Lanes([{ first: 1, last: 4 }])
  lanes.putBack([{ first: 8, last: 9 }])
  lanes.committed({ first: 10, last: 14 }, 100)
  t.strictSame(lanes.withdraw(3), [{ first: 1, last: 3 }])
  t.strictSame(lanes.withdraw(5), [
    { first: 4, last: 4 },
    { first: 8, last: 11 },
  ])
  t.strictSame(lanes.takeLive(200, 10), { first: 12, last: 14, at: 100 })
  t.strictSame(lanes.withdraw(5), [])
  lanes.putBack([{ first: 4, last: 4 }])
  lanes.committed({ first: 15, last: 20 }, 300)
  t.strictSame(lanes.withdrawFrom([{ first: 3, last: 16 }]), [
    { first: 4, last: 4 },
    { first: 15, last: 16 },
  ])
  t.strictSame(lanes.takeLive(400, 10), { first: 17, last: 20, at: 300 })
  t.ok(lanes.empty)
})

t.test('a backlog of a million gaps is taken in wide reads, and its size is known', async (t) => {
  const gaps = Array.from({ length: 1_000_000 }, (_, index) => ({
    first: 3 * index + 1,
    last: 3 * index + 1,
  }))
  const lanes = new Lanes(gaps)
  t.equal(lanes.backlogSize, 1_000_000)
  let taken = 0
  for (let read = 0; read < 200; read += 1) {
    const ranges = lanes.takeBack(0, 3000)
    taken += ranges.length
    lanes.putBack(ranges.slice(-10))
    if (lanes.backlogSize !== 1_000_000 - taken + 10 * (read + 1)) t.fail('the size is wrong')
  }
  t.ok(taken >= 195_000, `${taken} were taken`)
})

function idsOf(ranges: readonly Interval[]): number[] {
  return ranges.flatMap(({ first, last }) =>
    Array.from({ length: last - first + 1 }, (_, place) => first + place),
  )
}

t.test('the state table is total and has no way out of stopped', async (t) => {
  for (const state of FORWARDER_STATES) {
    for (const event of FORWARDER_EVENTS) {
      const next = nextState(state, event)
      t.ok(FORWARDER_STATES.includes(next), `${state} × ${event} → ${next}`)
      if (state === 'stopped') t.equal(next, 'stopped')
    }
  }
  t.equal(nextState('probing', 'acknowledged'), 'flowing')
  t.equal(nextState('flowing', 'refused'), 'waiting')
  t.equal(nextState('waiting', 'delay_over'), 'probing')
})

t.test('P7.2 nothing but the opening of its gate makes a held forwarder send', async (t) => {
  for (const event of FORWARDER_EVENTS) {
    const expected: Partial<Record<ForwarderEvent, string>> = { opened: 'probing', stop: 'stopped' }
    t.equal(nextState('held', event), expected[event] ?? 'held', event)
  }
  for (const state of FORWARDER_STATES) {
    if (state !== 'held') t.equal(nextState(state, 'opened'), state)
  }
})

function row(
  id: number,
  typeText: string,
  seq: number,
  extra: Partial<JournalRow> = {},
): JournalRow {
  const reading = {
    ...{ seq, device: `device-${id % 300}`, channel: 'main', value: id, source: 'test' },
    ...{ observedAt: id, receivedAt: id, boot: 'b', monoMs: id, timeQuality: 'synced' as const },
  }
  return { id, epoch, type: sensorTypeOf(typeText), reading, bytes: 100, ...extra }
}

t.test('packs hold one epoch and type, contiguous seqs, and respect the limits', async (t) => {
  const rows = [
    row(1, 'temperature', 1),
    row(2, 'humidity', 1),
    row(3, 'temperature', 2),
    row(4, 'temperature', 4),
    row(5, 'temperature', 5, { epoch: older }),
  ]
  const cut = cutPacks(rows).map((pack) => pack.map((one) => one.id))
  t.strictSame(cut, [[1, 3], [2], [4], [5]])
  const many = Array.from({ length: 600 }, (_, index) => row(index + 1, 'temperature', index + 1))
  t.strictSame(
    cutPacks(many).map((pack) => pack.length),
    [PACK_MAX_READINGS, PACK_MAX_READINGS, 600 - 2 * PACK_MAX_READINGS],
  )
})

t.test('rows at the limits of size are cut so that every pack encodes', async (t) => {
  const value = 'x'.repeat(900)
  const rows = Array.from({ length: 300 }, (_, index) => {
    const plain = row(index + 1, 'custom', index + 1)
    const device = `${'é'.repeat(180)}${index}`
    const reading = { ...plain.reading, device, value, boot: 'b'.repeat(36) }
    const bytes = Buffer.byteLength(JSON.stringify([device, 'main', value])) + 60
    return { ...plain, reading, bytes }
  })
  for (const pack of cutPacks(rows)) {
    const readings = pack.map((one) => one.reading)
    const { bytes } = encodePack({ epoch, type: pack[0].type, readings, marks: {} })
    t.ok(bytes.length <= PACK_MAX_BODY_BYTES)
  }
})

t.test('ids become ranges, and the gaps between rows are found', async (t) => {
  const rows = [2, 3, 4, 7, 9].map((id) => ({ id }))
  t.strictSame(idRanges(rows), [
    { first: 2, last: 4 },
    { first: 7, last: 7 },
    { first: 9, last: 9 },
  ])
  t.strictSame(missingIds([{ first: 1, last: 10 }], rows), [
    { first: 1, last: 1 },
    { first: 5, last: 6 },
    { first: 8, last: 8 },
    { first: 10, last: 10 },
  ])
  t.strictSame(missingIds([{ first: 3, last: 4 }], []), [{ first: 3, last: 4 }])
  const asked = [
    { first: 1, last: 2 },
    { first: 4, last: 4 },
    { first: 6, last: 7 },
    { first: 10, last: 11 },
  ]
  const within = rowsWithin(rows, asked)
  t.strictSame(
    within.map(({ id }) => id),
    [2, 4, 7],
  )
  t.strictSame(missingIds(asked, within), [
    { first: 1, last: 1 },
    { first: 6, last: 6 },
    { first: 10, last: 11 },
  ])
})

t.test('a pack is halved down to single rows, and each row stays in its place', async (t) => {
  const [whole] = cutPacks([1, 2, 3, 4, 5].map((seq) => row(seq, 'temperature', seq)))
  const leaves: number[] = []
  const walk = (cut: Cut): void => {
    const parts = halves(cut)
    if (parts === undefined) leaves.push(cut[0].id)
    else for (const part of parts) walk(part)
  }
  if (whole !== undefined) walk(whole)
  t.strictSame(leaves, [1, 2, 3, 4, 5])
})

t.test('P3.2 marks never claim more than was acknowledged', async (t) => {
  const marks = new TypeMarks({ epoch, inOrder: true })
  const type = sensorTypeOf('temperature')
  t.equal(marks.oldestUnsettled(epoch, type), 1)
  marks.acknowledged(epoch, type, 3, 5)
  t.equal(marks.oldestUnsettled(epoch, type), 1)
  marks.acknowledged(epoch, type, 1, 2)
  t.equal(marks.oldestUnsettled(epoch, type), 6)
  marks.seen(older, type, 41)
  t.equal(marks.oldestUnsettled(older, type), 41)
  marks.acknowledged(older, type, 41, 50)
  marks.seen(older, type, 60)
  t.equal(marks.oldestUnsettled(older, type), 51)
  marks.seen(epoch, sensorTypeOf('humidity'), 9)
  t.equal(marks.oldestUnsettled(epoch, sensorTypeOf('humidity')), 1)
})

t.test(
  'the window grows while acknowledgements are quick and halves when they are slow',
  async (t) => {
    let state = acknowledgedIn(initialWindow, 100, 3000)
    t.strictSame(state, { bytes: WINDOW.startBytes + 3000, fastestMs: 100 })
    state = acknowledgedIn(state, 251, 3000)
    t.equal(state.bytes, Math.floor((WINDOW.startBytes + 3000) / 2))
    for (let step = 0; step < 20; step += 1) state = acknowledgedIn(state, 5000, 3000)
    t.equal(state.bytes, WINDOW.minBytes)
    for (let step = 0; step < 500; step += 1) state = acknowledgedIn(state, 90, 3000)
    t.equal(state.bytes, WINDOW.maxBytes)
  },
)

t.test('P4.7 after trouble the window is small again, whatever the link was before', async (t) => {
  const wide = { bytes: WINDOW.maxBytes, fastestMs: 2 }
  t.strictSame(afterTrouble(wide), initialWindow)
  // A slow link that has come back is slow: 90 ms are no reason to shrink because 2 ms were once seen.
  t.ok(acknowledgedIn(afterTrouble(wide), 400, 3000).bytes > WINDOW.startBytes)
  t.equal(afterTrouble({ bytes: WINDOW.minBytes, fastestMs: 900 }).bytes, WINDOW.minBytes)
})

t.test('P3.2 nothing is concluded from rows that may still come back', async (t) => {
  const type = sensorTypeOf('temperature')
  const marks = new TypeMarks({ epoch, inOrder: false })
  marks.seen(older, type, 41)
  t.equal(marks.oldestUnsettled(older, type), 1)
  marks.acknowledged(older, type, 41, 50)
  marks.acknowledged(older, type, 1, 40)
  t.equal(marks.oldestUnsettled(older, type), 51)
  const doubting = new TypeMarks({ epoch, inOrder: true })
  doubting.doubt()
  doubting.seen(older, type, 41)
  t.equal(doubting.oldestUnsettled(older, type), 1)
})
