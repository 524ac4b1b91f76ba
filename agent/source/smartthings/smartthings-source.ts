// SmartThings as a source. Snapshots of all devices at a pace that the budget allows; the event stream
// where the login may use it, checked against snapshots; the history for the times when nobody listened.
// Whatever fails is tried again, and the state says why readings are late.

import type { Clock } from '../../../base/clock.ts'
import { messageOf } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { Random } from '../../../base/random.ts'
import { retryDelayMs } from '../../../base/retry.ts'
import type { Sink, Source, SourceStatus } from '../source.ts'
import type { Device, SmartThingsApi } from './api.ts'
import { delivered, filled, interrupted, looked, reopened, UNCOVERED } from './coverage.ts'
import type { Coverage } from './coverage.ts'
import { readCursor } from './cursor.ts'
import type { Cursor } from './cursor.ts'
import { keepCursor, openWhenPossible, writeNow } from './cursor-keeper.ts'
import { fillSlice, sliceOf } from './gap-filler.ts'
import { Intake } from './intake.ts'
import { measure } from './measure.ts'
import type { News } from './intake.ts'
import { SMARTTHINGS } from './mapping.ts'
import { activityAfter, nextWaitMs } from './pace.ts'
import { disabledOfDevice, reportsOfDevice } from './reports.ts'
import { factsOf, freshnessOf, statusOf } from './state.ts'
import type { Freshness, Notes, SmartThingsFacts } from './state.ts'
import { StreamKeeper } from './stream.ts'
import type { StreamListener } from './stream.ts'
import { DELAY_MS, StreamEras } from './stream-eras.ts'

/** What the source needs. */
export interface SmartThingsOptions {
  readonly api: SmartThingsApi
  /** Only this location; all that the login sees without it. */
  readonly locationId?: string
  /** Never more often than this, ms. */
  readonly pollMinMs: number
  /** Never more seldom, as far as the budget allows, ms. */
  readonly pollMaxMs: number
  /** How often a snapshot checks an open stream, ms. */
  readonly reconcileMs: number
  /** A device that reports nothing for so long is stale, ms. */
  readonly staleAfterMs: number
  /** False: the event stream is never tried. */
  readonly stream: boolean
  /** False: gaps stay. */
  readonly history: boolean
  /** The file that keeps what is known. */
  readonly cursorFile: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** The source, and what it says of itself. */
export interface SmartThingsSource extends Source {
  status(): SourceStatus & { readonly facts: SmartThingsFacts }
}

/** Without a stream, changes between two snapshots may be missed; a longer pause is a gap. */
const GAP_MIN_MS = 300_000

/** After a failure: the first waits cost little of the budget. */
const AGAIN = { firstMs: 15_000, maxMs: 300_000 } as const

/** Stopping waits this long for what is on its way to the journal. */
const STOP_MS = 5000

/** Makes the source. */
export function smartThingsSource(options: SmartThingsOptions): SmartThingsSource {
  const loop = new SmartThingsLoop(options)
  return {
    name: SMARTTHINGS,
    run: async (sink, signal) => loop.run(sink, signal),
    status: () => statusOf(loop.status()),
    measure: (telemetry) => measure(telemetry, options.clock, () => loop.status()),
  }
}

class SmartThingsLoop {
  readonly #options: SmartThingsOptions
  #intake: Intake | undefined
  #stream: StreamKeeper | undefined
  #eras = new StreamEras()
  #coverage: Coverage = UNCOVERED
  #notes: Notes = { stream: 'off' }
  #freshness: readonly Freshness[] = []
  #disabled: ReadonlySet<string> = new Set()
  #locationIds: readonly string[] = []
  readonly #located = Promise.withResolvers<undefined>()
  readonly #counts = new Map<string, number>()
  #activity = 1
  #callsPerSnapshot = 1
  #wake = new AbortController()

  constructor(options: SmartThingsOptions) {
    this.#options = options
  }

  async run(sink: Sink, signal: AbortSignal): Promise<void> {
    const { clock, random, log, cursorFile: file } = this.#options
    const keeper = { file, clock, log }
    const cursor = await openWhenPossible(keeper, (error) => this.#failed(error), signal)
    if (cursor === undefined) return
    this.#eras = new StreamEras()
    const read = readCursor(cursor.data)
    // Nobody listened since the last run.
    this.#coverage = interrupted(read.coverage)
    const intake = new Intake({ sink, known: read.known, clock, random, log, signal })
    this.#intake = intake
    const now = (): Cursor => ({ coverage: this.#coverage, known: intake.known })
    const keeping = keepCursor(keeper, cursor, now, signal)
    const streaming = this.#options.stream ? this.#startStream(intake, signal) : undefined
    await this.#snapshots(intake, signal)
    await Promise.race([Promise.all([intake.idle(), streaming]), clock.sleep(STOP_MS)])
    await keeping
    await writeNow(keeper, cursor, now())
  }

  status(): SmartThingsFacts {
    const { api } = this.#options
    const counts = [this.#counts, this.#intake?.taken ?? [], this.#intake?.skipped ?? []]
    return factsOf({
      ...{ notes: this.#notes, login: api.login(), budget: api.budget() },
      ...{ coverage: this.#coverage, freshness: this.#freshness },
      counts: Object.fromEntries(counts.flatMap((part) => [...part])),
    })
  }

  async #snapshots(intake: Intake, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options
    const isEnded = (): boolean => signal.aborted
    let failures = 0
    while (!isEnded()) {
      this.#wake = new AbortController()
      try {
        await this.#snapshot(intake, signal)
        failures = 0
        await this.#fill(intake, signal)
      } catch (error) {
        if (isEnded()) return
        this.#failed(error)
        failures += 1
      }
      const pause = failures === 0 ? 0 : retryDelayMs(AGAIN, failures, random)
      const wait = failures === 0 ? this.#waitMs() : Math.max(pause, this.#blockedMs())
      this.#notes = { ...this.#notes, nextSnapshotMs: clock.now() + wait }
      await clock.sleep(wait, AbortSignal.any([signal, this.#wake.signal]))
    }
  }

  async #snapshot(intake: Intake, signal: AbortSignal): Promise<void> {
    const { api, clock, log, locationId } = this.#options
    const startedMs = clock.now()
    const usedBefore = api.budget().day.used
    const only = locationId === undefined ? {} : { locationId }
    const query = { includeStatus: true, includeHealth: true, ...only }
    const devices = await api.devices.getAll(query, signal)
    this.#callsPerSnapshot = Math.max(1, api.budget().day.used - usedBefore)
    const news = await intake.take('snapshot', devices.flatMap(reportsOfDevice))
    if (signal.aborted) return
    this.#saw(devices)
    this.#judgeStream(news)
    const { until = startedMs } = this.#coverage
    const isGap = startedMs - until > Math.max(GAP_MIN_MS, 2 * this.#waitMs())
    if (isGap) this.#coverage = interrupted(this.#coverage)
    this.#coverage = looked(this.#coverage, startedMs)
    this.#activity = activityAfter(this.#activity, news.length > 0)
    const { trouble } = this.#notes
    if (trouble !== undefined) log.info('source_recovered', { source: SMARTTHINGS })
    this.#notes = { ...this.#notes, trouble: undefined, lastSnapshotMs: startedMs }
  }

  #waitMs(): number {
    const { api, clock, pollMinMs, pollMaxMs, reconcileMs } = this.#options
    const isStreaming = this.#eras.isOpen
    return nextWaitMs({
      ...{ now: clock.now(), budget: api.budget(), callsPerSnapshot: this.#callsPerSnapshot },
      activity: this.#activity,
      minMs: isStreaming ? reconcileMs : pollMinMs,
      maxMs: isStreaming ? reconcileMs : pollMaxMs,
    })
  }

  #blockedMs(): number {
    const { api, clock } = this.#options
    return (api.budget().blockedUntilMs ?? 0) - clock.now()
  }

  #failed(error: unknown): void {
    const { log } = this.#options
    const reason = messageOf(error)
    if (this.#notes.trouble === undefined)
      log.warn('source_failing', { source: SMARTTHINGS, reason })
    this.#notes = { ...this.#notes, trouble: reason }
  }

  #saw(devices: readonly Device[]): void {
    const { clock, staleAfterMs } = this.#options
    const now = clock.now()
    this.#freshness = devices.map((device) => freshnessOf(device, now, staleAfterMs))
    this.#disabled = new Set(devices.flatMap(disabledOfDevice))
    this.#locationIds = [...new Set(devices.flatMap(({ locationId }) => locationId ?? []))]
    if (this.#locationIds.length > 0) this.#located.resolve(undefined)
  }

  /** A stream that told nothing of what a snapshot shows is opened again; the time since is a gap. */
  #judgeStream(news: readonly News[]): void {
    const missed = this.#eras.missed(news)
    if (missed === 0) return
    this.#count('stream_stale')
    this.#options.log.warn('smartthings_stream_stale', { missed })
    const { lastSnapshotMs } = this.#notes
    if (lastSnapshotMs !== undefined) this.#coverage = reopened(this.#coverage, lastSnapshotMs)
    if (!this.#eras.isOpen) return
    this.#stream?.reopen('it was alive, and told nothing of changes that a snapshot shows')
  }

  async #startStream(intake: Intake, signal: AbortSignal): Promise<void> {
    const { api, clock, random, log } = this.#options
    this.#notes = { ...this.#notes, stream: 'closed', streamReason: 'starting' }
    const locationIds = async (): Promise<readonly string[]> => {
      await this.#located.promise
      return this.#locationIds
    }
    const release = (): void => this.#located.resolve(undefined)
    signal.addEventListener('abort', release, { once: true })
    const listener = this.#listener(intake)
    this.#stream = new StreamKeeper({ api, locationIds, listener, clock, random, log })
    return this.#stream.run(signal)
  }

  #listener(intake: Intake): StreamListener {
    const { clock } = this.#options
    return {
      report: (report) => {
        this.#eras.told()
        const { device, component, capability } = report
        return this.#disabled.has(`${device}/${component}/${capability}`) || intake.push(report)
      },
      opened: () => {
        this.#eras.opened(clock.now())
        // What happened between the last snapshot and now was told by neither.
        this.#coverage = interrupted(this.#coverage)
        this.#notes = { ...this.#notes, stream: 'open', streamReason: undefined }
        this.#wake.abort()
      },
      alive: () => {
        this.#eras.alive(clock.now())
        this.#coverage = delivered(this.#coverage, clock.now() - DELAY_MS)
      },
      closed: (streamReason) => {
        this.#notes = { ...this.#notes, stream: 'closed', streamReason }
        if (!this.#eras.isOpen) return
        this.#eras.closed()
        this.#coverage = interrupted(this.#coverage)
        // The pace of a house without a stream from now on.
        this.#wake.abort()
      },
      refused: (streamReason) => {
        this.#notes = { ...this.#notes, stream: 'refused', streamReason }
      },
      devicesChanged: () => this.#wake.abort(),
      other: (eventType) => this.#count(`event_${eventType.toLowerCase()}`),
    }
  }

  /** Reads the history of closed gaps. What fails waits for the next snapshot. */
  async #fill(intake: Intake, signal: AbortSignal): Promise<void> {
    const { api, log, history } = this.#options
    if (!history) this.#coverage = { ...this.#coverage, gaps: [] }
    try {
      for (let [gap] = this.#coverage.gaps; gap !== undefined; [gap] = this.#coverage.gaps) {
        const slice = sliceOf(gap)
        await fillSlice({ api, intake }, this.#locationIds, slice, signal)
        if (signal.aborted) return
        this.#coverage = filled(this.#coverage, slice.to)
        if (slice.to === gap.to) this.#count('gaps_filled')
      }
      this.#notes = { ...this.#notes, historyTrouble: undefined }
    } catch (error) {
      if (signal.aborted) return
      const historyTrouble = messageOf(error)
      if (this.#notes.historyTrouble === undefined) {
        log.warn('smartthings_gap_waits', { reason: historyTrouble })
      }
      this.#notes = { ...this.#notes, historyTrouble }
    }
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }
}
