// The facts about streams that agents and cloud must agree on. What creates and checks them is
// cloud/stream; what publishes to them is agent/forwarder.

import type { Lane, TypeName } from './ids.ts'

/** The stream of packs. A publish names it, and the answer must name it too. */
export const READINGS_STREAM = 'READINGS'

/** What READINGS stores. */
export const READINGS_SUBJECTS = ['readings.>']

/** The stream of messages that nobody could use, original bytes and reason. */
export const DEAD_STREAM = 'DEAD'

/** What DEAD stores. */
export const DEAD_SUBJECTS = ['dead.>']

/** How long the broker remembers message ids. The row key covers everything older. */
export const DUPLICATE_WINDOW_MS = 600_000

/** The durable consumer that all workers of one type and lane share. */
export function workerConsumer(type: TypeName, lane: Lane): string {
  return `worker-${type}-${lane}`
}

/** Headers on a dead letter. */
export const DEAD_HEADERS = {
  code: 'Hubleaf-Dead-Code',
  reason: 'Hubleaf-Dead-Reason',
  sequence: 'Hubleaf-Dead-Stream-Sequence',
  messageId: 'Hubleaf-Dead-Message-Id',
} as const
