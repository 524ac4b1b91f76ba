import t from 'tap'
import { createNames, labelsFor } from './page/names.ts'
import { createStore } from './page/store.ts'
import type { DeviceLabel, LivePoint } from './shapes.ts'

function pointOf(change: Partial<LivePoint> = {}): LivePoint {
  return {
    ...{ hub: 'house', type: 'switch', site: null, device: 'id-1', channel: 'main' },
    ...{ at: 1000, value: 'on', number: 1, unit: null, flags: [] },
    ...change,
  }
}

function called(change: Partial<DeviceLabel> = {}): DeviceLabel {
  const device = { hub: 'house', site: null, device: 'id-1' }
  return { ...device, name: 'Lamp', room: null, at: 1, ...change }
}

/** The labels of a page with these series and names. */
function labels(points: readonly LivePoint[], names: readonly DeviceLabel[]): readonly string[] {
  const store = createStore()
  store.take(points, true)
  const known = createNames()
  known.take(names)
  return store.all().map(labelsFor(store.all(), known))
}

t.test('P3.10 a device is shown by name and room, and by its id without them', async (t) => {
  t.strictSame(labels([pointOf()], []), ['id-1'])
  t.strictSame(labels([pointOf()], [called()]), ['Lamp'])
  t.strictSame(labels([pointOf()], [called({ room: 'Kitchen' })]), ['Lamp · Kitchen'])
  const twice = called({ name: 'Kitchen lamp', room: 'kitchen' })
  t.strictSame(labels([pointOf()], [twice]), ['Kitchen lamp'], 'a room that the name has')
  t.strictSame(labels([pointOf()], [called({ name: null, room: 'Attic' })]), ['id-1 · Attic'])
  t.strictSame(labels([pointOf()], [called({ device: 'id-2' })]), ['id-1'], 'of another device')
  t.strictSame(labels([pointOf()], [called({ site: 'barn' })]), ['id-1'], 'in another building')
})

t.test('P3.10 two switches of one device are told apart by channel', async (t) => {
  const points = [pointOf(), pointOf({ channel: 'relay2' })]
  t.strictSame(labels(points, [called({ room: 'Hall' })]), ['Lamp · Hall', 'Lamp · relay2 · Hall'])
})

t.test('two devices of one name are told apart by id', async (t) => {
  const points = [pointOf(), pointOf({ device: 'id-2' })]
  t.strictSame(labels(points, [called(), called({ device: 'id-2' })]), [
    'Lamp · id-1',
    'Lamp · id-2',
  ])
  const rooms = [called({ room: 'Hall' }), called({ device: 'id-2', room: 'Attic' })]
  t.strictSame(labels(points, rooms), ['Lamp · Hall', 'Lamp · Attic'])
})

t.test('the newest name counts, in whatever order they come', async (t) => {
  const names = createNames()
  t.equal(names.take([called({ at: 5, name: 'New' })]), true)
  t.equal(names.take([called({ at: 4, name: 'Old' })]), false)
  t.equal(names.take([called({ at: 6, name: 'New' })]), false, 'the same again changes nothing')
  t.match(names.of(pointOf()), { name: 'New' })
  t.equal(names.take([called({ at: 7, name: 'New', room: 'Hall' })]), true)
  t.match(names.of(pointOf()), { room: 'Hall' })
})
