// The sources of a simulated house: some wait for the answer and repeat themselves under the same
// event id until they have one, some wait and give up, some are polled and never look back. Each
// reading's value is a number of its own, so that it can be found again anywhere.

import { isHubleafError, messageOf } from '../../base/errors.ts'
import { randomInt } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import type { SourceReading } from '../../wire/reading.ts'
import { sensorTypeOf } from '../fixtures/readings.ts'
import type { Accepted } from '../../agent/journal/journal.ts'
import type { Site } from './site.ts'
import type { Offered } from './truth.ts'
import type { Watch } from './watch.ts'

const TYPES = ['temperature', 'humidity', 'power', 'motion', 'contact'].map(sensorTypeOf)

/** Attempts of a source that repeats itself. */
const ATTEMPTS_MAX = 30

/** How long a source repeats a reading, ms. */
const REPEATED_MAX_MS = 20 * 3_600_000

/** Accepted event ids that a source may repeat out of the blue. */
const REMEMBERED_MAX = 50

/** Characters between two marks in a long value: each page that holds a part of it has a mark. */
const MARK_EVERY = 200

/** A long text that names its reading again and again. */
function fillerOf(n: number, chars: number): string {
  return `#${n};`.padEnd(MARK_EVERY, 'x').repeat(Math.ceil(chars / MARK_EVERY))
}

interface Pair {
  readonly reading: SourceReading
  readonly offered: Offered
}

/** The sources of one site. */
export class Sources {
  readonly #site: Site
  readonly #watch: Watch
  readonly #random: Random
  /** Between two of their readings, ms on average; Infinity stops them. */
  tempoMs = 100
  /** Readings in one batch at most. */
  batchMax = 4
  /** Bytes of noise in each value, which nothing makes smaller. */
  padding = 0
  /** Characters that fill a file and pack well. */
  filler = 0
  #age = 0
  #accepted: Pair[] = []
  #cancel: (() => void) | undefined

  constructor(site: Site, watch: Watch, random: Random) {
    this.#site = site
    this.#watch = watch
    this.#random = random
  }

  /** Starts, or goes on at another tempo. */
  pace(tempoMs: number): void {
    this.tempoMs = tempoMs
    this.#cancel?.()
    this.#schedule()
  }

  /** The journal may not know its events any more: nobody repeats what was before. */
  forget(): void {
    this.#age += 1
    this.#accepted = []
  }

  #schedule(): void {
    if (this.tempoMs === Infinity) return
    this.#cancel = this.#site.world.after(2 * this.tempoMs * this.#random.float(), () => {
      this.#schedule()
      this.#emit()
    })
  }

  #emit(): void {
    const kind = this.#random.float()
    const repeated = this.#accepted[randomInt(this.#random, this.#accepted.length)]
    if (kind < 0.1 && repeated !== undefined) this.#hand([repeated], 1, this.#age)
    else if (kind < 0.5) this.#hand(this.#make('event'), 1, this.#age)
    else if (kind < 0.7) this.#hand(this.#make('plain'), ATTEMPTS_MAX, this.#age)
    else this.#hand(this.#make('polled'), ATTEMPTS_MAX, this.#age, 'polled')
  }

  #make(kind: 'event' | 'plain' | 'polled'): readonly Pair[] {
    const size = 1 + randomInt(this.#random, this.batchMax)
    return Array.from({ length: size }, () => this.#reading(kind === 'event'))
  }

  #reading(hasEvent: boolean): Pair {
    const { truth, world } = this.#watch
    const random = this.#random
    const type = TYPES[randomInt(random, TYPES.length)] ?? sensorTypeOf('temperature')
    const n = truth.nextNumber()
    const device = `d${randomInt(random, 3)}`
    const noise = (): string => Buffer.from(random.bytes(this.padding)).toString('base64')
    const text = this.filler > 0 ? fillerOf(n, this.filler) : this.padding > 0 ? noise() : ''
    const value = text === '' ? n : `${n} ${text}`
    const sourceTime = random.float() < 0.3
    const { trueTime } = world
    const eventId = hasEvent ? `${this.#site.name}-${n}` : undefined
    const offered: Offered = {
      ...{ n, site: this.#site.name, type, device, event: eventId, trueTime, sourceTime },
      lastTime: trueTime,
      ...{ boot: this.#site.machine.boot, acceptedAt: undefined, calm: false },
      ...{ refused: false, unclear: false, lostByCloud: false, excuse: undefined },
    }
    truth.offered.set(n, offered)
    const reading: SourceReading = {
      ...{ type, device, channel: 'main', value, source: 'sim' },
      ...(eventId === undefined ? {} : { eventId }),
      ...(sourceTime ? { observedAt: trueTime } : {}),
    }
    return { reading, offered }
  }

  #hand(
    pairs: readonly Pair[],
    attempt: number,
    age: number,
    urgency: 'waited' | 'polled' = 'waited',
  ): void {
    // After a day the agent may have forgotten the event: who repeats it then sends a second one.
    const { trueTime } = this.#watch.world
    if (pairs.some(({ offered }) => trueTime - offered.trueTime > REPEATED_MAX_MS)) return
    const process = this.#site.process
    const again = (): void => {
      if (attempt >= ATTEMPTS_MAX || age !== this.#age) return
      const delay = 300 + randomInt(this.#random, 4000)
      this.#site.world.after(delay, () => {
        if (age === this.#age) this.#hand(pairs, attempt + 1, age, urgency)
      })
    }
    if (process?.accepting !== true) {
      again()
      return
    }
    const readings = pairs.map(({ reading }) => reading)
    for (const { offered } of pairs) offered.lastTime = this.#watch.world.trueTime
    process.append(readings, urgency).then(
      (answer) => {
        if (answer === 'dead') {
          for (const { offered } of pairs) offered.unclear = true
          again()
        } else this.#answered(pairs, answer)
      },
      (error: unknown) => {
        this.#refused(pairs, error)
        again()
      },
    )
  }

  #answered(pairs: readonly Pair[], answers: readonly Accepted[]): void {
    const { world, truth } = this.#watch
    const site = this.#site
    for (const [index, pair] of pairs.entries()) {
      const answer = answers[index]
      const { offered } = pair
      if (answer?.kind === 'stored') {
        const place = truth.placeOf(offered.n)
        if (place?.seq !== answer.seq || place.type !== answer.type) {
          const where = place === undefined ? 'nowhere' : `${place.type} ${place.seq}`
          this.#watch.broken('P1', `${offered.n} is said to be ${answer.seq}, but is ${where}`)
        }
      }
      if (offered.acceptedAt === undefined) {
        const flowing = site.process?.forwarder?.status().state === 'flowing'
        // What is known already was kept before, and waits in the backlog.
        const isFresh = answer?.kind === 'stored'
        offered.calm = isFresh && flowing && site.link.up && site.disturbedAt < world.now - 1000
        offered.acceptedAt = world.now
      }
      if (offered.event !== undefined) this.#remember(pair)
    }
  }

  #remember(pair: Pair): void {
    if (this.#accepted.length < REMEMBERED_MAX) this.#accepted.push(pair)
    else this.#accepted[randomInt(this.#random, REMEMBERED_MAX)] = pair
  }

  #refused(pairs: readonly Pair[], error: unknown): void {
    const site = this.#site
    const full = isHubleafError(error, 'journal_full') || isHubleafError(error, 'journal_blocked')
    for (const { offered } of pairs) {
      if (full) offered.refused = true
      else offered.unclear = true
    }
    const code = isHubleafError(error) ? error.code : 'internal'
    site.note(`refused ${code}`)
    const closing = code === 'journal_closed' || code === 'journal_corrupt'
    if (!full && !closing && !site.diskTrouble) {
      this.#watch.broken('P8', `a reading is refused without need: ${messageOf(error)}`)
    }
  }
}
