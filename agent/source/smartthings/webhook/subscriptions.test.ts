import { readFileSync } from 'node:fs'
import t from 'tap'
import { HubleafError } from '../../../../base/errors.ts'
import { isJsonObject, parseJson, textAt } from '../../../../base/json.ts'
import { randomInt, seededRandom } from '../../../../base/random.ts'
import { handClock } from '../../../../test/fixtures/hand-clock.ts'
import { pick } from '../../../../test/fixtures/random-pack.ts'
import { seedOr } from '../../../../test/fixtures/seed.ts'
import type { Subscription, SubscriptionRequest, SubscriptionsApi } from '../api.ts'
import { planSubscriptions, stepsTo, SUBSCRIPTIONS_MAX } from './subscription-plan.ts'
import { rankCapabilities } from './subscription-worth.ts'
import { createReconciler, RATES } from './subscriptions.ts'

const LOCATION = '10c00000-0000-4000-8000-000000000001'

const device = (deviceId: string, ...capabilities: string[]) => ({
  deviceId,
  components: [{ id: 'main', capabilities, categories: [] }],
})

/** What the vendor makes of a request. */
function made(request: SubscriptionRequest, id: string): Subscription {
  const { sourceType, name } = request
  const rest: { [key: string]: unknown } = { ...request }
  const detail = Object.fromEntries(
    Object.entries(rest).filter(([key]) => key !== 'name' && key !== 'sourceType'),
  )
  const componentId = detail['component']
  delete detail['component']
  const given = componentId === undefined ? {} : { componentId, value: '*', modes: [] }
  return { id, sourceType, name, detail: { ...detail, ...given, subscriptionName: name } }
}

/** A vendor with its limit; `calls` are those that were made, with their time. */
function vendor(existing: readonly Subscription[], limit: number = SUBSCRIPTIONS_MAX) {
  const clock = handClock(0)
  const held = new Map(existing.map((each) => [each.id, each]))
  const calls: { kind: string; at: number }[] = []
  const refuse = new Map<string, HubleafError>()
  let number = 0
  const api: SubscriptionsApi = {
    async getAll() {
      calls.push({ kind: 'getAll', at: clock.monotonic() })
      return [...held.values()]
    },
    async create(_app, request) {
      calls.push({ kind: 'create', at: clock.monotonic() })
      const refusal = refuse.get(request.name)
      if (refusal !== undefined) throw refusal
      if (held.size >= limit) throw withCode('smartthings_limit_reached')
      const names = [...held.values()].map(({ name }) => name)
      if (names.includes(request.name)) throw withCode('smartthings_refused')
      const subscription = made(request, `new ${(number += 1)}`)
      held.set(subscription.id, subscription)
      return subscription
    },
    async delete(_app, id) {
      calls.push({ kind: 'delete', at: clock.monotonic() })
      held.delete(id)
    },
  }
  return { clock, held, calls, refuse, api }
}

/** An error of the client behind the port; its codes are not part of this folder. */
function withCode(code: string): HubleafError {
  return Object.assign(new HubleafError('internal', code), { code })
}

t.test('safety comes before comfort, comfort before meters, the unknown last', async (t) => {
  const uses = ['vendor.custom', 'powerMeter', 'refresh', 'temperatureMeasurement', 'smokeDetector']
  const order = rankCapabilities(uses.map((capability) => ({ capability, devices: 1 })))
  t.strictSame(
    order.map(({ capability }) => capability),
    ['smokeDetector', 'temperatureMeasurement', 'powerMeter', 'vendor.custom'],
  )
  const more = rankCapabilities([
    { capability: 'motionSensor', devices: 2 },
    { capability: 'contactSensor', devices: 9 },
    { capability: 'lock', devices: 2 },
  ])
  t.strictSame(
    more.map(({ capability }) => capability),
    ['contactSensor', 'lock', 'motionSensor'],
    'of equal worth, what more devices have',
  )
})

t.test('one subscription for each capability, and for what comes, goes and fails', async (t) => {
  const devices = [device('a', 'contactSensor', 'battery'), device('b', 'contactSensor', 'refresh')]
  const { wanted, leftOut } = planSubscriptions({
    ...{ locationId: LOCATION, devices, limit: SUBSCRIPTIONS_MAX, hubs: true },
  })
  t.strictSame(leftOut, [])
  t.strictSame(
    wanted.map(({ name }) => name),
    ['device-lifecycle', 'device-health', 'hub-health', 'cap-contactSensor', 'cap-battery'],
  )
  t.match(wanted[3], { locationId: LOCATION, attribute: '*', stateChangeOnly: false })
})

t.test(
  'more capabilities than room: by device where those are few, else the worthiest',
  async (t) => {
    const capabilities = ['smokeDetector', ...Array.from({ length: 60 }, (_, at) => `a.c${at}`)]
    const few = [device('de000000-0000-4000-8000-000000000001', ...capabilities)]
    const plan = { locationId: LOCATION, limit: 40, hubs: false }
    const byDevice = planSubscriptions({ ...plan, devices: few })
    t.strictSame(byDevice.leftOut, [])
    t.match(byDevice.wanted[2], { sourceType: 'DEVICE', component: '*', capability: '*' })
    const many = Array.from({ length: 50 }, (_, at) => device(`d${at}`, ...capabilities))
    const ranked = planSubscriptions({ ...plan, devices: many })
    t.equal(ranked.wanted.length, 40)
    t.equal(ranked.leftOut.length, 61 - 38)
    t.ok(ranked.wanted.some(({ name }) => name === 'cap-smokeDetector'))
    const long = planSubscriptions({
      ...plan,
      devices: [device('a', 'x'.repeat(50), 'a.b', 'a-b')],
    })
    for (const { name } of [...long.wanted, ...byDevice.wanted]) t.match(name, /^[\w-]{1,36}$/)
    t.equal(new Set(long.wanted.map(({ name }) => name)).size, 5, 'names differ')
    t.strictSame(planSubscriptions({ ...plan, devices: few, limit: 0 }).wanted, [])
  },
)

t.test('what the vendor lists is recognised, and what is right is left alone', async (t) => {
  const file = new URL(
    '../../../../test/fixtures/smartthings/subscriptions/list.json',
    import.meta.url,
  )
  const list = parseJson(readFileSync(file, 'utf8'))
  const items: unknown[] = isJsonObject(list) && Array.isArray(list['items']) ? list['items'] : []
  const keys: { [type: string]: string } = { CAPABILITY: 'capability', DEVICE: 'device' }
  const existing = items.map((item): Subscription => {
    const sourceType = textAt(item, 'sourceType') ?? ''
    const detail = isJsonObject(item) ? item[keys[sourceType] ?? 'deviceHealth'] : undefined
    if (!isJsonObject(detail)) throw new RangeError('a subscription without detail')
    const name = textAt(detail, 'subscriptionName') ?? ''
    return { id: textAt(item, 'id') ?? '', sourceType, name, detail }
  })
  t.equal(existing.length, 3)
  const temperature: SubscriptionRequest = {
    ...{ sourceType: 'CAPABILITY', name: 'any', locationId: LOCATION, stateChangeOnly: false },
    ...{ capability: 'temperatureMeasurement', attribute: 'temperature' },
  }
  const health: SubscriptionRequest = {
    ...{ sourceType: 'DEVICE_HEALTH', name: 'other', locationId: LOCATION },
  }
  const contact = existing[1]?.id ?? ''
  t.strictSame(stepsTo(existing, [temperature, health], 40), [{ kind: 'delete', id: contact }])
  const changesOnly = { ...temperature, stateChangeOnly: true }
  const steps = stepsTo(existing, [health, changesOnly], 40).map(({ kind }) => kind)
  t.strictSame(steps, ['create', 'delete', 'delete'], 'another behaviour is another subscription')
})

t.test('from any subscriptions the steps lead to the plan, within the limit at each', async (t) => {
  const seed = seedOr(20_261_125)
  t.comment(`seed ${seed}`)
  const random = seededRandom(seed)
  const requests = planSubscriptions({
    ...{ locationId: LOCATION, limit: 60, hubs: true },
    devices: Array.from({ length: 99 }, (_, at) => device(`d${at}`, `cap${at % 30}`)),
  }).wanted
  for (let turn = 0; turn < 2000; turn += 1) {
    const limit = 1 + randomInt(random, 12)
    const some = (most: number) =>
      Array.from({ length: randomInt(random, most + 1) }, () => pick(random, requests))
    const wanted = [...new Set(some(limit))]
    const existing = some(limit).map((request, at) => {
      const spoilt = random.float() < 0.3 ? { stateChangeOnly: true } : {}
      return made({ ...request, ...spoilt }, `old ${at}`)
    })
    const held = new Map(existing.map((each) => [each.id, each]))
    const kept = new Set(existing.map(({ id }) => id))
    for (const [place, step] of stepsTo(existing, wanted, limit).entries()) {
      if (step.kind === 'delete') {
        if (!held.delete(step.id)) t.fail(`turn ${turn} deletes what is not there`)
        kept.delete(step.id)
      } else held.set(`new ${place}`, made(step.request, `new ${place}`))
      if (held.size > limit) t.fail(`turn ${turn}: ${held.size} of ${limit}`)
    }
    if (held.size !== wanted.length) t.fail(`turn ${turn}: ${held.size}, wanted ${wanted.length}`)
    if (stepsTo([...held.values()], wanted, limit).length > 0) t.fail(`turn ${turn} is not there`)
  }
  t.pass('2000 turns')
})

t.test('a second look changes nothing, and costs one call', async (t) => {
  const { api, calls, clock, held } = vendor([])
  const reconciler = createReconciler(api, 'app', clock)
  const want = { locationId: LOCATION, devices: [device('a', 'lock')], hubs: false }
  const signal = new AbortController().signal
  const first = await reconciler.reconcile(want, signal)
  t.strictSame(first, { created: 3, deleted: 0, refused: [], leftOut: [] })
  const ids = [...held.keys()]
  calls.length = 0
  t.match(await reconciler.reconcile(want, signal), { created: 0, deleted: 0 })
  t.strictSame(
    calls.map(({ kind }) => kind),
    ['getAll'],
  )
  t.strictSame([...held.keys()], ids)
})

t.test('the vendor’s rates are kept by waiting', async (t) => {
  const old = Array.from({ length: 40 }, (_, at) =>
    made({ sourceType: 'DEVICE_HEALTH', name: `n${at}`, locationId: `l${at}` }, `old ${at}`),
  )
  const { api, calls, clock, held } = vendor(old)
  const devices = Array.from({ length: 60 }, (_, at) => device(`d${at}`, `cap${at}`))
  const want = { locationId: LOCATION, devices, hubs: true }
  const done = createReconciler(api, 'app', clock).reconcile(want, new AbortController().signal)
  await clock.advance(4 * RATES.windowMs)
  t.match(await done, { created: 40, deleted: 40, refused: [] })
  t.equal(held.size, 40)
  const creates = calls.filter(({ kind }) => kind === 'create')
  const others = calls.filter(({ kind }) => kind !== 'create')
  for (const [made, most] of [
    [creates, RATES.create],
    [others, RATES.other],
  ] as const) {
    for (const [at, { at: time }] of made.entries()) {
      const later = made[at + most]
      if (later !== undefined) t.ok(later.at - time >= RATES.windowMs, `call ${at}`)
    }
  }
})

t.test(
  'a refusal costs one subscription, a lower limit the least worthy, a lost login all',
  async (t) => {
    const want = {
      ...{ locationId: LOCATION, hubs: true },
      devices: [
        device('a', 'smokeDetector', 'lock', 'powerMeter'),
        device('b', 'lock'),
        device('c'),
      ],
    }
    const signal = new AbortController().signal
    const one = vendor([])
    one.refuse.set('hub-health', withCode('smartthings_forbidden'))
    const refused = await createReconciler(one.api, 'app', one.clock).reconcile(want, signal)
    t.match(refused, {
      created: 5,
      refused: [{ name: 'hub-health', code: 'smartthings_forbidden' }],
    })
    const few = vendor([], 5)
    const manyDevices = Array.from({ length: 9 }, (_, at) => device(`x${at}`, 'lock'))
    const squeezed = await createReconciler(few.api, 'app', few.clock).reconcile(
      { ...want, devices: [...want.devices, ...manyDevices] },
      signal,
    )
    t.strictSame(squeezed.leftOut, ['powerMeter'])
    t.ok([...few.held.values()].some(({ name }) => name === 'cap-smokeDetector'))
    const gone = vendor([])
    gone.refuse.set('device-health', withCode('smartthings_needs_login'))
    const failure = createReconciler(gone.api, 'app', gone.clock).reconcile(want, signal)
    await t.rejects(failure, { code: 'smartthings_needs_login' })
  },
)
