import { execFileSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import { FAULT_NAMES } from './faults.ts'
import { noPlant, PLANTS } from './plants.ts'
import { foundIn, runSeeds } from './pool.ts'
import { runSeed } from './seed.ts'
import { emptyCells, renderTable } from './table.ts'
import { temporaryFolder } from '../fixtures/folder.ts'

const SEEDS = 1000

const jobs = Math.min(availableParallelism(), 4)

t.setTimeout(900_000)

t.test('the same seed is the same run, to the last step, also in another process', async (t) => {
  for (const seed of [3, 7]) {
    const runs = []
    for (const name of ['one', 'other']) {
      const lines: string[] = []
      const root = `${temporaryFolder(t)}/${name}`
      const trace = (line: string): number => lines.push(line)
      runs.push({ outcome: await runSeed({ seed, plant: noPlant, root, trace }), lines })
    }
    t.strictSame(runs[0], runs[1])
    t.ok((runs[0]?.lines.length ?? 0) > 100, 'much of it is told')
    const soak = [
      '--disable-warning=ExperimentalWarning',
      'scripts/soak.ts',
      '--seed',
      String(seed),
    ]
    const said = execFileSync(process.execPath, soak, { encoding: 'utf8' })
    t.ok(said.includes(` ${runs[0]?.outcome.digest}\n`), said)
  }
})

t.test(
  'P1.5 P1.7 P2.3 P2.4 P2.5 P2.6 P3.2 P3.4 P4.7 P5.1 P5.2 P5.3 P5.4 P6.1 P7.3 P7.4 P8.2 P8.4 hold for a thousand simulated hubs, each with twenty faults and more',
  async (t) => {
    const startedAt = systemClock.monotonic()
    const summary = await runSeeds({ first: 1, seeds: SEEDS, jobs, plant: '' })
    const minutes = (systemClock.monotonic() - startedAt) / 60_000
    t.comment(renderTable(summary.tally, FAULT_NAMES))
    t.comment(`${summary.ran} seeds, ${summary.steps} steps, ${minutes.toFixed(1)} minutes`)
    const broken = summary.broken.map(({ seed, violation }) => ({ seed, ...violation }))
    for (const one of broken)
      t.comment(`npm run soak -- --seed ${one.seed}: ${JSON.stringify(one)}`)
    t.strictSame(broken, [], `none of ${summary.ran} breaks a promise`)
    t.strictSame(summary.bugs, [])
    t.strictSame(emptyCells(summary.tally, FAULT_NAMES), [])
    t.ok(summary.steps >= 2000 * SEEDS)
    t.ok(summary.faults >= 20 * SEEDS)
  },
)

t.test('each promise that is broken on purpose is found', async (t) => {
  const promises = new Set(Object.values(PLANTS).map(({ promise }) => promise))
  t.strictSame([...promises].sort(), ['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8'])
  for (const [plant, { promise }] of Object.entries(PLANTS)) {
    const summary = await runSeeds({ first: 1, seeds: SEEDS, jobs, plant, stopAt: promise })
    const found = foundIn(summary, promise)
    const seen = found?.violations.find((one) => one.promise === promise)
    t.ok(found, `${plant} is found by ${promise}: ${seen?.text ?? ''}, after ${summary.ran} seeds`)
    t.strictSame(summary.bugs, [])
  }
})
