// Keeps the agent's time in order: asks the machine's time service, hears the cloud, decides about the
// wall times of each boot before anything stamped in it is sent, and tells the cloud what it knows.
// A decision is durable and made once: a row never changes after it may have been sent.

import type { Clock } from '../../base/clock.ts'
import { HubleafError, messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { TimeService } from '../../base/time-service.ts'
import { reservedType } from '../../wire/ids.ts'
import type { TimeQuality } from '../../wire/reading.ts'
import type { RecordOf } from '../../wire/records.ts'
import type { Journal } from '../journal/journal.ts'
import { ClockJudge } from './clock-judge.ts'
import type { ClockFacts, CloudTime } from './clock-judge.ts'

/** What a keeper needs. */
export interface ClockKeeperOptions {
  readonly boot: string
  readonly clock: Clock
  readonly time: TimeService
  readonly log: Logger
}

/** The agent's time. */
export interface ClockKeeper {
  /** A clock whose wall time is the best that is known. */
  readonly clock: Clock
  /** How far the wall time can be trusted now. */
  quality(): TimeQuality
  /** Begins to decide and to tell; call once, when the journal is open. Disposal ends it. */
  keep(journal: Journal): KeptClock
}

/** A clock that is being kept. */
export interface KeptClock extends AsyncDisposable {
  /**
   * Resolves when every boot's wall times are decided about: from then on rows may be sent. Rejects
   * with `journal_closed` where the end came first.
   */
  readonly decided: Promise<void>
  /** The cloud said what time it is. */
  heard(time: CloudTime): void
  /** The cloud can be reached: from now on the decision waits a minute at most. */
  linkIsUp(): void
}

/** How long the decision waits for the right time once the cloud can be reached, ms. */
export const DECIDE_WITHIN_MS = 60_000

/** How often the time service is asked, ms: at first, and once the time is known. */
const LOOK_SOON_MS = 1000
const LOOK_LATER_MS = 30_000

/** Trouble with the disk is tried again after this long, ms. */
const AGAIN_MS = 1000

/** The agent's time in the boot `boot`. */
export function keepClock(options: ClockKeeperOptions): ClockKeeper {
  const { clock, time, boot } = options
  const judge = new ClockJudge(boot)
  const facts = (): ClockFacts => {
    return { wall: clock.now(), mono: clock.sinceBoot(), synced: time.isSynced() }
  }
  return {
    clock: { ...clock, now: () => judge.stamp(facts()).at },
    quality: () => judge.stamp(facts()).quality,
    keep: (journal) => new RunningKeeper(options, judge, facts, journal),
  }
}

class RunningKeeper implements KeptClock {
  readonly decided: Promise<void>
  readonly #options: ClockKeeperOptions
  readonly #judge: ClockJudge
  readonly #facts: () => ClockFacts
  readonly #journal: Journal
  readonly #stop = new AbortController()
  readonly #anchored = new AbortController()
  readonly #link = new AbortController()
  readonly #running: Promise<unknown>
  readonly #records: RecordOf<'_clock'>[] = []

  constructor(
    options: ClockKeeperOptions,
    judge: ClockJudge,
    facts: () => ClockFacts,
    journal: Journal,
  ) {
    this.#options = options
    this.#judge = judge
    this.#facts = facts
    this.#journal = journal
    this.#take(judge.look(facts()))
    this.decided = this.#decideAll()
    this.#running = Promise.allSettled([this.decided, this.#watch()])
  }

  heard(time: CloudTime): void {
    this.#take(this.#judge.hear(time, this.#facts()))
  }

  linkIsUp(): void {
    this.#link.abort()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Throws where the journal or the agent ended first: then nothing may be sent any more. */
  async #decideAll(): Promise<void> {
    await this.#decide()
    const open = this.#journal.undecidedBoots().length
    if (open === 0) return
    throw new HubleafError('journal_closed', `the times of ${open} boots are not decided about`)
  }

  /** Earlier boots go out as they are: nothing more will be learned about them. */
  async #decide(): Promise<void> {
    const { boot, clock, log } = this.#options
    const { signal } = this.#stop
    for (const earlier of this.#journal.undecidedBoots()) {
      if (earlier !== boot) await this.#mark(earlier, null)
    }
    if (!this.#journal.undecidedBoots().includes(boot)) return
    await until(AbortSignal.any([signal, this.#anchored.signal, this.#link.signal]))
    const anchored = AbortSignal.any([signal, this.#anchored.signal])
    if (!anchored.aborted) {
      log.warn('clock_not_set', { waiting_ms: DECIDE_WITHIN_MS })
      await clock.sleep(DECIDE_WITHIN_MS, anchored)
    }
    if (!signal.aborted) await this.#mark(boot, this.#judge.anchor?.wallAtBoot ?? null)
  }

  /** Durable before anything may be sent; a full disk is waited out. */
  async #mark(boot: string, wallAtBoot: number | null): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted && !this.#journal.ended.aborted) {
      try {
        await this.#journal.markBoot({ boot, wallAtBoot })
        return
      } catch (error) {
        log.warn('clock_mark_not_written', { reason: messageOf(error) })
        await clock.sleep(AGAIN_MS, signal)
      }
    }
  }

  async #watch(): Promise<void> {
    const { clock, time } = this.#options
    const { signal } = this.#stop
    while (!signal.aborted) {
      await time.look()
      this.#take(this.#judge.look(this.#facts()))
      await this.#tell()
      await clock.sleep(this.#anchored.signal.aborted ? LOOK_LATER_MS : LOOK_SOON_MS, signal)
    }
  }

  #take(record: RecordOf<'_clock'> | undefined): void {
    if (record !== undefined) this.#records.push(record)
    if (this.#judge.anchor !== undefined) this.#anchored.abort()
  }

  /** Records are written as readings are; one that the disk does not take is tried again. */
  async #tell(): Promise<void> {
    for (let record = this.#records[0]; record !== undefined; record = this.#records[0]) {
      const named = { type: reservedType('_clock'), device: 'agent', channel: 'main' }
      try {
        await this.#journal.append([{ ...named, value: record, source: 'agent' }], 'polled')
        this.#records.shift()
      } catch (error) {
        this.#options.log.debug('clock_record_not_written', { reason: messageOf(error) })
        return
      }
    }
  }
}

async function until(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
