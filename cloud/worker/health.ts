// What a worker says of itself to operators and to Prometheus.
// A worker without storage is alive and not ready: a restart would not help it.

import type { Health } from '../../base/ops-server.ts'
import type { Telemetry } from '../../base/telemetry.ts'
import type { Worker } from './worker.ts'

/** Registers the worker's metrics; they are read when they are scraped. */
export function workerMetrics(telemetry: Telemetry, worker: Worker): void {
  const rows = telemetry.gauge('hubleaf_worker_rows', 'Rows since the start', ['outcome'])
  telemetry.onScrape(() => {
    const { stored, repeated, conflicts, dead } = worker.status()
    for (const [outcome, count] of Object.entries({ stored, repeated, conflicts, dead })) {
      rows.set({ outcome }, count)
    }
  })
}

/** Ready while storage takes its rows. */
export function workerHealth(worker: Worker): Health {
  return {
    alive: () => true,
    checks: () => {
      const { trouble } = worker.status()
      return {
        storage: trouble === undefined ? { state: 'ok' } : { state: 'failed', reason: trouble },
      }
    },
    facts: () => ({ ...worker.status() }),
  }
}
