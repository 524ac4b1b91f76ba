// The whole agent with its default settings and one polled source, its clock running some times as
// fast as the world's, so that a minute shows hours of commits and checkpoints. Reports what the
// process writes, on the agent's clock.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { systemClock } from '../../../../base/clock.ts'
import type { Clock } from '../../../../base/clock.ts'
import { findNatsServer } from '../../../../base/find-nats-server.ts'
import { silentLogger } from '../../../../base/log.ts'
import { seededRandom, systemRandom } from '../../../../base/random.ts'
import { startAgent } from '../../../../agent/agent.ts'
import { loadAgentConfig } from '../../../../agent/config.ts'
import { pollingSource } from '../../../../agent/source/poll.ts'
import { HOUSE_SENSORS, readHouse } from '../../../../agent/source/simulated.ts'
import type { Source } from '../../../../agent/source/source.ts'
import { writtenBy } from '../proc.ts'
import { readArguments, report } from '../program.ts'

const schema = z.strictObject({
  configFile: z.string(),
  readingsPerSecond: z.number(),
  /** How many times as fast as the world. */
  speed: z.number(),
  /** Real seconds. */
  seconds: z.number(),
})

/** Starting takes as long as it takes: until then the clock runs at the world's pace. */
const START_MS = 3000
const LOOK_MS = 5

/** A clock with a pace that may be changed; what already sleeps keeps the old one. */
function pacedClock(): Clock & { readonly setPace: (pace: number) => void } {
  const [wallAt, bootAt] = [systemClock.now(), systemClock.sinceBoot()]
  let from = { real: systemClock.monotonic(), at: 0, pace: 1 }
  const monotonic = (): number => from.at + (systemClock.monotonic() - from.real) * from.pace
  return {
    monotonic,
    setPace: (pace) => (from = { at: monotonic(), real: systemClock.monotonic(), pace }),
    now: () => Math.round(wallAt + monotonic()),
    sinceBoot: () => Math.round(bootAt + monotonic()),
    sleep: (ms, signal) => systemClock.sleep(Math.max(0, ms / from.pace), signal),
    after: (ms, action) => systemClock.after(Math.max(0, ms / from.pace), action),
  }
}

/** Before each page in the log, bytes (SQLite's file format, 4.2). */
const FRAME_HEADER_BYTES = 24

/** Frames written to the write-ahead log and checkpoints begun, from its shared index. */
class LogWatch {
  readonly #file: string
  #last = 0
  frameBytes = 0
  frames = 0
  restarts = 0
  commits = 0

  constructor(journalFolder: string) {
    this.#file = join(journalFolder, 'journal.db-shm')
    this.look()
    this.frames = 0
    this.commits = 0
  }

  /** Counts what is new. Frames written between two looks around a restart are missed in part. */
  look(): void {
    const index = readFileSync(this.#file)
    const frames = index.readUInt32LE(16)
    this.frameBytes = index.readUInt16LE(14) + FRAME_HEADER_BYTES
    if (frames !== this.#last) this.commits += 1
    if (frames < this.#last) {
      this.restarts += 1
      this.frames += frames
    } else this.frames += frames - this.#last
    this.#last = frames
  }
}

const { configFile, readingsPerSecond, speed, seconds } = readArguments(schema)
const clock = pacedClock()
const random = seededRandom(1)
const config = loadAgentConfig({ file: configFile, env: {} })
let polled = 0

/** One sensor of the house, polled by itself; the sensors are polled one after the other. */
function sensorSource(place: number): Source {
  const intervalMs = (1000 * HOUSE_SENSORS) / readingsPerSecond
  const poll = async () => {
    polled += 1
    return readHouse(clock.now(), random).slice(place, place + 1)
  }
  const name = `sensor-${place}`
  const source = pollingSource({ name, intervalMs, poll, clock, log: silentLogger })
  return {
    name,
    async run(sink, signal) {
      await clock.sleep((place * intervalMs) / HOUSE_SENSORS, signal)
      await source.run(sink, signal)
    },
  }
}

const agent = await startAgent({
  ...{ config, version: 'bench', natsServer: () => findNatsServer(process.env) },
  sources: Array.from({ length: HOUSE_SENSORS }, (_, place) => sensorSource(place)),
  ...{ clock, random: systemRandom, log: silentLogger },
})
await clock.sleep(START_MS)
clock.setPace(speed)
const log = new LogWatch(join(config.data_dir, 'journal'))
const from = { ...writtenBy('self'), at: clock.monotonic(), polled }
const endAt = systemClock.monotonic() + seconds * 1000
while (systemClock.monotonic() < endAt) {
  await systemClock.sleep(LOOK_MS)
  log.look()
}
const to = writtenBy('self')
const days = (clock.monotonic() - from.at) / 86_400_000
report({
  diskBytesPerDay: (to.disk - from.disk) / days,
  callBytesPerDay: (to.calls - from.calls) / days,
  logBytesPerDay: (log.frames * log.frameBytes) / days,
  logRestartsPerDay: log.restarts / days,
  commitsPerDay: log.commits / days,
  readingsPerSecond: (polled - from.polled) / (days * 86_400),
  hours: days * 24,
})
await agent[Symbol.asyncDispose]()
process.exit(0)
