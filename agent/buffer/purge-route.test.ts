import { join } from 'node:path'
import { fastify } from 'fastify'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { writeDurably } from '../../base/durable-file.ts'
import { parseJson } from '../../base/json.ts'
import { silentLogger } from '../../base/log.ts'
import { listenOn } from '../../base/ops-server.ts'
import { EXIT } from '../../base/verb.ts'
import { bufferJournal, manyReadings, runBuffer } from '../../test/fixtures/buffer-journal.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { addReadingsRoute } from '../source/http.ts'
import { addPurgeRoute, PURGE_PATH } from './purge-route.ts'

/** A journal that this process holds, with the route, and its configuration. */
async function running(t: Test, readings: number) {
  const folder = temporaryFolder(t)
  const journal = await bufferJournal(join(folder, 'journal'))
  t.teardown(() => journal[Symbol.asyncDispose]())
  await journal.append(manyReadings(readings), 'waited')
  const app = fastify({ forceCloseConnections: true })
  const sink = { accept: journal.append.bind(journal) }
  addReadingsRoute(app, sink, silentLogger)
  addPurgeRoute(app, { journal, clock: systemClock, log: silentLogger })
  const port = await listenOn(app, { host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const config = join(folder, 'agent.yaml')
  writeDurably(config, `hub: h1\ndata_dir: ${folder}\nhttp: { listen: "127.0.0.1:${port}" }\n`)
  return { journal, port, config }
}

const everything = (epoch: string) => ({ epoch, types: [], before: null, after: 0 })

async function ask(port: number, body: string, headers: { readonly [name: string]: string }) {
  const answer = await fetch(`http://127.0.0.1:${port}${PURGE_PATH}`, {
    ...{ method: 'POST', headers, body },
  })
  return { status: answer.status, body: await answer.json() }
}

t.test('web pages, forms and callers who mean another journal purge nothing', async (t) => {
  const { journal, port } = await running(t, 6)
  const json = { 'content-type': 'application/json' }
  const good = JSON.stringify(everything(journal.epoch))
  const refusals: readonly (readonly [
    object: { readonly [name: string]: string },
    body: string,
    status: number,
  ])[] = [
    [{ ...json, origin: `http://127.0.0.1:${port}` }, good, 403],
    [{ ...json, origin: 'null' }, good, 403],
    [{ ...json, 'sec-fetch-site': 'cross-site' }, good, 403],
    [{ 'content-type': 'text/plain' }, good, 415],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, good, 415],
    [json, JSON.stringify(everything('abcdefghijklmnop')), 409],
    [json, '{}', 400],
    [json, 'nonsense', 400],
    [json, JSON.stringify({ ...everything(journal.epoch), types: ['_epoch'] }), 400],
    [json, JSON.stringify({ ...everything(journal.epoch), all: true }), 400],
  ]
  for (const [headers, body, status] of refusals) {
    t.equal((await ask(port, body, headers)).status, status, JSON.stringify(headers) + body)
  }
  t.strictSame(journal.unsettled(), [{ first: 1, last: 7 }])
  const done = { status: 200, body: { purged: 6, through: 7, done: true } }
  t.strictSame(await ask(port, good, json), done)
})

t.test('the verb purges a running journal, and a record covers each reading', async (t) => {
  const { journal, config } = await running(t, 30)
  const asked = await runBuffer(['purge', '--config', config, '--type', 'humidity'])
  t.match(asked, { code: EXIT.usage, out: '', err: /10 readings would be given up; add --yes/ })
  const purged = await runBuffer(['purge', '--config', config, '--type', 'humidity', '--yes'])
  t.match(purged, { code: EXIT.ok, out: /^10 readings were given up/, err: '' })
  const status = await runBuffer(['status', '--config', config])
  t.match(status.out, /^agent {6}running:/m)
  t.match(status.out, /^readings {3}20 waiting, 0 settled and kept$/m)
  const records = await runBuffer(['cat', '--config', config, '--type', '_drop'])
  const value = { type: 'humidity', first: 1, last: 10, count: 10, reason: 'purged' }
  t.match(parseJson(records.out), { hub: 'h1', value: { ...value, epoch: journal.epoch } })
  t.match(await runBuffer(['verify', '--config', config]), { code: EXIT.ok, err: '' })
  const none = await runBuffer(['purge', '--config', config, '--before', '1d', '--yes', '--json'])
  t.match(none, { code: EXIT.ok, out: '{"purged":0}\n' })
})

t.test('rows under way are left alone', async (t) => {
  const { journal, config } = await running(t, 30)
  // Whoever sends has taken the first ten rows.
  const held = { first: 1, last: 10 }
  journal.shedFrom({
    withdraw: () => [],
    withdrawFrom: (ranges) =>
      ranges.flatMap(({ first, last }) =>
        last <= held.last ? [] : [{ first: Math.max(first, held.last + 1), last }],
      ),
    restore: () => undefined,
  })
  const purged = await runBuffer(['purge', '--config', config, '--yes', '--json'])
  t.match(purged, { code: EXIT.ok, out: '{"purged":21}\n' })
})

t.test('a journal that is held by a process that does not answer is not touched', async (t) => {
  const { journal, config } = await running(t, 3)
  const env = { HUBLEAF_HTTP_LISTEN: '127.0.0.1:1' }
  const purged = await runBuffer(['purge', '--config', config, '--yes'], env)
  t.match(purged, { code: EXIT.failed, out: '', err: /journal_in_use: a process has the journal/ })
  t.strictSame(journal.unsettled(), [{ first: 1, last: 4 }])
})

t.test('the verb purges the journal of a stopped agent', async (t) => {
  const folder = temporaryFolder(t)
  const journal = await bufferJournal(join(folder, 'journal'))
  await journal.append(manyReadings(12_000), 'waited')
  await journal[Symbol.asyncDispose]()
  const config = join(folder, 'agent.yaml')
  writeDurably(config, `hub: h1\ndata_dir: ${folder}\n`)
  const purged = await runBuffer(['purge', '--config', config, '--yes'])
  t.match(purged, { code: EXIT.ok, out: /^12,000 readings were given up/, err: '' })
  const verdict = await runBuffer(['verify', '--config', config])
  t.match(verdict, { code: EXIT.ok, out: /nothing is wrong/ })
  t.equal((await runBuffer(['cat', '--config', config])).out, '')
})
