// What the agent writes to disk in a day at ten polled readings a second with its default settings, as
// the kernel counts it, and how much of it is the write-ahead log.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts } from '../../../base/free-port.ts'
import type { Bench } from './bench.ts'
import { figure, number } from './figures.ts'
import type { Figures, Finding } from './figures.ts'
import { writeAgentConfig } from './measure-agent.ts'
import { runProgram } from './program.ts'

const READINGS_PER_SECOND = 10
/** Minutes show some checkpoints, one for 4 MB of log, only if the agent's clock runs fast. */
const SPEED = 25
const BAR_MB = 500

/** Measures with a fast clock, and at the world's pace to show that the fast one does not lie. */
export async function measurePolled(bench: Bench): Promise<readonly Finding[]> {
  const fast = await polled(bench, SPEED, bench.sizes.polledSeconds)
  const real = await polled(bench, 1, bench.sizes.polledRealSeconds)
  const mb = (figures: Figures, name: string): number => figure(figures, name) / 1e6
  const day = mb(fast, 'diskBytesPerDay')
  const log = mb(fast, 'logBytesPerDay')
  const hours = number(figure(fast, 'hours'), 1)
  const rate = number(figure(fast, 'readingsPerSecond'), 1)
  return [
    {
      ...{ key: 'diskMbPerDayAt10PerSecond', value: day, ours: number(day) },
      what: `MB a day sent to the disk, polled at ${rate}/s, ${hours} hours on a clock ${SPEED} times as fast`,
      ...{ bar: `≤ ${BAR_MB}`, met: day <= BAR_MB },
    },
    { what: 'of it frames of the write-ahead log', ours: number(log) },
    { what: 'checkpoints a day', ours: number(figure(fast, 'logRestartsPerDay'), 1) },
    { what: 'commits a day', ours: number(figure(fast, 'commitsPerDay')) },
    { what: 'MB a day passed to write calls', ours: number(mb(fast, 'callBytesPerDay')) },
    {
      what: 'MB a day sent to the disk at the world’s pace, too short for checkpoints',
      ours: number(mb(real, 'diskBytesPerDay')),
    },
  ]
}

async function polled(bench: Bench, speed: number, seconds: number): Promise<Figures> {
  bench.say(`polled readings, clock × ${speed}, ${seconds} s`)
  await bench.cluster.empty()
  const dataFolder = join(bench.folder, 'polled')
  const [httpPort = 0, leafPort = 0] = await freePorts(2)
  const sources = { host: { enabled: false } }
  const configFile = writeAgentConfig(bench, { dataFolder, httpPort, leafPort, sources })
  const args = { configFile, readingsPerSecond: READINGS_PER_SECOND, speed, seconds }
  const figures = await runProgram(bench.dist, 'polled', args)
  rmSync(dataFolder, { recursive: true })
  return figures
}
