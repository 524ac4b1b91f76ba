// From a message to the readings that are handed over, and to what is counted. Each draft is checked
// as a pushed reading is; what is stored state is told from news; devices are bounded. Pure but for
// what it remembers, and it never throws, whatever the payload.

import { createHash } from 'node:crypto'
import { parseReading } from '../../../wire/parse-reading.ts'
import type { Refusal } from '../../../wire/parse-reading.ts'
import type { SourceReading } from '../../../wire/reading.ts'
import type { Draft, Format, MqttMessage } from './format.ts'

/** How messages of one broker are read. */
export interface InterpreterOptions {
  /** The readings' `source`. */
  readonly source: string
  readonly formats: readonly Format[]
  readonly devicePrefix: string
  readonly maxPayloadBytes: number
  readonly maxDevices: number
}

/** What became of a message before it reaches the journal. */
export interface Interpreted {
  readonly readings: readonly SourceReading[]
  /** What of it was refused; all of it if there are no readings. */
  readonly refusals: readonly Refusal[]
  /** `read` where readings came of it or were refused, `state` for stored state that is no news. */
  readonly kind: 'read' | 'state' | 'nothing' | 'not_understood'
}

/** The last that is known of one series. */
interface Known {
  readonly value: string
  readonly observedAt: number | undefined
}

/** Series that are remembered for each device on average; beyond that none is. */
const SERIES_PER_DEVICE = 32

/** So much of a value tells whether it is the known one. */
const VALUE_CHARS = 128

const NO_READINGS = { readings: [], refusals: [] } as const

/** Reads the messages of one broker. */
export class Interpreter {
  readonly #options: InterpreterOptions
  readonly #devices = new Set<string>()
  readonly #series = new Map<string, Known>()

  constructor(options: InterpreterOptions) {
    this.#options = options
  }

  /** The topic filters of all formats. */
  filters(): readonly string[] {
    return [...new Set(this.#options.formats.flatMap(({ filters }) => filters))]
  }

  /** Devices that have sent something. */
  devices(): number {
    return this.#devices.size
  }

  /**
   * Reads a message. `isNewSession` says that the broker has kept nothing for us: then stored state may
   * be what we have missed.
   */
  interpret(message: MqttMessage, isNewSession: boolean): Interpreted {
    const { formats, maxPayloadBytes } = this.#options
    if (message.payload.length > maxPayloadBytes) {
      const text = `a payload of ${message.payload.length} bytes, at most ${maxPayloadBytes}`
      return { readings: [], kind: 'read', refusals: [{ code: 'body_too_large', message: text }] }
    }
    for (const format of formats) {
      const understood = format.understand(message)
      if (understood === undefined) continue
      if (understood.kind === 'nothing') return { ...NO_READINGS, kind: 'nothing' }
      if (understood.kind === 'refused') {
        return { readings: [], refusals: [understood.refusal], kind: 'read' }
      }
      return this.#check(understood.drafts, understood.refusals, message.isRetained, isNewSession)
    }
    return { ...NO_READINGS, kind: 'not_understood' }
  }

  #check(
    drafts: readonly Draft[],
    refused: readonly Refusal[],
    isRetained: boolean,
    isNewSession: boolean,
  ): Interpreted {
    const readings: SourceReading[] = []
    const refusals = [...refused]
    for (const draft of drafts) {
      const checked = this.#checkDraft(draft)
      refusals.push(...checked.refusals)
      const { reading } = checked
      if (reading === undefined) continue
      const series = `${reading.type}\n${reading.device}\n${reading.channel}`
      const value = JSON.stringify(reading.value).slice(0, VALUE_CHARS)
      if (!isRetained) readings.push(reading)
      else if (isNewSession && this.#isNews(series, value, reading.observedAt)) {
        readings.push({ ...reading, eventId: stateId(series, value, reading.observedAt) })
      }
      this.#remember(series, { value, observedAt: reading.observedAt })
    }
    const isState = isRetained && readings.length === 0 && refusals.length === 0
    return { readings, refusals, kind: isState ? 'state' : 'read' }
  }

  #checkDraft(draft: Draft): { reading?: SourceReading; refusals: readonly Refusal[] } {
    const { source, devicePrefix, maxDevices } = this.#options
    const input = { ...draft, device: `${devicePrefix}${draft.device}` }
    const parsed = parseReading(input, source)
    const refusals: Refusal[] = []
    let reading = parsed.ok ? parsed.reading : undefined
    if (!parsed.ok) {
      refusals.push(parsed.refusal)
      // A time that is none costs the time, not the reading.
      if (parsed.refusal.code === 'time_invalid') {
        const again = parseReading({ ...input, observedAt: undefined }, source)
        if (again.ok) reading = again.reading
      }
    }
    if (reading === undefined) return { refusals }
    if (!this.#devices.has(reading.device)) {
      if (this.#devices.size >= maxDevices) {
        const message = `more than ${maxDevices} devices`
        return { refusals: [...refusals, { code: 'mqtt_too_many_devices', message }] }
      }
      this.#devices.add(reading.device)
    }
    return { reading, refusals }
  }

  /** Stored state is news if its time is known, and it is later than and differs from what is known. */
  #isNews(series: string, value: string, observedAt: number | undefined): boolean {
    if (observedAt === undefined) return false
    const known = this.#series.get(series)
    if (known === undefined) return true
    const isLater = known.observedAt !== undefined && observedAt > known.observedAt
    return isLater && known.value !== value
  }

  #remember(series: string, known: Known): void {
    const most = this.#options.maxDevices * SERIES_PER_DEVICE
    if (this.#series.has(series) || this.#series.size < most) this.#series.set(series, known)
  }
}

/** One id for one stored state, so that a second look at it adds nothing. */
function stateId(series: string, value: string, observedAt: number | undefined): string {
  const text = `${series}\n${value}\n${String(observedAt)}`
  return `state-${createHash('sha256').update(text).digest('base64url').slice(0, 32)}`
}
