// Rows per second that storage writes, beside what node:sqlite gives for rows of the same shape in the
// same run: `node scripts/bench/storage.ts [rows]`. Synced commits of 1,000 rows, 200 series.

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import { parseEpochId, parseHubId, parseSensorType } from '../../wire/ids.ts'
import { openSqliteStorage } from '../../cloud/storage/sqlite-storage.ts'
import { storageClient } from '../../cloud/storage/client.ts'
import { serveStorage } from '../../cloud/storage/service.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import type { Row, Storage } from '../../cloud/storage/storage.ts'
import { openWriting } from '../../cloud/storage/sqlite-connection.ts'
import { tableOf } from '../../cloud/storage/row-table.ts'
import { parseWrite, writeText } from '../../cloud/storage/protocol.ts'

const BATCH_ROWS = 1000
const WRITERS = 4
const SERIES = 200
const ROWS = Number(process.argv[2] ?? 200_000)

/** One result: rows per second of wall time, and microseconds of this process's CPU per row. */
interface Result {
  readonly name: string
  readonly rowsPerSecond: number
  readonly cpuMicros: number
}

function batches(): readonly (readonly Row[])[] {
  const random = seededRandom(1)
  const hub = parseHubId('bench')
  const epoch = parseEpochId('abcdefghijklmnop')
  const type = parseSensorType('temperature')
  if (hub === undefined || epoch === undefined || type === undefined) return []
  const devices = Array.from({ length: SERIES }, (_, place) => `device-${place}-0123456789`)
  const fixed = { hub, epoch, type, channel: 'main', source: 'http', canonicalUnit: 'C', unit: 'C' }
  const clocked = { boot: '0123456789abcdef0123456789abcdef', timeQuality: 'synced' } as const
  return Array.from({ length: ROWS / BATCH_ROWS }, (_batch, batch) =>
    Array.from({ length: BATCH_ROWS }, (_row, place): Row => {
      const seq = batch * BATCH_ROWS + place + 1
      const value = Math.round(random.float() * 4000) / 100
      const at = 1_790_000_000_000 + seq * 5
      const times = { observedAt: at, receivedAt: at + 7, monoMs: 5_000_000 + seq * 5 }
      const device = devices[seq % SERIES] ?? 'none'
      return { ...fixed, ...clocked, ...times, seq, device, value, number: value, flags: [] }
    }),
  )
}

async function measure(name: string, work: () => Promise<void>): Promise<Result> {
  const cpu = process.cpuUsage()
  const start = systemClock.monotonic()
  await work()
  const seconds = (systemClock.monotonic() - start) / 1000
  const used = process.cpuUsage(cpu)
  return { name, rowsPerSecond: ROWS / seconds, cpuMicros: (used.user + used.system) / ROWS }
}

function rawInserts(folder: string, all: readonly (readonly Row[])[]): () => Promise<void> {
  const database = openWriting(join(folder, 'raw.sqlite'), 0)
  const insert = database.prepare(`INSERT INTO reading (run_id, seq, series_id, origin_id,
    observed_at, received_at, mono_ms, value, number, flags, hash)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  return async () => {
    for (const rows of all) {
      database.exec('BEGIN')
      for (const { seq, observedAt, receivedAt, monoMs, number } of rows) {
        const text = String(number)
        const cells = [observedAt, receivedAt, monoMs, text, number, 0, seq * 123_456_789] as const
        insert.run(1, seq, seq % SERIES, 1, ...cells)
      }
      database.exec('COMMIT')
    }
    database.close()
  }
}

async function run(folder: string): Promise<readonly Result[]> {
  const all = batches()
  const results = [await measure('node:sqlite alone', rawInserts(folder, all))]
  await using storage = await openSqliteStorage({ folder })
  const write = async (): Promise<void> => {
    for (const rows of all) await storage.write(rows)
  }
  results.push(await measure('storage.write, one at a time', write))
  results.push(await measure('storage.write, all repeats', write))
  const codec = async (): Promise<void> => {
    for (const rows of all) parseWrite(Buffer.from(writeText(tableOf(rows))))
  }
  results.push(await measure('request to text and back', codec))
  return [...results, ...(await overNats(join(folder, 'served'), all))]
}

/** Client, server and service, with a dashboard's subscription; the CPU is client and service. */
async function overNats(
  folder: string,
  all: readonly (readonly Row[])[],
): Promise<readonly Result[]> {
  const ends: (() => Promise<void>)[] = []
  const { url } = await startNatsServer({ teardown: (end) => void ends.push(end) })
  await using engine = await openSqliteStorage({ folder })
  const connection = await connect({ servers: url })
  const asking = await connect({ servers: url })
  const service = await serveStorage({
    ...{ connection, engine, clock: systemClock, log: silentLogger },
  })
  const client = storageClient(asking)
  const left = [...all]
  const writer = async (): Promise<void> => {
    for (let rows = left.shift(); rows !== undefined; rows = left.shift()) await client.write(rows)
  }
  const work = async (): Promise<void> => {
    await Promise.all(Array.from({ length: WRITERS }, writer))
  }
  const written = await measure(`client to disk over NATS, ${WRITERS} writers`, work)
  await reads(client)
  await service[Symbol.asyncDispose]()
  await Promise.all([connection.close(), asking.close()])
  for (const end of ends) await end()
  return [written]
}

/** Prints how long the dashboard's questions take on what was written. */
async function reads(client: Storage): Promise<void> {
  const start = systemClock.monotonic()
  const latest = await client.latest()
  const between = systemClock.monotonic()
  const [series] = latest
  if (series === undefined) return
  const { hub, type, site, device, channel } = series
  const from = 1_790_000_000_000
  const span = { from, to: from + ROWS * 5 + 1, points: 1000 }
  const points = await client.range({ hub, type, site, device, channel, ...span })
  const end = systemClock.monotonic()
  process.stdout.write(
    `latest of ${latest.length} series: ${(between - start).toFixed(1)} ms; ` +
      `range of ${ROWS / SERIES} rows as ${points.length} points: ${(end - between).toFixed(1)} ms\n`,
  )
}

const folder = mkdtempSync(join(tmpdir(), 'hubleaf-bench-'))
try {
  const results = await run(folder)
  const cpu = cpus()
  const machine = `${cpu.length} x ${cpu[0]?.model ?? 'unknown CPU'}, Node ${process.version}`
  process.stdout.write(`${machine}; ${ROWS} rows in commits of ${BATCH_ROWS}, synced\n\n`)
  const best = results[0]?.rowsPerSecond ?? 1
  process.stdout.write('| what | rows/s | of node:sqlite | CPU µs/row |\n|---|---:|---:|---:|\n')
  for (const { name, rowsPerSecond, cpuMicros } of results) {
    const share = `${Math.round((100 * rowsPerSecond) / best)} %`
    const rate = Math.round(rowsPerSecond).toLocaleString('en')
    process.stdout.write(`| ${name} | ${rate} | ${share} | ${cpuMicros.toFixed(1)} |\n`)
  }
} finally {
  rmSync(folder, { recursive: true })
}
