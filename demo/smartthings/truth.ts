// The log of truth: what the simulated cloud knows to have happened and to have given out, so that a
// test can judge that each of it is in the database once. A fact is in it when its bytes were handed to
// the connection whole; whether the other side took them in is for the test to know.

import type { AttributePath, Change } from './happenings.ts'
import { pathOf } from './happenings.ts'
import type { AttributeValue } from './models.ts'

/** A value of an attribute that was answered, with the timestamp that makes it one change. */
export interface AnsweredFact extends AttributePath {
  readonly kind: 'answered'
  readonly via: 'devices' | 'status'
  readonly value: AttributeValue
  readonly unit?: string
  /** Epoch ms, as in the answer. */
  readonly timestamp: number
}

/** A history row that was served. */
export interface HistoryFact extends AttributePath {
  readonly kind: 'history'
  readonly value: AttributeValue
  readonly unit?: string
  readonly epoch: number
  readonly hash: number
}

/** A call of the API and its answer. */
export interface CallFact {
  readonly kind: 'call'
  /** Epoch ms by the cloud's clock. */
  readonly at: number
  readonly area: string
  readonly method: string
  /** Path and query, without `/v1`. */
  readonly path: string
  /** 0: the answer was lost. */
  readonly status: number
  readonly installedAppId?: string
}

/** A report in the house, whether anybody asks for it or not. */
export interface ChangeFact {
  readonly kind: 'change'
  readonly change: Change
}

/** Any fact. */
export type Fact = AnsweredFact | HistoryFact | CallFact | ChangeFact

/** The log. */
export class Truth {
  readonly #facts: Fact[] = []
  readonly #known = new Set<string>()
  readonly #sink: ((line: string) => void) | undefined

  /** `sink` takes each fact as one line of JSON, without the line end. */
  constructor(sink?: (line: string) => void) {
    this.#sink = sink
  }

  /** Adds a fact. A change answered again and a row served again are the same fact: one entry. */
  add(fact: Fact): void {
    const key = keyOf(fact)
    if (key !== undefined) {
      if (this.#known.has(key)) return
      this.#known.add(key)
    }
    this.#facts.push(fact)
    this.#sink?.(JSON.stringify(fact))
  }

  /** All facts, oldest first. */
  get facts(): readonly Fact[] {
    return this.#facts
  }

  /** The facts of one kind, oldest first. */
  of<K extends Fact['kind']>(kind: K): readonly Extract<Fact, { readonly kind: K }>[] {
    return this.#facts.filter(
      (fact): fact is Extract<Fact, { readonly kind: K }> => fact.kind === kind,
    )
  }

  /** The log as NDJSON. */
  text(): string {
    return this.#facts.map((fact) => `${JSON.stringify(fact)}\n`).join('')
  }
}

/** What makes two facts one, or undefined where each stands for itself. */
function keyOf(fact: Fact): string | undefined {
  if (fact.kind === 'answered') return `a ${fact.deviceId} ${pathOf(fact)} ${fact.timestamp}`
  if (fact.kind === 'history') return `h ${fact.deviceId} ${fact.epoch} ${fact.hash}`
  return undefined
}
