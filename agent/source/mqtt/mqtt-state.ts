// What an MQTT source knows of itself: whether it is connected and why not, what became of messages,
// what was refused last. Trouble is logged once per change, a kind of refusal once per connection.

import type { Clock } from '../../../base/clock.ts'
import { isoTime } from '../../../base/clock.ts'
import type { ErrorCode, HubleafError } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { Refusal } from '../../../wire/parse-reading.ts'
import type { SourceStatus } from '../source.ts'

/** What became of a message. */
export type Outcome = 'read' | 'state' | 'nothing' | 'not_understood' | 'repeated' | 'dropped'

type Link =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly lowered: readonly string[] }
  | { readonly kind: 'down'; readonly code: ErrorCode; readonly reason: string }

const TOPIC_SHOWN_CHARS = 120

/** The state of one source. */
export class MqttState {
  readonly #name: string
  readonly #clock: Clock
  readonly #log: Logger
  readonly #messages = new Map<Outcome, number>()
  readonly #refused = new Map<ErrorCode, number>()
  #told = new Set<ErrorCode>()
  #link: Link = { kind: 'connecting' }
  #since: number
  #lastMessageAt: number | undefined
  #lastRefusal: Readonly<Record<string, string>> | undefined

  constructor(name: string, clock: Clock, log: Logger) {
    this.#name = name
    this.#clock = clock
    this.#log = log
    this.#since = clock.now()
  }

  /** The broker takes us and our subscriptions; `lowered` are those without acknowledgements. */
  connected(lowered: readonly string[]): void {
    this.#link = { kind: 'connected', lowered }
    this.#since = this.#clock.now()
    this.#told = new Set()
    this.#log.info('source_connected', { source: this.#name })
  }

  /** There is no connection, and why. */
  down(error: HubleafError): void {
    const { code, message, hint } = error
    const isNew = this.#link.kind !== 'down' || this.#link.code !== code
    if (isNew) this.#since = this.#clock.now()
    const reason = hint === undefined ? message : `${message}; ${hint}`
    this.#link = { kind: 'down', code, reason }
    if (isNew) this.#log.warn('source_failing', { source: this.#name, code, reason })
  }

  /** The last that was heard of the broker is that it takes us. */
  get isConnected(): boolean {
    return this.#link.kind === 'connected'
  }

  /** A message has come. */
  arrived(): void {
    this.#lastMessageAt = this.#clock.now()
  }

  /** What became of one. */
  count(outcome: Outcome): void {
    this.#messages.set(outcome, (this.#messages.get(outcome) ?? 0) + 1)
  }

  /** Something was refused. */
  refused(topic: string, { code, message }: Refusal): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1)
    const shown = topic.slice(0, TOPIC_SHOWN_CHARS).toWellFormed()
    this.#lastRefusal = { code, message, topic: shown, at: isoTime(this.#clock.now()) }
    if (this.#told.has(code)) return
    this.#told.add(code)
    this.#log.warn('mqtt_refused', { source: this.#name, code, reason: message, topic: shown })
  }

  /** For /readyz, /status and the metrics. */
  status(more: {
    readonly held: number
    readonly devices: number
    readonly trouble: string | undefined
  }): SourceStatus {
    const { held, devices, trouble } = more
    return {
      check: this.#check(trouble),
      isUp: this.#link.kind === 'connected',
      lastMessageAt: this.#lastMessageAt,
      messages: Object.fromEntries(this.#messages),
      refused: Object.fromEntries(this.#refused),
      facts: {
        state: this.#link.kind,
        since: isoTime(this.#since),
        ...{ devices, unacknowledged: held },
        ...(this.#lastRefusal === undefined ? {} : { lastRefusal: this.#lastRefusal }),
      },
    }
  }

  #check(trouble: string | undefined): SourceStatus['check'] {
    const link = this.#link
    if (link.kind === 'connecting') return { state: 'unknown', reason: 'connecting' }
    if (link.kind === 'down') return { state: 'degraded', reason: `${link.code}: ${link.reason}` }
    if (trouble !== undefined) return { state: 'degraded', reason: trouble }
    const [lowered] = link.lowered
    if (lowered === undefined) return { state: 'ok' }
    return { state: 'degraded', reason: `the broker gives ${lowered} without acknowledgement` }
  }
}
