// Simulated time: a queue of things to come, run one by one in order of their time, ties in the order
// in which they were made. Between two of them all promises settle, so that a run depends on its seed
// alone. What happens is noted; the notes' checksum tells whether two runs were the same.

import { crc32 } from 'node:zlib'
import { turn } from '../fixtures/turn.ts'

/** True wall time at the start of each simulation, epoch ms. */
export const TRUE_START = 1_790_000_000_000

/** Notes that are kept for a report. */
const NOTES_KEPT = 60

interface Due {
  readonly at: number
  readonly order: number
  action: (() => void) | undefined
}

/** The simulated world's time and its diary. */
export class World {
  readonly #heap: Due[] = []
  readonly #trace: ((line: string) => void) | undefined
  #order = 0
  #now = 0
  #steps = 0
  #digest = 0
  #notes: string[] = []

  constructor(trace?: (line: string) => void) {
    this.#trace = trace
  }

  /** Virtual ms since the start. */
  get now(): number {
    return this.#now
  }

  /** The true wall time, epoch ms. */
  get trueTime(): number {
    return TRUE_START + Math.floor(this.#now)
  }

  /** How many things have happened. */
  get steps(): number {
    return this.#steps
  }

  /** Checksum of all notes. */
  get digest(): number {
    return this.#digest
  }

  /** The last notes, oldest first. */
  get notes(): readonly string[] {
    return this.#notes
  }

  /** Runs `action` after `ms`; the result cancels it. */
  after(ms: number, action: () => void): () => void {
    const due: Due = { at: this.#now + Math.max(0, ms), order: (this.#order += 1), action }
    this.#push(due)
    return () => (due.action = undefined)
  }

  /**
   * Lets time pass in which nothing happens: what was due meanwhile comes late, as on a machine that
   * had no time for it. Weeks would otherwise be millions of steps.
   */
  leap(ms: number): void {
    this.#now += ms
  }

  /** Writes down what happened. */
  note(text: string): void {
    const line = `${this.#now.toFixed(3)} ${text}`
    this.#digest = crc32(line, this.#digest)
    this.#notes.push(line)
    if (this.#notes.length > 2 * NOTES_KEPT) this.#notes = this.#notes.slice(-NOTES_KEPT)
    this.#trace?.(line)
  }

  /** Runs what comes next and all that follows from it; false when nothing is to come. */
  async step(): Promise<boolean> {
    for (let due = this.#pop(); due !== undefined; due = this.#pop()) {
      if (due.action === undefined) continue
      this.#now = Math.max(this.#now, due.at)
      this.#steps += 1
      due.action()
      await turn()
      return true
    }
    return false
  }

  /** Runs until `done` or until `ms` have passed; true if it was done. */
  async runUntil(done: () => boolean, ms: number): Promise<boolean> {
    const end = this.#now + ms
    while (!done()) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) {
        this.#now = Math.max(this.#now, end)
        return done()
      }
      await this.step()
    }
    return true
  }

  #push(due: Due): void {
    const heap = this.#heap
    let place = heap.push(due) - 1
    while (place > 0) {
      const parent = (place - 1) >>> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(due, above)) break
      heap[place] = above
      place = parent
    }
    heap[place] = due
  }

  #pop(): Due | undefined {
    const heap = this.#heap
    const top = heap[0]
    const moved = heap.pop()
    if (moved === undefined || heap.length === 0) return top
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      let below = heap[child]
      if (below === undefined) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, below)) {
        child += 1
        below = right
      }
      if (!isBefore(below, moved)) break
      heap[place] = below
      place = child
    }
    heap[place] = moved
    return top
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
