// From the journal to the acknowledgement: readings per second and CPU, beside packs of the same sizes
// that were made beforehand and go through the same leaf with the same window; bytes on the leaf link.

import { join } from 'node:path'
import { startFaultProxy } from '../../../test/fixtures/fault-proxy.ts'
import { fill, repeat, withCopy } from './bench.ts'
import type { Bench, Filled } from './bench.ts'
import type { BenchLeaf } from './cluster.ts'
import { figure, number, show, spreadIn, spreadOf } from './figures.ts'
import type { Figures, Finding } from './figures.ts'
import { cpuMicrosOf, peakRssOf } from './proc.ts'
import { runProgram } from './program.ts'

/** Ours and the limit of one run, and what the leaf used meanwhile. */
interface Pair {
  readonly ours: Figures
  readonly limit: Figures
  readonly leaf: Figures
}

/** Measures ours and the limit in turns, then the link. */
export async function measureForward(bench: Bench): Promise<readonly Finding[]> {
  const filled = await fill(bench, bench.sizes.forwardRows)
  const packsFile = join(bench.folder, 'packs.ndjson')
  const { hub, leafPorts } = bench.cluster
  await withCopy(bench, filled, async (folder) =>
    runProgram(bench.dist, 'record', { folder, hub, packsFile }),
  )
  await using leaf = await bench.cluster.startLeaf('leaf', leafPorts)
  const pairs = await repeat(bench, 'journal to acknowledgement', async () => {
    const leafCpu = cpuMicrosOf(leaf.pid)
    const ours = await drain(bench, filled, leaf)
    const perReading = (cpuMicrosOf(leaf.pid) - leafCpu) / figure(ours, 'readings')
    await bench.cluster.empty(leaf)
    const windowBytes = figure(ours, 'peakUnderWay')
    const args = { packsFile, windowBytes, leaf: leaf.access }
    const limit = await runProgram(bench.dist, 'publishPacks', args)
    return { ours, limit, leaf: { cpuMicrosPerReading: perReading } }
  })
  const leafRss = peakRssOf(leaf.pid) / 1e6
  return [...findingsOf(pairs, leafRss), ...(await measureLink(bench, filled))]
}

async function drain(bench: Bench, filled: Filled, leaf: BenchLeaf): Promise<Figures> {
  await bench.cluster.empty(leaf)
  return withCopy(bench, filled, async (folder) =>
    runProgram(bench.dist, 'forward', { folder, leaf: leaf.access }),
  )
}

function findingsOf(pairs: readonly Pair[], leafRssMb: number): readonly Finding[] {
  const ours = pairs.map((pair) => pair.ours)
  const limits = pairs.map((pair) => pair.limit)
  const ratios = pairs.map(
    (pair) => figure(pair.ours, 'readingsPerSecond') / figure(pair.limit, 'readingsPerSecond'),
  )
  const ratio = spreadOf(ratios)
  const rate = spreadIn(ours, 'readingsPerSecond')
  const cpu = spreadIn(ours, 'cpuMicrosPerReading')
  const leaf = spreadIn(
    pairs.map((pair) => pair.leaf),
    'cpuMicrosPerReading',
  )
  const size = number(spreadIn(ours, 'readingsPerPack').median)
  const window = number(spreadIn(ours, 'peakUnderWay').median / 1000)
  return [
    {
      ...{ key: 'ackReadingsPerSecond', value: rate.median, ours: show(rate) },
      what: `journal to acknowledgement, readings/s, packs of ${size}, at most ${window} kB under way`,
      ...{ limit: show(spreadIn(limits, 'readingsPerSecond')), bar: '≥ 30,000' },
      met: rate.median >= 30_000,
    },
    {
      ...{ key: 'ackRatio', value: ratio.median, what: 'the same, ours to limit' },
      ...{ ours: show(ratio, 2), bar: '≥ 0.50', met: ratio.median >= 0.5 },
    },
    {
      ...{ key: 'forwardCpuMicrosPerReading', value: cpu.median, ours: show(cpu, 1) },
      what: 'CPU µs per forwarded reading, all threads of the agent',
      ...{ limit: show(spreadIn(limits, 'cpuMicrosPerReading'), 1), bar: '≤ 12' },
      met: cpu.median <= 12,
    },
    { what: 'the leaf apart: CPU µs per reading', ours: show(leaf, 1) },
    { what: 'the leaf apart: most RSS, MB', ours: number(leafRssMb, 1) },
  ]
}

/** Bytes on the leaf link while a backlog drains, both directions, protocol and answers included. */
async function measureLink(bench: Bench, filled: Filled): Promise<readonly Finding[]> {
  bench.say('bytes on the leaf link')
  const [port = 0] = bench.cluster.leafPorts
  await using proxy = await startFaultProxy({ target: { host: '127.0.0.1', port } })
  await using leaf = await bench.cluster.startLeaf('leaf-link', [proxy.port])
  await bench.cluster.empty(leaf)
  const passed = (): readonly [number, number] => [
    proxy.counts('up').passed,
    proxy.counts('down').passed,
  ]
  const before = passed()
  const ours = await withCopy(bench, filled, async (folder) =>
    runProgram(bench.dist, 'forward', { folder, leaf: leaf.access }),
  )
  const after = passed()
  const readings = figure(ours, 'readings')
  const up = (after[0] - before[0]) / readings
  const down = (after[1] - before[1]) / readings
  const [size, body] = [figure(ours, 'readingsPerPack'), figure(ours, 'packBytesPerReading')]
  const parts = `${number(up, 1)} up (packs ${number(body, 1)}), ${number(down, 1)} down`
  return [
    {
      ...{ key: 'wireBytesPerReading', value: up + down, ours: number(up + down, 1) },
      what: `bytes per backlog reading on the leaf link, packs of ${number(size)}: ${parts}`,
      ...{ bar: '≤ 30', met: up + down <= 30 && size >= 100 },
    },
  ]
}
