// Fresh readings arrive steadily, each by itself, while the forwarder drains a backlog. Reports how
// long each took from the call of `append` until the cloud's stream had acknowledged its pack. A reading
// that was not acknowledged in the end counts with the time it has waited.

import * as z from 'zod'
import { systemClock } from '../../../../base/clock.ts'
import type { Forwarder } from '../../../../agent/forwarder/forwarder-status.ts'
import { leafPublisher } from '../../../../agent/forwarder/publisher.ts'
import type { Journal } from '../../../../agent/journal/journal.ts'
import { quantile } from '../figures.ts'
import { House } from '../house.ts'
import { bookedPublisher, connectLeaf, leafSchema } from '../leaf-connection.ts'
import { openBenchJournal } from '../open-journal.ts'
import { readArguments, report } from '../program.ts'
import { startBenchForwarder } from '../start-forwarder.ts'

const schema = z.strictObject({
  folder: z.string(),
  leaf: leafSchema,
  readingsPerSecond: z.number(),
  /** Measures for so long, or until the backlog is gone. */
  seconds: z.number(),
  /** The first moments belong to the start of the program and of the window, ms. */
  warmUpMs: z.number(),
})

const { folder, leaf, readingsPerSecond, seconds, warmUpMs } = readArguments(schema)

const TICK_MS = 10
const LAST_ANSWERS_MS = 10_000

/** Latencies of appended readings, by watching which rows are committed and which are settled. */
class Stopwatch {
  readonly #appendedAt: number[] = []
  readonly #waiting = new Map<number, number>()
  readonly #took: number[] = []
  readonly #synced: number[] = []
  #from = Infinity

  constructor(journal: Journal) {
    journal.onCommit(({ first, last }) => {
      for (let id = first; id <= last; id += 1) {
        const at = this.#appendedAt.shift()
        if (at === undefined) continue
        this.#waiting.set(id, at)
        if (at >= this.#from) this.#synced.push(systemClock.monotonic() - at)
      }
    })
    const settle = journal.settle.bind(journal)
    journal.settle = (range) => {
      this.#settled(range.first, range.last)
      settle(range)
    }
  }

  /** Only readings appended from now on count. */
  start(): void {
    this.#from = systemClock.monotonic()
  }

  appending(): void {
    this.#appendedAt.push(systemClock.monotonic())
  }

  get open(): number {
    return this.#waiting.size + this.#appendedAt.length
  }

  /** All latencies, ascending, ms; what is open counts with the time it has waited. */
  finish(): readonly number[] {
    const now = systemClock.monotonic()
    for (const at of [...this.#waiting.values(), ...this.#appendedAt]) this.#count(at, now)
    return this.#took.sort((a, b) => a - b)
  }

  /** The part of it until the reading was synced, ascending, ms. */
  synced(): readonly number[] {
    return this.#synced.sort((a, b) => a - b)
  }

  #settled(first: number, last: number): void {
    const now = systemClock.monotonic()
    for (let id = first; id <= last; id += 1) {
      const at = this.#waiting.get(id)
      if (at === undefined) continue
      this.#waiting.delete(id)
      this.#count(at, now)
    }
  }

  #count(at: number, now: number): void {
    if (at >= this.#from) this.#took.push(now - at)
  }
}

/** Appends each reading by itself until the time is over or the backlog is gone; gives ms. */
async function feed(journal: Journal, forwarder: Forwarder, watch: Stopwatch): Promise<number> {
  const house = new House(2, systemClock.now())
  let readings = house.poll().slice()
  let sent = 0
  const startedAt = systemClock.monotonic()
  const since = (): number => systemClock.monotonic() - startedAt
  const appends: Promise<unknown>[] = []
  let measuring = false
  while (since() < warmUpMs + seconds * 1000 && forwarder.status().backlog > 0) {
    if (!measuring && since() >= warmUpMs) {
      measuring = true
      watch.start()
    }
    for (; sent < (since() / 1000) * readingsPerSecond; sent += 1) {
      const reading = readings.shift()
      if (reading === undefined) readings = house.poll().slice()
      else {
        watch.appending()
        appends.push(journal.append([reading], 'waited'))
      }
    }
    await systemClock.sleep(TICK_MS)
  }
  const took = since()
  await Promise.all(appends)
  return took
}

const journal = await openBenchJournal(folder, systemClock)
const connection = await connectLeaf(leaf)
const { publisher, books } = bookedPublisher(leafPublisher(connection))
const watch = new Stopwatch(journal)
const forwarder = startBenchForwarder(leaf.hub, journal, publisher)
const tookMs = await feed(journal, forwarder, watch)
const drained = forwarder.status().acknowledgedReadings
const giveUpAt = systemClock.monotonic() + LAST_ANSWERS_MS
while (watch.open > 0 && systemClock.monotonic() < giveUpAt) await systemClock.sleep(TICK_MS)
const open = watch.open
const took = watch.finish()
report({
  samples: took.length,
  open,
  p50Ms: quantile(took, 0.5),
  p99Ms: quantile(took, 0.99),
  maxMs: took.at(-1) ?? Number.NaN,
  syncedP99Ms: quantile(watch.synced(), 0.99),
  peakUnderWay: books.peakUnderWay,
  readingsPerSecond: drained / (tookMs / 1000),
  refused: books.refused,
})
await forwarder[Symbol.asyncDispose]()
await journal[Symbol.asyncDispose]()
await connection.close()
