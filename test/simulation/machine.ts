// A simulated machine: when it was booted, and a wall clock that may be wrong. A process sees time
// through a clock that dies with it: what a dead process waits for never comes.

import { randomInt, randomToken } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import type { Clock } from '../../base/clock.ts'
import { TRUE_START } from './world.ts'
import type { World } from './world.ts'

/** What a machine's clock says when it boots: the truth, 1970, or where it stopped weeks ago. */
export type BootClock = 'right' | 'epoch' | 'old'

/** A machine without a battery for its clock. */
export class Machine {
  readonly #world: World
  readonly #random: Random
  boot = ''
  bootedAt = 0
  /** Virtual time of the reboot. */
  rebootedAt = 0
  /** What the wall clock is off by, ms (said − true). */
  wallOffset = 0
  /** True when the system's time service says that the clock is right. */
  synced = false
  /** False on a machine whose time service never answers. */
  hasTimeService = true

  constructor(world: World, random: Random) {
    this.#world = world
    this.#random = random
    this.reboot('right')
  }

  /** A new boot; the time service answers when there is a network. */
  reboot(clock: BootClock): void {
    this.boot = randomToken(this.#random, 26)
    this.rebootedAt = this.#world.now
    // Booting takes a while before the agent is started.
    this.bootedAt = this.#world.now - 5000 - randomInt(this.#random, 20_000)
    this.synced = false
    const weeks = 7 * 86_400_000 * (1 + randomInt(this.#random, 6))
    this.wallOffset =
      clock === 'right' ? 0 : clock === 'old' ? -weeks : -TRUE_START - Math.floor(this.bootedAt)
  }

  /** What the wall clock says, epoch ms. */
  get wall(): number {
    return this.#world.trueTime + this.wallOffset
  }

  /** The time service has set the clock. */
  sync(): void {
    this.wallOffset = 0
    this.synced = true
  }

  /** Somebody sets the clock by hand; the time service does not notice at once. */
  jump(days: number): void {
    this.wallOffset += days * 86_400_000
    if (this.synced) this.lied.add(this.boot)
  }

  /** Boots in which the time service called a wrong clock right. */
  readonly lied = new Set<string>()
}

/** The clock of one process on a machine. */
export interface ProcessClock extends Clock {
  /** The process is dead: nothing that it waits for comes. */
  kill(): void
}

/** A clock for a new process. Its methods need no object, as the agent may wrap them. */
export function processClock(world: World, machine: Machine): ProcessClock {
  const cancels = new Set<() => void>()
  let isDead = false
  const after: Clock['after'] = (ms, action) => {
    if (isDead) return () => undefined
    const cancel = world.after(ms, () => {
      cancels.delete(cancel)
      action()
    })
    cancels.add(cancel)
    return () => {
      cancels.delete(cancel)
      cancel()
    }
  }
  const sleep: Clock['sleep'] = async (ms, signal) => {
    if (signal?.aborted === true) return
    const done = Promise.withResolvers<undefined>()
    const end = (): void => done.resolve(undefined)
    const cancel = after(ms, end)
    signal?.addEventListener('abort', end, { once: true })
    await done.promise
    signal?.removeEventListener('abort', end)
    cancel()
  }
  return {
    now: () => machine.wall,
    monotonic: () => world.now,
    sinceBoot: () => Math.round(world.now - machine.bootedAt),
    ...{ after, sleep },
    kill() {
      isDead = true
      for (const cancel of cancels) cancel()
      cancels.clear()
    },
  }
}
