// The pauses between tries while nothing gets through: growing, jittered, and short, because a probe
// of a dead link costs nothing and readings of the moment must not age meanwhile.

import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import { retryDelayMs } from '../../base/retry.ts'

const RETRY = { firstMs: 250, maxMs: 2000 } as const

/** What a backoff needs. */
export interface BackoffOptions {
  readonly clock: Clock
  readonly random: Random
}

/** Counts the tries and ends each pause with `onOver`. */
export class Backoff {
  readonly #options: BackoffOptions
  readonly #onOver: () => void
  #attempt = 0
  #cancel: (() => void) | undefined

  constructor(options: BackoffOptions, onOver: () => void) {
    this.#options = options
    this.#onOver = onOver
  }

  /** One more try has failed: a pause begins anew. */
  failed(): void {
    const { clock, random } = this.#options
    this.#attempt += 1
    this.#cancel?.()
    this.#cancel = clock.after(retryDelayMs(RETRY, this.#attempt, random), this.#onOver)
  }

  /** Something got through: the next pause is short again. */
  succeeded(): void {
    this.#attempt = 0
  }

  /** No pause ends any more. */
  stop(): void {
    this.#cancel?.()
  }
}
