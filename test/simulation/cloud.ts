// The simulated cloud: a stream that remembers message ids for its window, refuses when it is told
// to, and answers through a link that loses and delays; behind it whatever keeps the rows. What the
// stream has said "stored" about is stored.

import { HubleafError } from '../../base/errors.ts'
import { DUPLICATE_WINDOW_MS, READINGS_STREAM } from '../../wire/stream-facts.ts'
import type { Outgoing } from '../../agent/forwarder/publisher.ts'
import type { Link } from './link.ts'
import type { World } from './world.ts'

/** What becomes of one pack. */
export type Fate =
  'stored' | 'ack_lost' | 'ack_late' | 'ack_twice' | 'foreign' | 'full' | 'refused' | 'poison'

/** How long the agent's client waits for an answer, ms. */
const TIMEOUT_MS = 10_000

/** The server's codes. */
const CODES = { full: 10_077, refused: 10_008, poison: 10_054 } as const

/** What a publish ends with, as the agent's client sees it. */
export interface Answer {
  readonly stream: string
}

/** How the simulation hands the server's refusals to the agent. */
export type ToRefusal = (message: string, serverCode: number | undefined) => HubleafError

/** What the stream is told about the pack in hand. */
export interface CloudOptions {
  readonly world: World
  /** Keeps the rows of a pack; called once for each pack that the stream stores. */
  readonly store: (pack: Outgoing) => void
  /** What becomes of a pack that has arrived. */
  readonly fate: (pack: Outgoing) => Fate
  readonly toRefusal: ToRefusal
}

/** The stream of the cloud. */
export class SimCloud {
  readonly #options: CloudOptions
  readonly #seen = new Map<string, number>()

  constructor(options: CloudOptions) {
    this.#options = options
  }

  /**
   * Sends a pack over the link. `arrived` is told when the stream has taken or refused it, before
   * the answer leaves. Rejects like the agent's own client.
   */
  async publish(link: Link, pack: Outgoing, arrived: (stored: boolean) => void): Promise<Answer> {
    const { world, toRefusal } = this.#options
    const answer = Promise.withResolvers<Answer>()
    if (!link.up) {
      world.after(5, () => answer.reject(toRefusal('the cloud cannot be reached', undefined)))
      return answer.promise
    }
    const cancel = world.after(TIMEOUT_MS, () => answer.reject(toRefusal('timeout', undefined)))
    const end = (afterMs: number, action: () => void): void =>
      link.answer(afterMs, () => {
        cancel()
        action()
      })
    link.carry(pack.bytes.length + pack.subject.length + 60, () => {
      const fate = this.#options.fate(pack)
      world.note(`stream ${fate} ${pack.subject} ${pack.messageId} ${pack.bytes.length}`)
      const refused = fate === 'full' || fate === 'refused' || fate === 'poison'
      if (!refused && fate !== 'foreign') this.#take(pack)
      arrived(!refused && fate !== 'foreign')
      if (refused) {
        const code = CODES[fate]
        end(0, () => answer.reject(toRefusal(`the stream says ${fate}`, code)))
      } else if (fate === 'foreign') end(0, () => answer.resolve({ stream: 'OTHER' }))
      else if (fate !== 'ack_lost') {
        const accept = (): void => answer.resolve({ stream: READINGS_STREAM })
        end(fate === 'ack_late' ? 8000 : 0, accept)
        if (fate === 'ack_twice') end(40, accept)
      }
    })
    return answer.promise
  }

  #take(pack: Outgoing): void {
    const { world, store } = this.#options
    const seenAt = this.#seen.get(pack.messageId)
    if (seenAt !== undefined && world.now - seenAt < DUPLICATE_WINDOW_MS) return
    this.#seen.set(pack.messageId, world.now)
    store(pack)
  }
}
