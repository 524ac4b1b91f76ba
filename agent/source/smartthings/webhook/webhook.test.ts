import t from 'tap'
import { HubleafError } from '../../../../base/errors.ts'
import { isJsonObject, parseJson, textAt } from '../../../../base/json.ts'
import {
  lifecycleBody,
  signed,
  SIGNED_AT,
  utcDate,
} from '../../../../test/fixtures/signed-request.ts'
import { APP, INSTALLED, LOCATION, webhookWith } from '../../../../test/fixtures/webhook.ts'
import { ANSWER_WITHIN_MS } from './limits.ts'
import type { WebhookAnswer } from './webhook.ts'

/** A signed request with a lifecycle fixture as its body. */
const request = (name: string) => signed({ body: lifecycleBody(`${name}.request.json`) })

/** A signed API access app event. */
const events = (list: readonly unknown[], installedAppId = INSTALLED) =>
  signed({
    body: JSON.stringify({
      messageType: 'EVENT',
      eventData: { installedApp: { installedAppId, locationId: LOCATION }, events: list },
    }),
  })

const deviceEvent = (change: object = {}, eventTime: unknown = '2026-11-20T08:15:30Z') => ({
  ...{ eventType: 'DEVICE_EVENT', eventTime },
  deviceEvent: {
    ...{ eventId: 'e1', deviceId: 'd1', componentId: 'main', value: 21.5 },
    ...{ capability: 'temperatureMeasurement', attribute: 'temperature', ...change },
  },
})

const codeOf = ({ status, body }: WebhookAnswer): string => {
  const error = isJsonObject(body) ? body['error'] : undefined
  return `${status} ${textAt(error, 'code') ?? 'ok'}`
}

t.test('every lifecycle has the answer that the vendor waits for', async (t) => {
  const expected = (name: string): unknown =>
    parseJson(lifecycleBody(`${name}.response.json`).toString())
  for (const name of [
    ...['confirmation', 'ping', 'install', 'update', 'uninstall', 'oauth-callback', 'execute'],
  ]) {
    const { webhook } = webhookWith()
    const answer = await webhook.handle(request(name))
    t.strictSame(answer, { status: 200, body: expected(name) }, name)
  }
  const { webhook, kept } = webhookWith()
  const other = await webhook.handle(request('oauth-callback.docs-spelling'))
  t.strictSame(other.body, expected('oauth-callback'), 'the other spelling')
  const api = await webhook.handle(request('api-only.confirmation'))
  t.strictSame(api.body, expected('confirmation'))
  for (const name of ['device-multi', 'device-health', 'device-lifecycle', 'mode', 'timer']) {
    const answer = await webhook.handle(request(`event-${name}`))
    t.strictSame(answer, { status: 200, body: expected('event') }, name)
  }
  const initialize = await webhook.handle(request('configuration-initialize'))
  t.match(initialize.body, {
    configurationData: { initialize: { permissions: ['r:devices:*'], firstPageId: '1' } },
  })
  const page = await webhook.handle(request('configuration-page'))
  t.match(page.body, {
    configurationData: { page: { pageId: '1', complete: true, sections: [{ settings: [{}] }] } },
  })
  t.equal(kept.size, 0)
})

t.test('P9.21 a request that is not verified does nothing', async (t) => {
  for (const name of ['confirmation', 'install', 'uninstall', 'event-device-multi', 'execute']) {
    const { webhook, done } = webhookWith()
    const tampered = { ...request('ping'), body: lifecycleBody(`${name}.request.json`) }
    t.equal(codeOf(await webhook.handle(tampered)), '401 digest_mismatch')
    const bare = { ...request(name), rawHeaders: [] }
    t.equal(codeOf(await webhook.handle(bare)), '401 signature_missing')
    const old = signed({ body: tampered.body, date: utcDate(SIGNED_AT - 3_600_000) })
    t.equal(codeOf(await webhook.handle(old)), '401 signature_date')
    t.strictSame(done, [], name)
  }
})

t.test('an installation is kept before it is told of, and before the answer', async (t) => {
  const { webhook, done, kept, told } = webhookWith()
  await webhook.handle(request('install'))
  t.strictSame(done, [`save ${INSTALLED}`, 'told installed'])
  t.match(kept.get(INSTALLED), {
    ...{ locationId: LOCATION, accessToken: 'EXAMPLE-AUTH-TOKEN' },
    refreshToken: 'EXAMPLE-REFRESH-TOKEN',
  })
  t.match(told, [{ kind: 'installed', app: { installedAppId: INSTALLED } }])
  await webhook.handle(request('uninstall'))
  t.equal(kept.size, 0)
  t.strictSame(done.slice(2), [`remove ${INSTALLED}`, 'told removed'])
  const failing = webhookWith({
    installations: {
      find: async () => undefined,
      save: async () => Promise.reject(new HubleafError('folder_unusable', 'no disk')),
      remove: async () => undefined,
    },
  })
  t.equal(codeOf(await failing.webhook.handle(request('install'))), '503 folder_unusable')
  t.strictSame(failing.done, [], 'nobody is told of what is not kept')
})

t.test('P9.21 a copy of a request is answered, and changes nothing', async (t) => {
  const { webhook, done, clock } = webhookWith()
  const install = request('install')
  const first = await webhook.handle(install)
  await webhook.handle(request('uninstall'))
  const before = done.length
  t.strictSame(await webhook.handle(install), first)
  await clock.advance(890_000)
  t.strictSame(await webhook.handle(install), first)
  t.equal(done.length, before)
  await clock.advance(20_000)
  t.equal(codeOf(await webhook.handle(install)), '401 signature_date')
})

t.test('P1.20 the answer to events comes after the sync, and a failure is a 5xx', async (t) => {
  const synced = Promise.withResolvers<undefined>()
  const order: string[] = []
  const { webhook } = webhookWith({
    sink: {
      async accept(given, urgency) {
        t.equal(urgency, 'waited')
        await synced.promise
        order.push('synced')
        return given.map(({ type }) => ({ kind: 'stored', type, seq: 1 }))
      },
    },
  })
  const answer = webhook.handle(request('event-device-single')).then((given) => {
    order.push('answered')
    return given
  })
  await new Promise<void>((resolve) => process.nextTick(resolve))
  synced.resolve(undefined)
  t.equal((await answer).status, 200)
  t.strictSame(order, ['synced', 'answered'])
  for (const [code, status] of [
    ...([
      ['journal_write_failed', 503],
      ['journal_blocked', 503],
    ] as const),
    ...([
      ['journal_full', 507],
      ['journal_closed', 503],
      ['internal', 500],
    ] as const),
  ]) {
    let works = false
    const { webhook, done } = webhookWith({
      sink: {
        async accept(given) {
          if (!works) throw new HubleafError(code, 'no')
          return given.map(({ type }) => ({ kind: 'stored', type, seq: 1 }))
        },
      },
    })
    const failing = request('event-device-lifecycle')
    const withReading = request('event-device-single')
    t.equal(codeOf(await webhook.handle(withReading)), `${status} ${code}`)
    works = true
    t.equal((await webhook.handle(withReading)).status, 200, 'the vendor repeats it')
    t.equal((await webhook.handle(failing)).status, 200)
    t.ok(done.every((what) => what === 'told devices_changed'))
  }
})

t.test('P1.20 a sync that takes too long is answered in time, as failed', async (t) => {
  const { webhook, clock } = webhookWith({
    sink: { accept: async () => new Promise(() => undefined) },
  })
  const answer = webhook.handle(request('event-device-single'))
  await clock.advance(ANSWER_WITHIN_MS)
  t.equal(codeOf(await answer), '503 webhook_late')
  t.strictSame(webhook.status().requests, { webhook_late: 1 })
})

t.test('P3.20 an odd event costs nobody else anything, and is counted', async (t) => {
  const { webhook, readings, done } = webhookWith()
  await webhook.handle(request('install'))
  const answer = await webhook.handle(
    events([
      ...[null, 5, 'x', [], {}, { eventType: 7 }, { eventType: 'DEVICE_EVENT' }],
      ...[
        deviceEvent({ deviceId: 5 }),
        deviceEvent({ value: null }),
        deviceEvent({ deviceId: '' }),
      ],
      ...[{ eventType: 'NEW_EVENT', newEvent: {} }, { eventType: '__proto__' }],
      { eventType: 'MODE_EVENT', modeEvent: {} },
      deviceEvent({ value: 'x'.repeat(20_000) }),
      deviceEvent({ eventId: 'good' }),
      { eventType: 'INSTALLED_APP_LIFECYCLE_EVENT', installedAppLifecycleEvent: {} },
      deviceEvent({ eventId: 'untimed' }, null),
      deviceEvent({ eventId: 'odd time' }, 'yesterday'),
      deviceEvent({ eventId: ['no text'] }),
    ]),
  )
  t.equal(answer.status, 200)
  const ids = readings.map(({ eventId, observedAt }) => [eventId, observedAt])
  const at = Date.UTC(2026, 10, 20, 8, 15, 30)
  t.strictSame(ids.slice(0, 3), [
    ['good', at],
    ['untimed', undefined],
    ['odd time', undefined],
  ])
  t.match(ids[3], [/^d1\/main\//, at], 'an id that is none is replaced by one that repeats')
  t.strictSame(webhook.status().skipped, {
    ...{ malformed: 9, null: 1, invalid_name: 1, unknown_type: 2, no_reading: 1, too_large: 1 },
  })
  t.ok(done.includes('accept 4 waited'))
  t.equal((await webhook.handle(events([{}]))).status, 200, 'nothing to accept')
})

t.test('events become readings of their site, each under its own id', async (t) => {
  const { webhook, readings, told } = webhookWith()
  await webhook.handle(request('event-device-multi'))
  t.match(readings[0], {
    ...{ type: 'contact', device: 'de000000-0000-4000-8000-000000000001', value: 'open' },
    ...{ site: INSTALLED, source: 'smartthings', observedAt: Date.UTC(2026, 10, 20, 8, 15, 30) },
    eventId: 'e0000000-0000-4000-8000-000000000001',
  })
  t.ok(readings.every(({ site, eventId }) => site === INSTALLED && eventId !== undefined))
  readings.length = 0
  await webhook.handle(request('event-device-health'))
  await webhook.handle(request('event-hub-health'))
  t.strictSame(
    readings.map(({ type, value }) => `${type} ${JSON.stringify(value)}`),
    ['offline', 'unhealthy', 'online', 'offline', 'online'].map((word) => `availability "${word}"`),
  )
  readings.length = 0
  const radio = {
    eventType: 'HUB_HEALTH_EVENT',
    hubHealthEvent: { hubId: 'h', status: 'ZWAVE_OFFLINE' },
  }
  await webhook.handle(request('install'))
  await webhook.handle(events([radio]))
  t.match(readings, [{ device: 'h', value: 'offline', channel: /^zwave\./ }])
  await webhook.handle(request('event-device-lifecycle'))
  t.ok(told.some((change) => change.kind === 'devices_changed' && change.lifecycle === 'CREATE'))
})

t.test('an API access app is uninstalled by an event, after what came with it', async (t) => {
  const { webhook, done, kept } = webhookWith()
  await webhook.handle(request('install'))
  done.length = 0
  const removal = {
    eventType: 'INSTALLED_APP_LIFECYCLE_EVENT',
    installedAppLifecycleEvent: { installedAppId: INSTALLED, lifecycle: 'DELETE' },
  }
  await webhook.handle(events([removal, deviceEvent()]))
  t.strictSame(done, ['accept 1 waited', `remove ${INSTALLED}`, 'told removed'])
  t.equal(kept.size, 0)
  t.equal(
    codeOf(await webhook.handle(events([deviceEvent({ eventId: 'e2' })]))),
    '403 webhook_app_unknown',
  )
})

t.test('P9.21 what the vendor signed for another app is refused', async (t) => {
  const other = 'b9900000-0000-4000-8000-000000000002'
  for (const name of ['install', 'event-device-single', 'uninstall', 'confirmation', 'execute']) {
    const { webhook, done } = webhookWith({ appId: other })
    t.equal(codeOf(await webhook.handle(request(name))), '403 webhook_app_unknown', name)
    t.strictSame(done, [], name)
  }
  const { webhook, done } = webhookWith()
  t.equal(codeOf(await webhook.handle(request('api-only.event-device'))), '403 webhook_app_unknown')
  const foreign = lifecycleBody('confirmation.request.json').toString()
  const elsewhere = foreign.replace('https://api.smartthings.com', 'https://127.0.0.1')
  t.equal(codeOf(await webhook.handle(signed({ body: elsewhere }))), '403 confirmation_refused')
  const inner = foreign.replace(
    `"confirmationData": {\n    "appId": "${APP}"`,
    `"confirmationData": {\n    "appId": "${other}"`,
  )
  t.not(inner, foreign)
  t.equal(codeOf(await webhook.handle(signed({ body: inner }))), '403 webhook_app_unknown')
  t.strictSame(done, [])
})

t.test('a location that another hub owns is refused, before anything is kept', async (t) => {
  const asked: unknown[] = []
  const owners = {
    async owns(...args: unknown[]) {
      asked.push(args)
      return false
    },
  }
  const { webhook, done } = webhookWith({ owners })
  t.equal(codeOf(await webhook.handle(request('install'))), '409 location_claimed')
  t.equal(codeOf(await webhook.handle(request('event-device-single'))), '409 location_claimed')
  t.strictSame(done, [])
  t.strictSame(asked, [
    [LOCATION, INSTALLED],
    [LOCATION, INSTALLED],
  ])
})

t.test('P3.6 a body that is no message has a code, never a trace', async (t) => {
  const { webhook } = webhookWith()
  t.equal(codeOf(await webhook.handle(request('unknown'))), '400 webhook_lifecycle_unknown')
  for (const body of [
    ...[
      '',
      'x',
      '[]',
      'null',
      '{}',
      '{"lifecycle":5}',
      '{"lifecycle":"PING","messageType":"EVENT"}',
    ],
    ...['{"lifecycle":"PING"}', '{"lifecycle":"PING","pingData":{"challenge":""}}', '\ufeff{}'],
    ...[
      '{"lifecycle":"EVENT","eventData":{}}',
      '{"lifecycle":"CONFIGURATION","configurationData":{}}',
    ],
    `{"messageType":"EVENT","eventData":{"installedApp":{"installedAppId":"${'x'.repeat(65)}"},"events":[]}}`,
    '['.repeat(100_000),
  ]) {
    t.equal(
      codeOf(await webhook.handle(signed({ body }))),
      '400 webhook_malformed',
      body.slice(0, 60),
    )
  }
  const api = '{"messageType":"INSTALL","installData":{}}'
  t.equal(codeOf(await webhook.handle(signed({ body: api }))), '400 webhook_lifecycle_unknown')
  const bytes = signed({ body: Buffer.of(0x22, 0xff, 0x22) })
  t.equal(codeOf(await webhook.handle(bytes)), '400 webhook_malformed')
  const many = await webhook.handle(events(Array.from({ length: 2001 }, () => ({}))))
  t.equal(codeOf(many), '400 webhook_malformed')
  t.equal(webhook.status().requests['webhook_malformed'], 16)
})
