// `npm run bench:agent`: the agent's journal and forwarder against their limits, measured in the same
// run by programs of their own; three servers of the cloud on this machine. Prints a table, or with
// --json one object of figures. --quick shows that it runs; --only NAME[,NAME] measures a part.

import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { HubleafError } from '../../base/errors.ts'
import { FULL, QUICK } from './agent/bench.ts'
import type { Bench } from './agent/bench.ts'
import { emit } from './agent/build.ts'
import { startCluster } from './agent/cluster.ts'
import type { Finding } from './agent/figures.ts'
import { measureAgent } from './agent/measure-agent.ts'
import { measureAppend } from './agent/measure-append.ts'
import { measureCost } from './agent/measure-cost.ts'
import { measureForward } from './agent/measure-forward.ts'
import { measureLive } from './agent/measure-live.ts'
import { measurePolled } from './agent/measure-polled.ts'
import { loadAverage } from './agent/proc.ts'

const PARTS: { readonly [name: string]: (bench: Bench) => Promise<readonly Finding[]> } = {
  append: measureAppend,
  forward: measureForward,
  live: measureLive,
  agent: measureAgent,
  polled: measurePolled,
  cost: measureCost,
}

const { values: flags } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(PARTS).join(',') },
  },
})

const say = (text: string): boolean => process.stderr.write(`… ${text}\n`)

async function measureAll(parts: AsyncDisposableStack): Promise<readonly Finding[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hubleaf-bench-agent-'))
  parts.defer(() => rmSync(folder, { recursive: true, force: true }))
  say('emitting JavaScript')
  const dist = join(folder, 'dist')
  emit(dist)
  say('starting three servers')
  const cluster = parts.use(await startCluster(join(folder, 'cloud')))
  const bench = { dist, folder, cluster, sizes: flags.quick ? QUICK : FULL, say }
  const findings: Finding[] = []
  for (const name of flags.only.split(',')) {
    const measure = PARTS[name]
    if (measure === undefined) throw new HubleafError('usage', `there is no part "${name}"`)
    findings.push(...(await measure(bench)))
  }
  return findings
}

function print(findings: readonly Finding[], loadBefore: string): void {
  if (flags.json) {
    const keyed = findings.map(({ key, value }) => (key === undefined ? [] : [key, value]))
    const object: unknown = Object.fromEntries(keyed.filter((pair) => pair.length > 0))
    process.stdout.write(`${JSON.stringify(object)}\n`)
    return
  }
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}`
  const load = `load of the last minute ${loadBefore} before, ${loadAverage()} after`
  const runs = `medians of ${(flags.quick ? QUICK : FULL).runs} runs (lowest..highest)`
  process.stdout.write(`${machine}; ${load}; ${runs}\n\n`)
  process.stdout.write('| what | ours | limit | bar | |\n| --- | ---: | ---: | ---: | --- |\n')
  for (const { what, ours, limit = '', bar = '', met } of findings) {
    const verdict = met === undefined ? '' : met ? 'met' : 'missed'
    process.stdout.write(`| ${what} | ${ours} | ${limit} | ${bar} | ${verdict} |\n`)
  }
}

const parts = new AsyncDisposableStack()
// The servers are no children of a terminal: they must be ended also when this is.
for (const ending of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(ending, () => {
    const leave = (): never => process.exit(130)
    parts.disposeAsync().then(leave, leave)
  })
}
const loadBefore = loadAverage()
try {
  print(await measureAll(parts), loadBefore)
} finally {
  await parts.disposeAsync()
}
