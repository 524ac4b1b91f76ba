// A hub's way to the cloud: up or down, slow or fast, first in first out. A pack that was under way
// when the link fell is gone, and so is an answer.

import type { World } from './world.ts'

/** The link of one hub. */
export class Link {
  readonly #world: World
  #up = true
  #generation = 0
  #freeAt = 0
  /** One way, ms. */
  latencyMs = 20
  bytesPerSecond = 1_000_000
  /** Virtual time since when it has been up without a break; Infinity while it is down. */
  upSince = 0

  constructor(world: World) {
    this.#world = world
  }

  get up(): boolean {
    return this.#up
  }

  set up(up: boolean) {
    if (up === this.#up) return
    this.#up = up
    this.#generation += 1
    this.#freeAt = this.#world.now
    this.upSince = up ? this.#world.now : Infinity
    this.#world.note(up ? 'link up' : 'link down')
  }

  /** How long it takes for what is under way already, ms. */
  get busyMs(): number {
    return Math.max(0, this.#freeAt - this.#world.now)
  }

  /** Carries bytes to the cloud; `arrive` runs unless the link falls before. */
  carry(bytes: number, arrive: () => void): void {
    const begin = Math.max(this.#world.now, this.#freeAt)
    this.#freeAt = begin + (bytes * 1000) / this.bytesPerSecond
    this.#deliver(this.#freeAt - this.#world.now + this.latencyMs, arrive)
  }

  /** Carries an answer back. */
  answer(afterMs: number, arrive: () => void): void {
    this.#deliver(afterMs + this.latencyMs, arrive)
  }

  #deliver(ms: number, arrive: () => void): void {
    const generation = this.#generation
    this.#world.after(ms, () => {
      if (generation === this.#generation && this.#up) arrive()
    })
  }
}
