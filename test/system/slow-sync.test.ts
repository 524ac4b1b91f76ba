// A card that takes 50 or 200 ms for each sync: the real agent accepts all the same, its event loop
// does not notice, and a lone reading is answered after one sync, not two.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { openJournal } from '../../agent/journal/sqlite-journal.ts'
import { systemClock } from '../../base/clock.ts'
import { readIfThere, writeDurably } from '../../base/durable-file.ts'
import { freePorts } from '../../base/free-port.ts'
import { numberAt, parseJson } from '../../base/json.ts'
import { buildDiskShim, needsDiskShim } from '../fixtures/disk-shim.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { journalOptions } from '../fixtures/journal-options.ts'

const ROOT = join(import.meta.dirname, '../..')
const PROBE = join(import.meta.dirname, '../fixtures/event-loop-probe.ts')

const REQUESTS = 300
const REQUEST_READINGS = 3
const REQUEST_EVERY_MS = 15
const LONE_READINGS = 9

for (const syncMs of [50, 200]) {
  const title = `P1.10 a sync of ${syncMs} ms stops neither the event loop nor the readings`
  t.test(title, needsDiskShim(), async (t) => {
    const folder = temporaryFolder(t)
    const agent = await startAgent(t, folder, syncMs)
    const lone = await loneReadings(agent.url)
    agent.probe()
    const statuses = await load(agent.url)
    agent.probe()
    const figures = await eventually(agent.figures, (found) => found !== undefined, 10_000)
    const p99Ms = numberAt(figures, 'p99Ms') ?? Infinity
    const raw = numberAt(figures, 'rawP99Ms') ?? Infinity
    t.comment(`p99 ${raw.toFixed(1)} ms with the waits for a processor that others had`)
    t.ok(p99Ms < 20, `event loop delay p99 ${p99Ms.toFixed(1)} ms`)
    t.ok((numberAt(figures, 'samples') ?? 0) > 200, 'the event loop was measured')
    t.ok(lone >= syncMs, `a lone reading waits for its sync: ${lone.toFixed(0)} ms`)
    t.ok(lone < 1.9 * syncMs, `a lone reading waits for one sync: ${lone.toFixed(0)} ms`)
    const refused = statuses.filter((status) => status !== 200)
    t.strictSame(refused, [], `${statuses.length} requests are accepted`)
    t.equal(await agent.stop(), 0, 'the agent ends in order')
    const kept = await readBack(join(folder, 'agent/journal'))
    t.equal(kept.pushed, new Set(kept.values).size, 'no reading is there twice')
    t.equal(kept.pushed, LONE_READINGS + REQUESTS * REQUEST_READINGS, 'every reading is kept')
    t.ok(kept.polled > 0, `${kept.polled} polled readings are kept beside them`)
  })
}

/** `hubleaf agent` without a cloud, with a simulated house to poll, on a slow disk. */
async function startAgent(t: Pick<Test, 'teardown'>, folder: string, syncMs: number) {
  const [port = 0] = await freePorts(1)
  const data = join(folder, 'agent')
  const config = {
    ...{ hub: 'h1', data_dir: data, http: { listen: `127.0.0.1:${port}` } },
    sources: { host: { enabled: false }, simulated: { enabled: true, interval: '200ms' } },
  }
  // JSON is YAML.
  const file = join(folder, 'agent.yaml')
  writeDurably(file, JSON.stringify(config))
  const figuresFile = join(folder, 'figures.json')
  const flags = ['--disable-warning=ExperimentalWarning', '--import', PROBE]
  const verb = [join(ROOT, 'hubleaf.ts'), 'agent', '--config', file]
  const shim = buildDiskShim(folder, { folder: data, syncMs })
  const child = spawn(process.execPath, [...flags, ...verb], {
    ...{ cwd: ROOT, stdio: 'ignore' },
    env: { PATH: process.env['PATH'], ...shim, EVENT_LOOP_PROBE_FILE: figuresFile },
  })
  t.teardown(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  await eventually(
    () => isReady(url),
    (ready) => ready,
    20_000,
  )
  return {
    url,
    probe: () => child.kill('SIGUSR2'),
    figures: () => parseJson(readIfThere(figuresFile) ?? ''),
    async stop() {
      child.kill('SIGTERM')
      await exited
      return child.exitCode
    },
  }
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/readyz`)
    await answer.text()
    return answer.ok
  } catch {
    return false
  }
}

async function push(url: string, values: readonly number[]): Promise<number> {
  const readings = values.map((value) => ({ type: 'temperature', device: 'pushed', value }))
  const answer = await fetch(`${url}/v1/readings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(readings),
  })
  await answer.text()
  return answer.status
}

/** Pushes readings one at a time; gives the median wait, ms: one may meet a sync under way. */
async function loneReadings(url: string): Promise<number> {
  const waits: number[] = []
  for (let value = 1; value <= LONE_READINGS; value += 1) {
    const sentAt = systemClock.monotonic()
    await push(url, [-value])
    waits.push(systemClock.monotonic() - sentAt)
  }
  return waits.sort((one, other) => one - other)[Math.floor(LONE_READINGS / 2)] ?? 0
}

/** Pushes at a steady pace, whatever the answers take; resolves to all statuses. */
async function load(url: string): Promise<readonly number[]> {
  const startedAt = systemClock.monotonic()
  const answers: Promise<number>[] = []
  for (let request = 0; request < REQUESTS; request += 1) {
    const due = startedAt + request * REQUEST_EVERY_MS
    await systemClock.sleep(Math.max(0, due - systemClock.monotonic()))
    const first = 1 + request * REQUEST_READINGS
    answers.push(
      push(
        url,
        Array.from({ length: REQUEST_READINGS }, (_, index) => first + index),
      ),
    )
  }
  return Promise.all(answers)
}

/** What the journal holds once the agent has ended. */
async function readBack(folder: string) {
  await using journal = await openJournal(journalOptions(folder))
  const { head } = journal.status()
  const readings = journal.read({ first: 1, last: head }, head).flatMap((row) => {
    return 'corrupt' in row || row.type.startsWith('_') ? [] : [row.reading]
  })
  const pushed = readings.filter(({ device }) => device === 'pushed')
  const values = pushed.map(({ value }) => value)
  return { pushed: pushed.length, values, polled: readings.length - pushed.length }
}
