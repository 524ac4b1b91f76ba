// Plants around what is sent, and when: acknowledgements that nobody gave, lanes that change places,
// a gate that is open, clocks that are confused.

import { packIn } from './packs.ts'
import type { Planted } from './roles.ts'

/** How long the live lane waits for the backlog where that is planted, ms. */
const BEHIND_MS = 60_000

/** Plants by name. */
export const sendingPlants: { readonly [name: string]: Planted } = {
  'settles-on-send': {
    promise: 'P1',
    publisher: (publisher, { site }) => ({
      async publish(pack) {
        publisher.publish(pack).catch((error: unknown) => site.note(`planted: ${String(error)}`))
      },
    }),
  },
  'any-stream-counts': { promise: 'P1', anyStream: true },
  'sends-again-as-new': {
    promise: 'P2',
    publisher: (publisher, process) => ({
      async publish(pack) {
        try {
          await publisher.publish(pack)
        } catch (error) {
          const decoded = packIn(pack)
          if (typeof decoded === 'string' || decoded.type.startsWith('_')) throw error
          const { type } = decoded
          const again = decoded.readings.map(({ device, channel, value, source }) => {
            return { type, device, channel, value, source }
          })
          await process.journal?.append(again, 'waited')
        }
      },
    }),
  },
  'backlog-first': {
    promise: 'P4',
    publisher: (publisher, process) => ({
      async publish(pack) {
        const isLive = pack.subject.includes('.live.') && !pack.subject.endsWith('._heartbeat')
        for (let waited = 0; isLive && waited < BEHIND_MS; waited += 100) {
          if ((process.forwarder?.status().backlog ?? 0) === 0) break
          await process.clock.sleep(100)
        }
        await publisher.publish(pack)
      },
    }),
  },
  'backlog-out-of-order': {
    promise: 'P8',
    publisher: (publisher, process) => ({
      async publish(pack) {
        if (pack.subject.includes('.back.') && pack.bytes.length % 3 === 0) {
          await process.clock.sleep(2500)
        }
        await publisher.publish(pack)
      },
    }),
  },
  'gate-ignored': { promise: 'P7', gate: async () => undefined },
  'wall-clock-for-ages': {
    promise: 'P4',
    clock: (clock) => ({
      ...clock,
      monotonic: () => clock.now(),
      sinceBoot: () => clock.sinceBoot(),
    }),
  },
}
