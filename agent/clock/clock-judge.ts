// What the agent believes about the time. Monotonic time since boot is certain; where the wall clock
// stood at boot is learned once from the machine's time service or from the cloud, and is the anchor
// for everything after it. Pure: what is known comes in, stamps and records go out.

import type { TimeQuality } from '../../wire/reading.ts'
import type { RecordOf } from '../../wire/records.ts'

/** The clocks at one moment. */
export interface ClockFacts {
  /** Wall time, epoch ms. */
  readonly wall: number
  /** Milliseconds since boot. */
  readonly mono: number
  /** Whether the machine's time service says that the wall clock is set. */
  readonly synced: boolean
}

/** The cloud's time, with the moments between which it was told. */
export interface CloudTime {
  /** Epoch ms at the cloud. */
  readonly now: number
  readonly sentMono: number
  readonly receivedMono: number
}

/** Where the wall clock stood at boot, and who said so. */
export interface Anchor {
  readonly wallAtBoot: number
  readonly by: RecordOf<'_clock'>['by']
}

/** A synced clock this far from the anchor is suspect, ms: somebody has set it by hand. */
const SUSPECT_MS = 60_000

/** The cloud is told of an anchor that has moved by this much, ms. */
const MOVED_MS = 1000

/** The cloud's time counts if its answer took at most this long, ms; it is wrong by half of it. */
const ANSWER_MAX_MS = 10_000

/** The agent's judgement about its clock in one boot. */
export class ClockJudge {
  readonly #boot: string
  #anchor: Anchor | undefined
  #told: number | undefined
  /** What the stamps made before the anchor were counted from. */
  #stampedFrom: number | undefined

  constructor(boot: string) {
    this.#boot = boot
  }

  /** The anchor, once there is one. */
  get anchor(): Anchor | undefined {
    return this.#anchor
  }

  /** The time to stamp with now, and how far it can be trusted. */
  stamp(facts: ClockFacts): { readonly at: number; readonly quality: TimeQuality } {
    const { wall, mono, synced } = facts
    const known = this.#anchor
    if (synced) {
      const isFar = known !== undefined && Math.abs(wall - mono - known.wallAtBoot) > SUSPECT_MS
      return { at: wall, quality: isFar ? 'suspect' : 'synced' }
    }
    if (known !== undefined) return { at: known.wallAtBoot + mono, quality: 'corrected' }
    this.#stampedFrom ??= wall - mono
    return { at: wall, quality: 'unsynced' }
  }

  /** Looks at the clocks; gives a record when the cloud should hear of it. */
  look(facts: ClockFacts): RecordOf<'_clock'> | undefined {
    const { wall, mono, synced } = facts
    if (!synced) return undefined
    const wallAtBoot = wall - mono
    const known = this.#anchor
    // A clock that somebody has set by hand does not move the anchor; the cloud may.
    if (known !== undefined && Math.abs(wallAtBoot - known.wallAtBoot) > SUSPECT_MS) {
      return undefined
    }
    return this.#moveTo({ wallAtBoot, by: 'system' })
  }

  /** Hears the cloud's time; gives a record when the cloud should hear of it. */
  hear(time: CloudTime, facts: ClockFacts): RecordOf<'_clock'> | undefined {
    const took = time.receivedMono - time.sentMono
    if (took < 0 || took > ANSWER_MAX_MS) return undefined
    const wallAtBoot = Math.round(time.now - (time.sentMono + time.receivedMono) / 2)
    const known = this.#anchor
    const error = took / 2 + MOVED_MS
    // The machine's own time service is finer, unless it is far from what the cloud says.
    if (facts.synced && Math.abs(facts.wall - facts.mono - wallAtBoot) <= SUSPECT_MS) {
      return this.#moveTo({ wallAtBoot: facts.wall - facts.mono, by: 'system' })
    }
    if (known !== undefined && Math.abs(known.wallAtBoot - wallAtBoot) <= error) return undefined
    return this.#moveTo({ wallAtBoot, by: 'cloud' })
  }

  #moveTo(anchor: Anchor): RecordOf<'_clock'> | undefined {
    const before = this.#told ?? this.#stampedFrom ?? anchor.wallAtBoot
    this.#anchor = anchor
    const isNews = this.#told === undefined || Math.abs(anchor.wallAtBoot - this.#told) > MOVED_MS
    if (!isNews) return undefined
    this.#told = anchor.wallAtBoot
    return { boot: this.#boot, ...anchor, offsetMs: anchor.wallAtBoot - before }
  }
}
