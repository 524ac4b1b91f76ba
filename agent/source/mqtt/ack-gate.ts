// Holds the acknowledgements of one connection until their readings are synced, and lets them go in the
// order in which the messages came, as MQTT demands (4.6). When the connection is gone nothing is let
// go any more: what was held is the next connection's, should the broker deliver it again.

import type { Delivery, Verdict } from './deliveries.ts'

/** PUBACK's fixed header: packet type 4, no flags. */
const PUBACK = 0x40

/** MQTT 5's reason "quota exceeded". */
const QUOTA_EXCEEDED = 0x97

interface Held {
  readonly packetId: number
  readonly delivery: Delivery
}

/** The bytes of a PUBACK. A reason other than success exists in MQTT 5 only. */
export function pubackFrame(packetId: number, verdict: Verdict): Uint8Array {
  const high = packetId >> 8
  const low = packetId & 0xff
  if (verdict === 'kept') return Uint8Array.of(PUBACK, 2, high, low)
  return Uint8Array.of(PUBACK, 3, high, low, QUOTA_EXCEEDED)
}

/** The acknowledgements of one connection. */
export class AckGate {
  readonly #write: (bytes: Uint8Array) => void
  #held: Held[] = []
  #isClosed = false
  #isScheduled = false

  /** `write` puts bytes on the connection, whole. */
  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write
  }

  /** How many are held. */
  get size(): number {
    return this.#held.length
  }

  /** Holds the acknowledgement of a message until its delivery is settled. */
  hold(packetId: number, delivery: Delivery): void {
    this.#held.push({ packetId, delivery })
    delivery.onSettled(() => this.#schedule())
  }

  /** Nothing goes out any more; gives what was held. */
  close(): readonly Held[] {
    this.#isClosed = true
    const left = this.#held
    this.#held = []
    return left
  }

  /** One write for all that one commit settles. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  /** Lets go what is settled and has nothing unsettled before it. */
  flush(): void {
    if (this.#isClosed) return
    const frames: Uint8Array[] = []
    for (const { packetId, delivery } of this.#held) {
      if (delivery.verdict === undefined) break
      frames.push(pubackFrame(packetId, delivery.verdict))
    }
    if (frames.length === 0) return
    this.#held = this.#held.slice(frames.length)
    this.#write(Buffer.concat(frames))
  }
}
