// The forwarder's deciding parts, without network, disk or timers.

import t from 'tap'
import { parseEpochId } from '../../wire/ids.ts'
import type { EpochId } from '../../wire/ids.ts'
import { PACK_MAX_BODY_BYTES, PACK_MAX_READINGS } from '../../wire/limits.ts'
import { encodePack } from '../../wire/codec.ts'
import { sensorTypeOf } from '../../test/fixtures/readings.ts'
import type { JournalRow } from '../journal/journal.ts'
import { cutPacks } from './cut.ts'
import { FORWARDER_EVENTS, FORWARDER_STATES, nextState } from './forwarder-state.ts'
import { idRanges, missingIds } from './id-ranges.ts'
import { Lanes, LIVE_MAX_AGE_MS } from './lanes.ts'
import { TypeMarks } from './type-marks.ts'
import { acknowledgedIn, initialWindow, WINDOW } from './window.ts'

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
  t.strictSame(lanes.takeLive(1000, 15), { first: 11, last: 25 })
  t.strictSame(lanes.takeLive(1000, 15), { first: 26, last: 30 })
  t.equal(lanes.takeLive(1000, 15), undefined)
  t.strictSame(lanes.takeBack(1000, 4), { first: 1, last: 4 })
  lanes.putBack({ first: 1, last: 2 })
  t.strictSame(lanes.takeBack(1000, 4), { first: 1, last: 2 })
  lanes.committed({ first: 31, last: 40 }, 2000)
  t.equal(lanes.takeLive(2000 + LIVE_MAX_AGE_MS, 15), undefined)
  t.equal(lanes.backlogSize, 16)
  t.strictSame(lanes.takeBack(9000, 100), { first: 5, last: 10 })
  t.strictSame(lanes.takeBack(9000, 100), { first: 31, last: 40 })
  t.equal(lanes.takeBack(9000, 100), undefined)
  t.ok(lanes.empty)
})

t.test('P4.2 every committed id leaves exactly once, whatever the pace', async (t) => {
  const lanes = new Lanes([])
  const left: number[] = []
  const note = (range: { first: number; last: number } | undefined): void => {
    if (range === undefined) return
    for (let id = range.first; id <= range.last; id += 1) left.push(id)
  }
  for (let step = 0; step < 3000; step += 1) {
    const now = step * 7
    lanes.committed({ first: step * 3 + 1, last: step * 3 + 3 }, now)
    if (step % 5 === 0) note(lanes.takeLive(now, 4))
    if (step % 400 === 0) note(lanes.takeBack(now, 500))
  }
  for (let range = lanes.takeBack(1e6, 64); range; range = lanes.takeBack(1e6, 64)) note(range)
  left.sort((a, b) => a - b)
  t.strictSame(
    left,
    Array.from({ length: 9000 }, (_, index) => index + 1),
  )
})

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
  t.strictSame(missingIds({ first: 1, last: 10 }, rows), [
    { first: 1, last: 1 },
    { first: 5, last: 6 },
    { first: 8, last: 8 },
    { first: 10, last: 10 },
  ])
  t.strictSame(missingIds({ first: 3, last: 4 }, []), [{ first: 3, last: 4 }])
})

t.test('P3.2 marks never claim more than was acknowledged', async (t) => {
  const marks = new TypeMarks(epoch)
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
