// What the lives of the event stream claim to have delivered, and whether a snapshot proves one wrong: a
// stream can be alive and tell nothing. Pure but for the notes that it keeps.

import type { News } from './intake.ts'
import { wasStreamed } from './merge.ts'

/** One life of a stream, epoch ms. */
interface Era {
  readonly openedMs: number
  aliveMs: number
  hasTold: boolean
}

/** A change this close to the begin or the end of what was delivered is no proof, ms. */
export const DELAY_MS = 30_000

/** The present life of the stream, and those that ended since the last snapshot. */
export class StreamEras {
  #present: Era | undefined
  #ended: Era[] = []

  get isOpen(): boolean {
    return this.#present !== undefined
  }

  opened(now: number): void {
    this.#present = { openedMs: now, aliveMs: now, hasTold: false }
  }

  /** Something came: all until now should have come. */
  alive(now: number): void {
    if (this.#present !== undefined) this.#present.aliveMs = now
  }

  /** It told of a change. */
  told(): void {
    if (this.#present !== undefined) this.#present.hasTold = true
  }

  closed(): void {
    if (this.#present !== undefined) this.#ended.push(this.#present)
    this.#present = undefined
  }

  /**
   * How many changes a snapshot shows that a life of the stream should have told. Attributes that it
   * never told of do not count, unless it told nothing at all.
   */
  missed(news: readonly News[]): number {
    const eras = [...this.#ended, ...(this.#present === undefined ? [] : [this.#present])]
    this.#ended = []
    return news.filter(({ report: { at }, before }) =>
      eras.some(
        ({ openedMs, aliveMs, hasTold }) =>
          at !== undefined &&
          at > openedMs + DELAY_MS &&
          at < aliveMs - DELAY_MS &&
          (wasStreamed(before) || !hasTold),
      ),
    ).length
  }
}
