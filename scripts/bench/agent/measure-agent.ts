// The agent as its users run it, `hubleaf agent`, with few and with many waiting rows: how long from
// the start of the process to the first accepted reading, and how much memory while it drains.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { HubleafError } from '../../../base/errors.ts'
import { freePorts } from '../../../base/free-port.ts'
import { fill, repeat, withCopy } from './bench.ts'
import type { Bench, Filled } from './bench.ts'
import { figure, number, show, spreadIn } from './figures.ts'
import type { Figures, Finding } from './figures.ts'
import { cpuMicrosOf, ownMemoryOf, peakRssOf, rssOf } from './proc.ts'
import { launchMeasured } from './program.ts'

const START_TIMEOUT_MS = 60_000
const TRY_MS = 3
const LOOK_MS = 100
const FIRST_PACK_MS = 90_000
const READING = JSON.stringify({ type: 'temperature', device: 'bench', value: 21.5 })

/** Measures starts and memory. */
export async function measureAgent(bench: Bench): Promise<readonly Finding[]> {
  const { fewRows, manyRows } = bench.sizes
  const few = await fill(bench, fewRows)
  const atFew = await repeat(bench, `agent with ${fewRows} rows`, async () => start(bench, few))
  const many = await fill(bench, manyRows)
  const atMany = await repeat(bench, `agent with ${manyRows} rows`, async () => start(bench, many))
  const began = spreadIn(atMany, 'acceptMs')
  const bytes = figure(many.figures, 'bytes') / figure(many.figures, 'rows')
  rmSync(many.folder, { recursive: true })
  return [
    ...rssFindings('rssMbAt10k', atFew, fewRows),
    ...rssFindings('rssMbAt5M', atMany, manyRows),
    {
      ...{ key: 'startToAcceptMs', value: began.median, ours: show(began) },
      what: `start of the process to the first accepted reading, ms, ${number(manyRows)} waiting`,
      ...{ bar: '< 1,000', met: began.median < 1000 },
    },
    { what: 'the same, CPU of the process, ms', ours: show(spreadIn(atMany, 'acceptCpuMs')) },
    { what: 'the same, few waiting', ours: show(spreadIn(atFew, 'acceptMs')) },
    {
      ...{ key: 'diskBytesPerReading', value: bytes, ours: number(bytes, 1) },
      what: 'bytes of the journal per waiting reading',
    },
  ]
}

function rssFindings(key: string, runs: readonly Figures[], rows: number): readonly Finding[] {
  const peak = spreadIn(runs, 'rssMb')
  return [
    {
      ...{ key, value: peak.median, ours: show(peak, 1), bar: '< 100', met: peak.median < 100 },
      what: `most RSS of the agent, MB, draining ${number(rows)} waiting readings`,
    },
    { what: 'of it at most without pages of files, MB', ours: show(spreadIn(runs, 'ownMb'), 1) },
    { what: 'the same, packs stored meanwhile', ours: show(spreadIn(runs, 'packs')) },
    { what: 'the same, in the end', ours: show(spreadIn(runs, 'lastRssMb'), 1) },
    { what: 'the leaf apart, most RSS, MB', ours: show(spreadIn(runs, 'leafRssMb'), 1) },
  ]
}

/** Starts an agent on a copy of the journal, watches it drain, and stops it. */
async function start(bench: Bench, filled: Filled): Promise<Figures> {
  await bench.cluster.empty()
  return withCopy(bench, filled, async (journalFolder) => {
    const dataFolder = join(bench.folder, 'agent')
    mkdirSync(dataFolder)
    renameSync(journalFolder, join(dataFolder, 'journal'))
    try {
      return await watchAgent(bench, dataFolder)
    } finally {
      rmSync(dataFolder, { recursive: true })
    }
  })
}

async function watchAgent(bench: Bench, dataFolder: string): Promise<Figures> {
  const [httpPort = 0, leafPort = 0] = await freePorts(2)
  const configFile = writeAgentConfig(bench, { dataFolder, httpPort, leafPort, sources: {} })
  const startedAt = systemClock.monotonic()
  const { flags, env } = launchMeasured('agent')
  const words = [...flags, join(bench.dist, 'hubleaf.js'), 'agent', '--config', configFile]
  const child = spawn(process.execPath, words, { stdio: 'ignore', env })
  const exited = once(child, 'exit')
  const pid = child.pid ?? 0
  try {
    while (!(await accepts(httpPort))) {
      if (child.exitCode !== null || systemClock.monotonic() - startedAt > START_TIMEOUT_MS) {
        throw new HubleafError('internal', `the agent did not start: ${configFile}`)
      }
      await systemClock.sleep(TRY_MS)
    }
    const acceptMs = systemClock.monotonic() - startedAt
    const acceptCpuMs = cpuMicrosOf(pid) / 1000
    // Where nobody knows the time the agent waits a while before it sends the first pack.
    const giveUpAt = systemClock.monotonic() + FIRST_PACK_MS
    while ((await bench.cluster.stored()) === 0 && systemClock.monotonic() < giveUpAt) {
      await systemClock.sleep(LOOK_MS)
    }
    const ownMb = await mostOwnMemory(pid, bench.sizes.drainSeconds * 1000)
    const leafPid = Number(readFileSync(join(dataFolder, 'leaf/nats-server.pid'), 'utf8'))
    const own = { rssMb: peakRssOf(pid) / 1e6, lastRssMb: rssOf(pid) / 1e6 }
    const packs = await bench.cluster.stored()
    return { acceptMs, acceptCpuMs, ...own, ownMb, packs, leafRssMb: peakRssOf(leafPid) / 1e6 }
  } finally {
    child.kill('SIGTERM')
    await exited
  }
}

/** The most memory of its own that the process has while this lasts, MB. */
async function mostOwnMemory(pid: number, forMs: number): Promise<number> {
  const endsAt = systemClock.monotonic() + forMs
  let most = 0
  while (systemClock.monotonic() < endsAt) {
    most = Math.max(most, ownMemoryOf(pid))
    await systemClock.sleep(LOOK_MS)
  }
  return most / 1e6
}

async function accepts(port: number): Promise<boolean> {
  try {
    const headers = { 'content-type': 'application/json' }
    const url = `http://127.0.0.1:${port}/v1/readings`
    const answer = await fetch(url, { method: 'POST', headers, body: READING })
    await answer.text()
    return answer.status === 200
  } catch {
    return false
  }
}

/** Writes the configuration of an agent of this cluster and gives its file; JSON is YAML too. */
export function writeAgentConfig(
  bench: Bench,
  agent: {
    readonly dataFolder: string
    readonly httpPort: number
    readonly leafPort: number
    readonly sources: object
  },
): string {
  const { hub, leafPorts, credentialsFile } = bench.cluster
  const urls = leafPorts.map((port) => `nats-leaf://127.0.0.1:${port}`)
  const file = join(bench.folder, 'agent.yaml')
  const config = {
    ...{ hub, data_dir: agent.dataFolder, sources: agent.sources },
    clock: { trust: true },
    cloud: { urls, credentials_file: credentialsFile },
    leaf: { port: agent.leafPort },
    http: { listen: `127.0.0.1:${agent.httpPort}` },
  }
  writeFileSync(file, JSON.stringify(config))
  return file
}
