// What a broker has delivered and we have not acknowledged, across the connections of one session. A
// broker that delivers such a message again (same packet id, marked as a repeat, same content) gets the
// acknowledgement of the first delivery: nothing is stored twice, as long as this process lives.

import { createHash } from 'node:crypto'

/** How a message is answered: with success, or (MQTT 5) that there is no room for it. */
export type Verdict = 'kept' | 'no_room'

/** One message that waits for its verdict. */
export class Delivery {
  readonly digest: string
  #verdict: Verdict | undefined
  #listeners: (() => void)[] = []

  constructor(digest: string) {
    this.digest = digest
  }

  /** What became of it; undefined until its readings are synced or refused. */
  get verdict(): Verdict | undefined {
    return this.#verdict
  }

  /** Settles it; only the first time counts. */
  settle(verdict: Verdict): void {
    if (this.#verdict !== undefined) return
    this.#verdict = verdict
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) listener()
  }

  /** Calls the listener when it is settled; at once if it is. */
  onSettled(listener: () => void): void {
    if (this.#verdict === undefined) this.#listeners.push(listener)
    else listener()
  }
}

/** The unacknowledged deliveries of one session. */
export class Deliveries {
  readonly #left = new Map<number, Delivery>()

  /** Keeps what a connection has left unacknowledged. */
  keep(left: readonly { readonly packetId: number; readonly delivery: Delivery }[]): void {
    for (const { packetId, delivery } of left) this.#left.set(packetId, delivery)
  }

  /** The broker remembers nothing of us: it will not repeat what it has delivered. */
  forget(): void {
    this.#left.clear()
  }

  /**
   * The delivery of a message: the one that it repeats, or a new one. A packet id that comes with
   * another content, or not as a repeat, is in use again.
   */
  take(
    packetId: number,
    isRepeat: boolean,
    digest: string,
  ): { delivery: Delivery; isNew: boolean } {
    const known = this.#left.get(packetId)
    this.#left.delete(packetId)
    if (isRepeat && known?.digest === digest) return { delivery: known, isNew: false }
    return { delivery: new Delivery(digest), isNew: true }
  }
}

/** Tells one message from another. */
export function digestOf(topic: string, payload: Uint8Array): string {
  return createHash('sha256').update(topic).update('\0').update(payload).digest('base64')
}
