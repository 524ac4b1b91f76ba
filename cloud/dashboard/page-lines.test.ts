import t from 'tap'
import { randomInt, seededRandom } from '../../base/random.ts'
import { groupOf, isVital, titleOf, unitText } from './page/catalog.ts'
import { drawLane, drawLine, drawRate, isOnOff } from './page/draw.ts'
import { ageText, axisTexts, quantityText, valueText } from './page/format.ts'
import { CARDS, PALETTE } from './page/palette.ts'
import { firstAtOrAfter, mergePoints, NO_POINTS, thinPoints, trimPoints } from './page/points.ts'
import type { Points } from './page/points.ts'
import { createStore, keyOf, SERIES_MAX } from './page/store.ts'
import type { LivePoint } from './shapes.ts'

function pointOf(change: Partial<LivePoint> = {}): LivePoint {
  return {
    ...{ hub: 'house', type: 'temperature', site: null, device: 'kitchen', channel: 'main' },
    ...{ at: 1000, value: 21, number: 21, unit: 'C', flags: [] },
    ...change,
  }
}

t.test('history and live points make one line, whatever their order', async (t) => {
  const seed = 20_261
  const random = seededRandom(seed)
  for (let round = 0; round < 200; round += 1) {
    const wanted = new Map<number, number>()
    let merged = NO_POINTS
    for (let batch = 0; batch < 5; batch += 1) {
      const at = Array.from({ length: randomInt(random, 20) }, () => randomInt(random, 60))
      const number = at.map((time) => time * 2)
      for (const [index, time] of at.entries()) wanted.set(time, number[index] ?? 0)
      merged = mergePoints(merged, { at, number })
    }
    const times = [...wanted.keys()].sort((left, right) => left - right)
    if (JSON.stringify(merged.at) !== JSON.stringify(times)) t.fail(`seed ${seed} round ${round}`)
    if (merged.number.some((number, index) => number !== (merged.at[index] ?? 0) * 2)) {
      t.fail(`numbers, seed ${seed} round ${round}`)
    }
  }
  t.strictSame(mergePoints({ at: [1, 2], number: [1, 2] }, { at: [2], number: [9] }).number, [1, 9])
})

t.test('a window keeps its points and the one before', async (t) => {
  const points = { at: [10, 20, 30, 40], number: [1, 2, 3, 4] }
  t.strictSame(trimPoints(points, 30), { at: [20, 30, 40], number: [2, 3, 4] })
  t.equal(trimPoints(points, 5), points, 'nothing to drop, nothing copied')
  t.strictSame(trimPoints(points, 99).at, [40])
  t.equal(firstAtOrAfter(points.at, 20), 1)
  t.equal(firstAtOrAfter(points.at, 21), 2)
})

t.test('thinning keeps the extremes and the bound', async (t) => {
  const at = Array.from({ length: 10_000 }, (_none, index) => index)
  const number = at.map((index) => (index === 5001 ? 1000 : index === 7003 ? -1000 : index % 7))
  const thin = thinPoints({ at, number }, 500)
  t.ok(thin.at.length <= 500)
  t.ok(thin.number.includes(1000) && thin.number.includes(-1000))
  t.ok(thin.at.every((time, index) => index === 0 || time > (thin.at[index - 1] ?? Infinity)))
  const lane = thinPoints({ at: at.slice(1), number: at.slice(1).map((index) => index % 2) }, 500)
  t.equal(lane.at.at(-1), 9999, 'the state that holds is the last one')
  const off = thinPoints({ at: at.slice(0, 999), number: at.slice(0, 999).map((n) => n % 2) }, 30)
  t.equal(off.number.at(-1), 0, 'what was switched off last stays off')
})

t.test('types and units that are names of the language are only names', async (t) => {
  t.equal(titleOf('constructor'), 'Constructor')
  for (const unit of ['constructor', 'toString', '__proto__']) t.equal(unitText(unit), unit)
})

t.test('missing readings break a line, a short pause does not', async (t) => {
  const steady = Array.from({ length: 50 }, (_none, index) => index * 1000)
  const line = (at: number[]): Points => ({ at, number: at.map(() => 1) })
  t.notOk(drawLine(line(steady), 300_000).y.includes(null))
  const holed = [...steady, 49_000 + 60_000, 49_000 + 61_000]
  t.equal(drawLine(line(holed), 300_000).y.filter((y) => y === null).length, 1)
  t.notOk(drawLine(line([0, 1000, 90_000]), 300_000).y.includes(null), 'too few to judge')
})

t.test('byte counters are drawn as growth per second, resets left out', async (t) => {
  const drawn = drawRate({ at: [0, 2000, 3000, 4000], number: [100, 300, 5, 15] }, 300_000)
  t.strictSame(drawn, { at: [2000, 4000], y: [100, 10] })
})

t.test('a state holds until now, also through a window without readings', async (t) => {
  const window = { from: 10_000, to: 20_000 }
  const open = pointOf({ type: 'contact', value: 'open', number: 1, at: 12_000, unit: null })
  t.ok(isOnOff(open))
  t.notOk(isOnOff(pointOf({ value: 1, number: 1 })), 'a measured 1 is no state')
  const points = { at: [11_000, 12_000], number: [0, 1] }
  t.strictSame(drawLane({ latest: open, points }, 0, window).at, [11_000, 12_000, 20_000])
  const old = drawLane({ latest: { ...open, at: 5 }, points: NO_POINTS }, 0, window)
  t.strictSame(old.at, [10_000, 20_000])
  t.equal(old.y[0], old.y[1])
})

t.test('the store keeps the newest reading, joins lines, and is bounded', async (t) => {
  const store = createStore()
  t.ok(store.take([pointOf({ at: 2000 })], true), 'a new series')
  t.notOk(store.take([pointOf({ at: 1000, value: 5, number: 5 })], true), 'a known one')
  const [series] = store.all()
  t.equal(series?.latest.at, 2000, 'a late reading is not the newest')
  t.strictSame(series?.points.at, [1000, 2000])
  store.join(keyOf(pointOf()), { at: [500, 2000], number: [1, 2] })
  t.strictSame(store.all()[0]?.points.at, [500, 1000, 2000])
  store.take([pointOf({ device: 'remote', value: 'double', number: null })], true)
  t.strictSame(store.all()[1]?.points, NO_POINTS, 'a word has no point')
  for (let index = 0; index < SERIES_MAX + 10; index += 1) {
    store.take([pointOf({ device: `device ${index}` })], false)
  }
  t.equal(store.all().length, SERIES_MAX)
  for (let at = 0; at < 20_000; at += 1) store.take([pointOf({ at: 10_000 + at })], true)
  t.ok((store.all()[0]?.points.at.length ?? Infinity) <= 4000, 'points are bounded')
})

t.test('a computer’s temperature stands with its vitals, a room’s does not', async (t) => {
  const store = createStore()
  const room = pointOf()
  const board = pointOf({ device: 'pi', channel: 'cpu' })
  store.take([room, board, pointOf({ device: 'pi', type: 'cpu_usage', unit: '%' })], false)
  const groups = store.all().map((series) => store.group(series))
  t.strictSame(groups, ['climate', 'machine', 'machine'])
  t.equal(groupOf('contact', false), 'presence')
  t.equal(groupOf('something_new', false), 'other')
  t.ok(isVital('cpu_usage') && !isVital('temperature'))
  t.equal(titleOf('something_new'), 'Something new')
})

t.test('colours stand out from both cards by 3:1 at least', async (t) => {
  const luminance = (colour: string): number => {
    const channel = (start: number): number => {
      const part = Number.parseInt(colour.slice(start, start + 2), 16) / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    }
    return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
  }
  for (const colour of PALETTE) {
    for (const [theme, card] of Object.entries(CARDS)) {
      const [low, high] = [luminance(colour), luminance(card)].sort((left, right) => left - right)
      const ratio = ((high ?? 0) + 0.05) / ((low ?? 1) + 0.05)
      t.ok(ratio >= 3, `${colour} on ${theme} is ${ratio.toFixed(2)}:1`)
    }
  }
  t.equal(new Set(PALETTE).size, PALETTE.length)
})

t.test('numbers, units and ages read well', async (t) => {
  const plain = (text: string): string => text.replaceAll('\u202f', ' ')
  t.equal(plain(quantityText(21.537, '°C')), '21.54 °C')
  t.equal(plain(quantityText(44.1, '%')), '44.1%')
  t.equal(plain(quantityText(5_400_000_000, 'B')), '5.4 GB')
  t.equal(plain(quantityText(0.01234, '')), '0.0123')
  t.strictSame(axisTexts([37, 37.25, 37.5], 0.25, '%'), ['37.00%', '37.25%', '37.50%'])
  t.strictSame(axisTexts([0, 20_000], 20_000, 'B/s').map(plain), ['0 kB/s', '20 kB/s'])
  t.equal(ageText(400), 'just now')
  t.equal(ageText(3_900), '3 s ago')
  t.equal(ageText(250_000), '4 min ago')
  t.equal(ageText(3 * 86_400_000), '3 d ago')
  t.equal(ageText(-7_200_000), 'in 2 h')
  t.equal(valueText({ zone: 1 }), '{"zone":1}')
  t.equal(valueText('x'.repeat(500)).length, 120)
})
