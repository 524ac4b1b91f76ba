// Judges whether an agent keeps to the pace that the cloud has asked for: counts what leaves in the
// backlog lane from the moment on when it must have obeyed.

import type { Outgoing } from '../../agent/forwarder/publisher.ts'
import { packIn } from './packs.ts'

/** A pace is obeyed within this, s; a whole pack may be sent for one token, and the rest is owed. */
const OBEY_WITHIN_S = 1
const PACK_READINGS = 256

/** One request of the cloud. */
export class PaceJudge {
  readonly #back: number
  readonly #since: number
  readonly #until: number
  #sent = 0

  /** `back` is readings per second; times are virtual ms. */
  constructor({ back, forMs }: { readonly back: number; readonly forMs: number }, now: number) {
    this.#back = back
    this.#since = now
    this.#until = now + forMs
  }

  /** A pack leaves; gives what is wrong with that, if anything is. */
  left(pack: Outgoing, now: number): string | undefined {
    const seconds = (now - this.#since) / 1000
    if (!pack.subject.includes('.back.') || seconds < OBEY_WITHIN_S || now > this.#until) return
    const decoded = packIn(pack)
    this.#sent += typeof decoded === 'string' ? 0 : decoded.readings.length
    const most = PACK_READINGS + this.#back * (seconds - OBEY_WITHIN_S + 1)
    if (this.#sent <= most) return
    return `${this.#sent} readings of the backlog in ${seconds} s, the pace is ${this.#back}`
  }
}
