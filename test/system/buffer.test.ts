// `hubleaf buffer` on a real agent with no cloud: each action while readings arrive, after the agent
// was killed, on files copied from its card, and with memory that does not grow with the rows.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test } from 'tap'
import { writeDurably } from '../../base/durable-file.ts'
import { freePorts } from '../../base/free-port.ts'
import { isJsonObject, parseJson } from '../../base/json.ts'
import { EXIT } from '../../base/verb.ts'
import { bufferJournal, manyReadings, runBuffer, runNode } from '../fixtures/buffer-journal.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const BATCH = 10_000
const BATCHES = 3
const TOTAL = BATCH * BATCHES
const HUMID = BATCHES * manyReadings(BATCH).filter(({ type }) => String(type) === 'humidity').length

/** Rows that are exported with little memory, and how little, MB: held in memory they take more. */
const MANY = 300_000
const HEAP_MB = 48

/** Peak memory of that export, all of the process, kB; the runtime alone takes some 100 MB. */
const PEAK_MAX_KB = 250_000

interface Hub {
  readonly config: string
  readonly folder: string
  readonly port: number
}

async function makeHub(t: Test): Promise<Hub> {
  const folder = temporaryFolder(t)
  const [port = 0] = await freePorts(1)
  const config = join(folder, 'agent.yaml')
  const lines = [
    ...['hub: h1', `data_dir: ${folder}`, `http: { listen: "127.0.0.1:${port}" }`],
    'sources: { host: { enabled: false } }',
  ]
  writeDurably(config, lines.join('\n'))
  return { config, folder, port }
}

/** Starts the agent as a process; resolves to what kills it. */
async function startAgent(t: Test, { config, port }: Hub) {
  const flags = ['--disable-warning=ExperimentalWarning', `${ROOT}hubleaf.ts`, 'agent']
  const child = spawn(process.execPath, [...flags, '--config', config], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await exited
  }
  t.teardown(() => end('SIGKILL'))
  const isUp = async (): Promise<boolean> => {
    try {
      return (await fetch(`http://127.0.0.1:${port}/healthz`)).ok
    } catch {
      return false
    }
  }
  t.ok(await eventually(isUp, (up) => up, 20_000), 'the agent is up')
  return { end }
}

async function push({ port }: Hub, count: number): Promise<number> {
  const readings = manyReadings(count).map(({ type, device, value }) => ({ type, device, value }))
  const answer = await fetch(`http://127.0.0.1:${port}/v1/readings`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify(readings),
  })
  await answer.text()
  return answer.status
}

async function statusOf(args: readonly string[]): Promise<{ readonly [key: string]: unknown }> {
  const { out } = await runBuffer(['status', '--json', ...args])
  const value = parseJson(out)
  return isJsonObject(value) ? value : {}
}

/** Runs the verb with a small heap; gives how it ended and its peak memory, kB. */
async function peakOf(args: readonly string[]) {
  const script = `
    const { main } = await import(${JSON.stringify(`${ROOT}agent/buffer/main.ts`)})
    const code = await main(${JSON.stringify(args)})
    process.stderr.write('peak ' + process.resourceUsage().maxRSS)
    process.exit(code)`
  const flags = ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${HEAP_MB}`]
  const { code, err } = await runNode([...flags, '--input-type=module', '-e', script])
  return { code, err, peak: Number(/peak (\d+)/.exec(err)?.[1] ?? NaN) }
}

t.test('each action on a running agent, while readings arrive', async (t) => {
  const hub = await makeHub(t)
  const agent = await startAgent(t, hub)
  for (let batch = 0; batch < BATCHES; batch += 1) t.equal(await push(hub, BATCH), 200)
  const config = ['--config', hub.config]
  t.match(await statusOf(config), {
    ...{ hub: 'h1', agent: 'running', readings: { waiting: TOTAL, settled: 0, aside: 0 } },
    damage: null,
  })
  let pushed = 0
  const over = new AbortController()
  const refused: number[] = []
  const pushing = (async () => {
    while (!over.signal.aborted) {
      const status = await push(hub, 50)
      if (status === 200) pushed += 50
      else refused.push(status)
    }
  })()
  const verdict = await runBuffer(['verify', ...config])
  t.match(verdict, { code: EXIT.ok, out: /rows read: nothing is wrong/, err: '' })
  const file = join(hub.folder, 'all.csv')
  const csv = ['export', ...config, '--format', 'csv', '--output', file]
  t.match(await runBuffer(csv), { code: EXIT.ok, out: '', err: '' })
  const rows = readFileSync(file, 'utf8').split('\r\n').length - 2
  t.ok(rows >= TOTAL && rows <= TOTAL + pushed, `${rows} rows`)
  const purged = await runBuffer(['purge', ...config, '--type', 'humidity', '--yes', '--json'])
  t.match(purged, { code: EXIT.ok, err: '' })
  const found = parseJson(purged.out)
  const count = isJsonObject(found) ? Number(found['purged']) : NaN
  t.ok(count >= HUMID && count <= HUMID + pushed, `${count} of at least ${HUMID} were given up`)
  over.abort()
  await pushing
  t.strictSame(refused, [], 'no reading was refused meanwhile')
  t.ok(pushed > 0)
  const left = await statusOf(config)
  t.match(left, { readings: { waiting: TOTAL + pushed - count, settled: 0, aside: 0 } })
  t.match(await runBuffer(['verify', ...config]), { code: EXIT.ok, err: '' })

  await agent.end('SIGKILL')
  await stopped(t, hub, TOTAL + pushed - count)
})

/** The same agent, killed: its log lies beside its database. */
async function stopped(t: Test, hub: Hub, waiting: number): Promise<void> {
  const config = ['--config', hub.config]
  const journal = join(hub.folder, 'journal')
  const card = join(hub.folder, 'card')
  mkdirSync(card)
  copyFileSync(join(journal, 'journal.db'), join(card, 'journal.db'))
  const whole = join(hub.folder, 'whole')
  mkdirSync(whole)
  for (const name of ['journal.db', 'journal.db-wal']) {
    copyFileSync(join(journal, name), join(whole, name))
  }
  t.match(await statusOf(config), { agent: 'not running', readings: { waiting } })
  t.match(await runBuffer(['verify', ...config]), { code: EXIT.ok, err: '' })

  chmodSync(whole, 0o500)
  t.match(await statusOf(['--file', whole]), { agent: 'unknown', hub: null, readings: { waiting } })
  t.strictSame(readdirSync(whole), ['journal.db', 'journal.db-wal'])
  chmodSync(whole, 0o700)
  const lone = await runBuffer(['cat', '--file', join(card, 'journal.db'), '--hub', 'h9'])
  const lines = lone.out.split('\n').slice(0, -1)
  t.equal(lone.code, EXIT.ok)
  t.ok(lines.length > TOTAL / 4, `${lines.length} rows without the log`)
  t.match(parseJson(lines[0] ?? ''), { hub: 'h9', type: 'temperature', state: 'waiting' })
  t.strictSame(readdirSync(card), ['journal.db'])

  const purged = await runBuffer(['purge', ...config, '--yes', '--json'])
  t.match(purged, { code: EXIT.ok, out: `{"purged":${waiting}}\n`, err: '' })
  t.match(await statusOf(config), { readings: { waiting: 0 }, agent: 'not running' })
  t.match(await runBuffer(['verify', ...config]), { code: EXIT.ok, err: '' })
}

t.test('the memory of an export does not grow with the rows', async (t) => {
  const folder = temporaryFolder(t)
  const journal = await bufferJournal(folder)
  for (let done = 0; done < MANY; done += BATCH) {
    await journal.append(manyReadings(BATCH), 'waited')
  }
  await journal[Symbol.asyncDispose]()
  const output = join(folder, 'all.ndjson')
  const { code, err, peak } = await peakOf(['export', '--file', folder, '--output', output])
  t.equal(code, EXIT.ok, err)
  t.ok(peak < PEAK_MAX_KB, `${peak} kB`)
  t.equal(readFileSync(output, 'utf8').split('\n').length - 1, MANY)
})

t.test('a reader that goes away ends a long export quietly', async (t) => {
  const hub = await makeHub(t)
  const agent = await startAgent(t, hub)
  for (let batch = 0; batch < 5; batch += 1) t.equal(await push(hub, BATCH), 200)
  const flags = ['--disable-warning=ExperimentalWarning', `${ROOT}hubleaf.ts`, 'buffer', 'export']
  const child = spawn(process.execPath, [...flags, '--config', hub.config], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  t.strictSame(await once(child, 'close'), [EXIT.ok, null])
  t.equal(said.join(''), '')
  await agent.end('SIGTERM')
})
