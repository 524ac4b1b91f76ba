// How long fresh readings take to the cloud's acknowledgement while a large backlog drains beside them:
// on loopback, and over a link of 125 kB/s with 80 ms round trip.

import { startFaultProxy } from '../../../test/fixtures/fault-proxy.ts'
import { fill, repeat, withCopy } from './bench.ts'
import type { Bench, Filled } from './bench.ts'
import type { BenchLeaf } from './cluster.ts'
import { number, show, spreadIn } from './figures.ts'
import type { Figures, Finding } from './figures.ts'
import { runProgram } from './program.ts'

const READINGS_PER_SECOND = 500
const SLOW = { kind: 'slow', bytesPerSecond: 125_000, delayMs: 40 } as const
const BAR_MS = 250
const SLOW_BAR_MS = 1000

/** Measures both links. */
export async function measureLive(bench: Bench): Promise<readonly Finding[]> {
  const filled = await fill(bench, bench.sizes.liveRows)
  const { leafPorts } = bench.cluster
  const [port = 0] = leafPorts
  const { liveSeconds, slowSeconds } = bench.sizes
  await using direct = await bench.cluster.startLeaf('leaf-live', leafPorts)
  const fast = await repeat(bench, 'live beside backlog', async () =>
    live(bench, filled, direct, liveSeconds),
  )
  await using proxy = await startFaultProxy({ target: { host: '127.0.0.1', port } })
  await using through = await bench.cluster.startLeaf('leaf-slow', [proxy.port])
  const slow = await repeat(bench, 'live beside backlog, slow link', async () => {
    proxy.set({ kind: 'pass' })
    await bench.cluster.empty(through)
    return live(bench, filled, through, slowSeconds, () => proxy.set(SLOW))
  })
  return [
    ...findingsOf(fast, 'liveP99Ms', 'loopback', BAR_MS),
    ...findingsOf(slow, 'liveP99SlowLinkMs', '125 kB/s, 80 ms', SLOW_BAR_MS),
  ]
}

async function live(
  bench: Bench,
  filled: Filled,
  leaf: BenchLeaf,
  seconds: number,
  ready: () => void = () => undefined,
): Promise<Figures> {
  await bench.cluster.empty(leaf)
  return withCopy(bench, filled, async (folder) => {
    ready()
    const { warmUpMs } = bench.sizes
    const pace = { readingsPerSecond: READINGS_PER_SECOND, seconds, warmUpMs }
    return runProgram(bench.dist, 'live', { folder, leaf: leaf.access, ...pace })
  })
}

function findingsOf(
  runs: readonly Figures[],
  key: string,
  link: string,
  barMs: number,
): readonly Finding[] {
  const p99 = spreadIn(runs, 'p99Ms')
  const backlog = number(spreadIn(runs, 'readingsPerSecond').median)
  const samples = number(spreadIn(runs, 'samples').median)
  return [
    {
      ...{ key, value: p99.median, ours: show(p99) },
      what: `live p99, append call to acknowledgement, ms, ${link}; ${samples} readings a run, ${backlog}/s in all`,
      ...{ bar: `< ${number(barMs)}`, met: p99.median < barMs },
    },
    { what: `the same, p50`, ours: show(spreadIn(runs, 'p50Ms')) },
    { what: 'the same, until synced, p99', ours: show(spreadIn(runs, 'syncedP99Ms')) },
    { what: 'the same, most bytes under way', ours: show(spreadIn(runs, 'peakUnderWay')) },
    { what: 'the same, slowest', ours: show(spreadIn(runs, 'maxMs')) },
    { what: 'the same, not acknowledged in the end', ours: show(spreadIn(runs, 'open')) },
  ]
}
