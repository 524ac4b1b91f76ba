// How far long work is, in one line that replaces itself, where a person looks at standard error and
// the output goes elsewhere. At most five times a second.

import type { Clock } from '../../base/clock.ts'
import { grouped } from './text.ts'
import type { World } from './world.ts'

const EVERY_MS = 200

/** One line of progress; disposal clears it. */
export class Progress implements Disposable {
  readonly #clock: Clock
  readonly #print: ((text: string) => void) | undefined
  readonly #verb: string
  readonly #unit: string
  #shownAt = -Infinity

  /** `total` of `tell` may be 0 where nobody knows it. `mixed`: the output is on the same terminal. */
  constructor(world: World, verb: string, unit: string, mixed = false) {
    this.#clock = world.clock
    const shows = world.terminal.err && !(mixed && world.terminal.out)
    this.#print = shows ? world.stderr : undefined
    this.#verb = verb
    this.#unit = unit
  }

  tell(done: number, total: number): void {
    if (this.#print === undefined) return
    const now = this.#clock.monotonic()
    if (now - this.#shownAt < EVERY_MS) return
    this.#shownAt = now
    const share = total > 0 ? ` (${Math.min(100, Math.floor((100 * done) / total))} %)` : ''
    this.#print(`\r\u001b[K${this.#verb}: ${grouped(done)} ${this.#unit}${share}`)
  }

  [Symbol.dispose](): void {
    if (this.#shownAt !== -Infinity) this.#print?.('\r\u001b[K')
    this.#shownAt = -Infinity
  }
}
