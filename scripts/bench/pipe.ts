// The whole pipe on one machine, as the demo runs it: how long from a push over HTTP to the point on the
// dashboard's live feed, and how many readings a second reach the database. Beside it, measured in the
// same run, the limit: the same rows written by node:sqlite alone. Run it alone.

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../base/clock.ts'
import { freePorts } from '../../base/free-port.ts'
import { parseJson, isJsonObject, numberAt } from '../../base/json.ts'
import { numberIn } from '../../base/sqlite.ts'
import { startDemoProcess } from '../../test/fixtures/demo.ts'
import type { DemoProcess } from '../../test/fixtures/demo.ts'
import { eventually } from '../../test/fixtures/eventually.ts'

const LONE_READINGS = 1000
const LONE_EVERY_MS = 10
const BULK_READINGS = 100_000
const BULK_REQUEST = 1000
const BULK_PARALLEL = 4

const print = (line: string): boolean => process.stdout.write(`${line}\n`)
const now = (): number => systemClock.monotonic()

async function push(demo: DemoProcess, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  const answer = await fetch(`${demo.pushUrl}/v1/readings`, init)
  await answer.text()
}

/** Calls `seen` with each value of a device that the live feed brings, until the signal aborts. */
async function watchFeed(
  demo: DemoProcess,
  device: string,
  seen: (value: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const feed = await fetch(`${demo.dashboardUrl}/api/live`, { signal })
  const decoder = new TextDecoder()
  let text = ''
  const chunks: AsyncIterable<unknown> | undefined = feed.body ?? undefined
  if (chunks === undefined) return
  for await (const chunk of chunks) {
    if (!(chunk instanceof Uint8Array)) continue
    text += decoder.decode(chunk, { stream: true })
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) {
      const points = line.startsWith('data: ') ? parseJson(line.slice(6)) : undefined
      const list: readonly unknown[] = Array.isArray(points) ? points : []
      for (const point of list) {
        if (isJsonObject(point) && point['device'] === device) seen(numberAt(point, 'value') ?? 0)
      }
    }
  }
}

async function latencies(demo: DemoProcess): Promise<readonly number[]> {
  const sentAt = new Map<number, number>()
  const took: number[] = []
  const stop = new AbortController()
  const watching = watchFeed(
    demo,
    'lone',
    (value) => took.push(now() - (sentAt.get(value) ?? Number.NaN)),
    stop.signal,
  ).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error
  })
  const pushes: Promise<void>[] = []
  for (let value = 1; value <= LONE_READINGS; value += 1) {
    sentAt.set(value, now())
    pushes.push(push(demo, { type: 'temperature', device: 'lone', value, unit: 'C' }))
    await systemClock.sleep(LONE_EVERY_MS)
  }
  await Promise.all(pushes)
  await eventually(
    () => took.length,
    (count) => count >= LONE_READINGS,
    10_000,
  )
  stop.abort()
  await watching
  return took.sort((a, b) => a - b)
}

async function throughput(demo: DemoProcess): Promise<{ accepted: number; stored: number }> {
  const startedAt = now()
  let next = 0
  const sender = async (): Promise<void> => {
    while (next < BULK_READINGS) {
      const first = (next += BULK_REQUEST) - BULK_REQUEST
      const values = Array.from({ length: BULK_REQUEST }, (_, index) => first + index)
      await push(
        demo,
        values.map((value) => ({ type: 'power', device: 'bulk', value, unit: 'W' })),
      )
    }
  }
  await Promise.all(Array.from({ length: BULK_PARALLEL }, sender))
  const accepted = now() - startedAt
  const count = (): number => {
    const database = new DatabaseSync(join(demo.folder, 'storage/readings.sqlite'), {
      readOnly: true,
    })
    const sql = "SELECT count(*) AS n FROM readings WHERE device = 'bulk'"
    const found = numberIn(database.prepare(sql).get(), 'n')
    database.close()
    return found
  }
  await eventually(count, (found) => found >= BULK_READINGS, 120_000)
  return {
    accepted: (BULK_READINGS / accepted) * 1000,
    stored: (BULK_READINGS / (now() - startedAt)) * 1000,
  }
}

/** Rows a second of node:sqlite alone: as many rows to a synced commit as to a request. */
function limit(folder: string): number {
  const database = new DatabaseSync(join(folder, 'limit.db'))
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE r (id INTEGER PRIMARY KEY, body TEXT)',
  )
  const insert = database.prepare('INSERT INTO r (body) VALUES (?)')
  const body = JSON.stringify(['bulk', 'main', 12_345, 'http', 1.79e12, 1.79e12, 1e6, 1, 'W', null])
  const startedAt = now()
  for (let row = 0; row < BULK_READINGS; row += BULK_REQUEST) {
    database.exec('BEGIN')
    for (let index = 0; index < BULK_REQUEST; index += 1) insert.run(body)
    database.exec('COMMIT')
  }
  const took = now() - startedAt
  database.close()
  return (BULK_READINGS / took) * 1000
}

const folder = mkdtempSync(join(tmpdir(), 'hubleaf-pipe-'))
const [dashboard = 0, pushPort = 0] = await freePorts(2)
const demo = await startDemoProcess(folder, [dashboard, pushPort])
try {
  print(`${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}`)
  const took = await latencies(demo)
  const at = (share: number): string =>
    (took[Math.floor((took.length - 1) * share)] ?? 0).toFixed(1)
  const { accepted, stored } = await throughput(demo)
  await demo.stop()
  const alone = limit(folder)
  const share = (rate: number): string => `${((100 * rate) / alone).toFixed(0)} %`
  print('| what | figure | of the limit |\n| --- | ---: | ---: |')
  print(
    `| push → live feed, ${took.length} lone readings at 100/s, p50 / p99, ms | ${at(0.5)} / ${at(0.99)} | |`,
  )
  print(
    `| accepted (synced) in requests of ${BULK_REQUEST}, readings/s | ${accepted.toFixed(0)} | ${share(accepted)} |`,
  )
  print(`| in the database, readings/s | ${stored.toFixed(0)} | ${share(stored)} |`)
  print(
    `| limit: node:sqlite alone, same rows a commit, one copy, rows/s | ${alone.toFixed(0)} | 100 % |`,
  )
} finally {
  await demo.stop()
  rmSync(folder, { recursive: true, force: true })
}
