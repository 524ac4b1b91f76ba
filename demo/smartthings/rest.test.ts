import t from 'tap'
import { isJsonObject } from '../../base/json.ts'
import {
  at,
  itemsOf as items,
  START_MS,
  startCloud as start,
} from '../../test/fixtures/smartthings-cloud.ts'

const keysOf = (value: unknown): string[] => Object.keys(isJsonObject(value) ? value : {})

t.test('the list has pages whose links are without /v1 and lead through all devices', async (t) => {
  const { cloud, get } = await start(t, { devices: 25 })
  const seen: unknown[] = []
  let next: unknown = `${cloud.url}/v1/devices?max=10&includeHealth=true`
  let pages = 0
  while (typeof next === 'string') {
    const { status, body } = await get(next)
    t.equal(status, 200)
    seen.push(...items(body))
    next = at(body, '_links', 'next', 'href')
    if (typeof next === 'string') t.ok(next.startsWith(`${cloud.url}/devices?`), next)
    pages += 1
  }
  const open = cloud.house.devices.filter(({ model }) => model.restricted !== true)
  t.ok(open.length > 20)
  t.equal(pages, 3)
  t.strictSame(
    seen.map((device) => at(device, 'deviceId')),
    open.map(({ deviceId }) => deviceId),
  )
  t.equal(at(seen, 1, 'healthState', 'state'), 'ONLINE')
})

t.test('what an answer with status holds, the truth holds: each value, and no other', async (t) => {
  const { cloud, clock, get } = await start(t)
  clock.set(START_MS + 600_000)
  const { body } = await get('/devices?includeStatus=true')
  const given: string[] = []
  let withoutTime = 0
  for (const device of items(body)) {
    for (const component of [at(device, 'components')].flat()) {
      for (const capability of [at(component, 'capabilities')].flat()) {
        const status = at(capability, 'status')
        for (const [attribute, state] of Object.entries(isJsonObject(status) ? status : {})) {
          const path = [
            at(device, 'deviceId'),
            at(component, 'id'),
            at(capability, 'id'),
            attribute,
          ]
          const time = at(state, 'timestamp')
          if (typeof time === 'string') given.push(`${path.join(' ')} ${Date.parse(time)}`)
          else withoutTime += 1
        }
      }
    }
  }
  const facts = cloud.truth.of('answered')
  t.ok(given.length > 40)
  t.ok(withoutTime > 5, 'attributes that never reported are null without a time')
  t.strictSame(
    facts.map((f) => `${f.deviceId} ${f.component} ${f.capability} ${f.attribute} ${f.timestamp}`),
    given,
  )
  await get('/devices?includeStatus=true')
  t.equal(cloud.truth.of('answered').length, facts.length, 'the same answer is the same facts')
})

t.test('a value set by hand is in the status, once, with its time', async (t) => {
  const { cloud, clock, get } = await start(t)
  const [, sensor] = cloud.house.devices
  const deviceId = sensor?.deviceId ?? ''
  const path = {
    deviceId,
    component: 'main',
    capability: 'temperatureMeasurement',
    attribute: 'temperature',
  }
  clock.set(START_MS + 1000)
  cloud.advance()
  const one = cloud.house.set(path, '21.25')
  const two = cloud.house.set(path, 21.5, 'F')
  t.ok(one !== undefined && two !== undefined && two.at > one.at, 'times rise within one attribute')
  const { body } = await get(`/v1/devices/${deviceId}/status`)
  t.strictSame(at(body, 'components', 'main', 'temperatureMeasurement', 'temperature'), {
    value: 21.5,
    unit: 'F',
    timestamp: new Date(two?.at ?? 0).toISOString(),
  })
  t.equal(cloud.house.set({ ...path, deviceId: 'none' }, 1), undefined)
})

t.test(
  'the shapes that vendors send: texts, nulls, no unit, components, an empty hub',
  async (t) => {
    const { cloud, get } = await start(t)
    const status = async (label: string): Promise<unknown> => {
      const device = cloud.house.devices.find((one) => one.label === label)
      return (await get(`/devices/${device?.deviceId ?? ''}/status`)).body
    }
    t.strictSame(await status('Home Hub'), { components: {} })
    const air = await status('Bedroom Air')
    t.type(
      at(air, 'components', 'main', 'relativeHumidityMeasurement', 'humidity', 'value'),
      'string',
    )
    t.strictSame(keysOf(at(air, 'components', 'main', 'temperatureMeasurement', 'temperature')), [
      'value',
      'timestamp',
    ])
    const door = await status('Front Door')
    t.strictSame(at(door, 'components', 'main', 'tamperAlert', 'tamper'), { value: null })
    t.strictSame(at(door, 'components', 'main', 'refresh'), {})
    t.type(at(door, 'components', 'main', 'threeAxis', 'threeAxis', 'value'), Array)
    const remote = await status('Bedside Remote')
    t.strictSame(keysOf(at(remote, 'components')), ['main', 'button1', 'button2'])
    const plug = await status('Heater Plug')
    t.type(
      at(
        plug,
        'components',
        'main',
        'powerConsumptionReport',
        'powerConsumption',
        'value',
        'energy',
      ),
      'number',
    )
  },
)

t.test('filters choose devices', async (t) => {
  const { cloud, get } = await start(t)
  const labels = async (query: string): Promise<unknown[]> =>
    items((await get(`/devices?${query}`)).body).map((device) => at(device, 'label'))
  t.strictSame(await labels('capability=button'), ['Bedside Remote'])
  t.strictSame(await labels('capability=motionSensor&capability=illuminanceMeasurement'), [
    'Hall Motion',
  ])
  t.strictSame(await labels('capability=button&capability=powerMeter&capabilitiesMode=or'), [
    'Heater Plug',
    'Bedside Remote',
  ])
  t.strictSame(await labels('type=VIDEO'), [], 'restricted devices are left out')
  t.strictSame(await labels('type=VIDEO&includeRestricted=true'), ['Porch Camera'])
  t.equal((await get('/devices?max=0')).status, 422)
  t.equal((await get(`/devices/${cloud.house.devices[0]?.deviceId ?? ''}`)).status, 200)
})

t.test(
  'history pages hold each row once, newest or oldest first, and the truth knows them',
  async (t) => {
    const { cloud, clock, get } = await start(t, { pastMs: 1_800_000 })
    clock.set(START_MS + 600_000)
    const locationId = cloud.house.locations[0]?.locationId ?? ''
    for (const oldestFirst of [false, true]) {
      const rows: unknown[] = []
      let next: unknown = `/history/devices?locationId=${locationId}&limit=50&oldestFirst=${oldestFirst}`
      while (typeof next === 'string') {
        const { body } = await get(next)
        rows.push(...items(body))
        next = at(body, '_links', 'next', 'href')
      }
      const changes = cloud.truth.of('change')
      const keys = rows.map((row) => `${String(at(row, 'epoch'))} ${String(at(row, 'hash'))}`)
      t.equal(new Set(keys).size, changes.length, 'every change of the house is a row')
      t.equal(keys.length, changes.length)
      const times = rows.map((row) => Number(at(row, 'epoch')))
      t.strictSame(
        times,
        times.toSorted((one, other) => (oldestFirst ? one - other : other - one)),
      )
      t.equal(cloud.truth.of('history').length, changes.length)
    }
    const first = items((await get(`/history/devices?locationId=${locationId}`)).body)
    t.equal(first.length, 20)
    t.match(at(first, 0, 'time'), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000$/)
    const many = await get(`/history/devices?locationId=${locationId}&limit=1000`)
    t.equal(items(many.body).length, Math.min(300, cloud.truth.of('change').length))
    t.equal((await get('/history/devices')).status, 422)
  },
)

t.test('a page after a bound runs past it, as the real one does', async (t) => {
  const { cloud, get } = await start(t)
  const locationId = cloud.house.locations[0]?.locationId ?? ''
  const bound = START_MS - 120_000
  const query = `locationId=${locationId}&limit=300&pagingAfterEpoch=${bound}&pagingAfterHash=0`
  const { body } = await get(`/history/devices?${query}`)
  const epochs = items(body).map((row) => Number(at(row, 'epoch')))
  t.ok(epochs.length > 0 && epochs.every((epoch) => epoch >= bound))
  const short = await get(`/history/devices?${query.replace('limit=300', 'limit=2')}`)
  const next = new URL(String(at(short.body, '_links', 'next', 'href')))
  t.notOk(next.searchParams.has('pagingAfterEpoch'))
  t.ok(next.searchParams.has('pagingBeforeEpoch'))
})

t.test('old rows leave the history', async (t) => {
  const { cloud, clock, get } = await start(t, { historyMs: 60_000, slowness: 0.2 })
  clock.set(START_MS + 300_000)
  const locationId = cloud.house.locations[0]?.locationId ?? ''
  const { body } = await get(`/history/devices?locationId=${locationId}&limit=300&oldestFirst=true`)
  const epochs = items(body).map((row) => Number(at(row, 'epoch')))
  t.ok(epochs.length > 5)
  t.ok(Math.min(...epochs) > START_MS + 240_000)
  t.ok(cloud.truth.of('change').length > epochs.length)
})

t.test('the same seed makes the same house, however time went by', async (t) => {
  const changes: unknown[] = []
  for (const steps of [1, 60]) {
    const { cloud, clock } = await start(t, { seed: 42 })
    for (let step = 1; step <= steps; step++) {
      clock.set(START_MS + (step * 3_600_000) / steps)
      cloud.advance()
    }
    changes.push(cloud.truth.of('change'))
    t.ok(cloud.truth.of('change').length > 300)
  }
  t.strictSame(changes[0], changes[1])
})

t.test('locations, rooms and capabilities; a grant sees its own location', async (t) => {
  const { cloud, get } = await start(t, { locations: 2, devices: 3 })
  const [first, second] = cloud.house.locations.map(({ locationId }) => locationId)
  t.strictSame(items((await get('/locations')).body), [{ locationId: first, name: 'Example Home' }])
  t.equal(at((await get(`/locations/${first ?? ''}`)).body, 'temperatureScale'), 'F')
  t.equal(items((await get(`/v1/locations/${first ?? ''}/rooms`)).body).length, 6)
  t.equal((await get(`/locations/${second ?? ''}`)).status, 403)
  t.equal(items((await get('/devices')).body).length, 3)
  const all = items((await get('/devices', cloud.personalToken())).body)
  t.equal(all.length, 6, 'a personal token sees all')
  const alien = cloud.house.devices.find(({ locationId }) => locationId === second)
  t.equal((await get(`/devices/${alien?.deviceId ?? ''}/status`)).status, 403, 'not 404')
  const { body } = await get('/capabilities/temperatureMeasurement/1')
  t.strictSame(at(body, 'attributes', 'temperature', 'schema', 'properties', 'unit', 'enum'), ['C'])
  t.equal((await get('/capabilities/none/1')).status, 404)
})
