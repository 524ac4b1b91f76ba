// Takes in reports, one batch after the other, whatever way they came: judges them, maps what is news,
// hands it over, and knows it once it was accepted. What the journal does not take is tried until it
// does; meanwhile the stream waits in a bounded queue, and says so when that is full.

import type { Clock } from '../../../base/clock.ts'
import { messageOf } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { retryDelayMs } from '../../../base/retry.ts'
import type { SourceReading } from '../../../wire/reading.ts'
import type { Sink } from '../source.ts'
import { keyOf, mapReport, valueText } from './mapping.ts'
import type { AttributeReport, Skip } from './mapping.ts'
import { judge, NOTHING } from './merge.ts'
import type { Known, Seen, Way } from './merge.ts'

/** What the intake needs. */
export interface IntakeOptions {
  readonly sink: Sink
  readonly known: ReadonlyMap<string, Known>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly signal: AbortSignal
}

/** A report that was news, and what was known of its attribute before. */
export interface News {
  readonly report: AttributeReport
  readonly before: Known
}

/** Reports of the stream that wait while the journal does not accept; then the history must help. */
const WAITING_MAX = 10_000

/** Readings handed over at once. */
const BATCH_MAX = 500

const AGAIN = { firstMs: 500, maxMs: 30_000 } as const

/** The intake. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #known: Map<string, Known>
  /** Reports that became no reading, by reason. */
  readonly skipped = new Map<Skip, number>()
  /** News handed over, by way. */
  readonly taken = new Map<Way, number>()
  #streamed: AttributeReport[] = []
  #last: Promise<unknown> = Promise.resolve()
  /** Counts what became known: to see whether a cursor is old. */
  changes = 0

  constructor(options: IntakeOptions) {
    this.#options = options
    this.#known = new Map(options.known)
  }

  /** What is known by key. */
  get known(): ReadonlyMap<string, Known> {
    return this.#known
  }

  /** Takes reports in after all that came before; resolves with the news once it was accepted. */
  async take(way: Way, reports: readonly AttributeReport[]): Promise<readonly News[]> {
    const before = this.#last
    const taking = before.then(async () => this.#take(way, reports))
    this.#last = Promise.allSettled([taking])
    return taking
  }

  /** Takes a report of the stream in when it can. False: there is no room, and it is not taken. */
  push(report: AttributeReport): boolean {
    if (this.#streamed.length >= WAITING_MAX) return false
    this.#streamed.push(report)
    if (this.#streamed.length > 1) return true
    this.#last = this.#last.then(async () => {
      const reports = this.#streamed
      this.#streamed = []
      await this.#take('stream', reports)
    })
    return true
  }

  /** Resolves when all that was taken is settled. */
  async idle(): Promise<void> {
    await this.#last
  }

  async #take(way: Way, reports: readonly AttributeReport[]): Promise<readonly News[]> {
    const byKey = new Map<string, AttributeReport[]>()
    for (const report of reports) {
      const key = keyOf(report)
      const others = byKey.get(key)
      if (others === undefined) byKey.set(key, [report])
      else others.push(report)
    }
    const news: News[] = []
    const readings: SourceReading[] = []
    const after = new Map<string, Known>()
    for (const [key, group] of byKey) this.#judge(way, key, group, { news, readings, after })
    for (let at = 0; at < readings.length; at += BATCH_MAX) {
      if (!(await this.#accept(readings.slice(at, at + BATCH_MAX)))) return []
    }
    for (const [key, known] of after) this.#known.set(key, known)
    this.changes += after.size
    this.taken.set(way, (this.taken.get(way) ?? 0) + news.length)
    return news
  }

  #judge(
    way: Way,
    key: string,
    group: readonly AttributeReport[],
    into: { news: News[]; readings: SourceReading[]; after: Map<string, Known> },
  ): void {
    const before = this.#known.get(key) ?? NOTHING
    const given = group.map(({ unit }) => unit).findLast((unit) => typeof unit === 'string')
    const unit = given ?? before.unit
    const mapped = group.flatMap((report) => {
      const made = mapReport({ ...report, unit: report.unit ?? unit })
      if (made.ok) return [{ report, readings: made.readings }]
      this.skipped.set(made.skip, (this.skipped.get(made.skip) ?? 0) + 1)
      return []
    })
    const judged = judge(
      before,
      mapped.map(({ report }) => this.#seen(way, report)),
    )
    for (const [index, { report, readings }] of mapped.entries()) {
      if (judged.news[index] !== true) continue
      into.news.push({ report, before })
      into.readings.push(...readings)
    }
    const isOther = judged.known !== before || unit !== before.unit
    const known = { ...judged.known, ...(unit === undefined ? {} : { unit }) }
    if (isOther && known.heard.length > 0) into.after.set(key, known)
  }

  #seen(way: Way, report: AttributeReport): Seen {
    const isUntimed = report.at === undefined
    const at = Math.round(report.at ?? this.#options.clock.now())
    return { way, at, text: valueText(report, report.value), isUntimed }
  }

  /** Hands over until it is accepted; false if the source ends before. */
  async #accept(readings: readonly SourceReading[]): Promise<boolean> {
    const { sink, clock, random, log, signal } = this.#options
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await sink.accept(readings, 'polled')
        if (attempt > 1) log.info('smartthings_accepted_again', { attempts: attempt })
        return true
      } catch (error) {
        if (attempt === 1) log.warn('smartthings_not_accepted', { reason: messageOf(error) })
        await clock.sleep(retryDelayMs(AGAIN, attempt, random), signal)
      }
    }
    return false
  }
}
