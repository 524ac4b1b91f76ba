// What the storage service says of itself to operators and to Prometheus. No hub, device or series
// is a label: their number has no bound.

import type { Health } from '../../base/ops-server.ts'
import type { Telemetry } from '../../base/telemetry.ts'
import type { StorageEngine } from './engine.ts'
import type { StorageService } from './service.ts'
import type { Commit } from './write-queue.ts'

const COMMIT_BUCKETS_SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3]

/** Registers the metrics that each commit feeds; the result is told of the commits. */
export function commitMetrics(telemetry: Telemetry): (commit: Commit) => void {
  const labels = ['outcome'] as const
  const rows = telemetry.counter(
    'hubleaf_storage_rows_total',
    'Rows by what became of them',
    labels,
  )
  const help = 'Time of one synced transaction'
  const seconds = telemetry.histogram(
    'hubleaf_storage_commit_seconds',
    help,
    COMMIT_BUCKETS_SECONDS,
  )
  return (commit) => {
    seconds.observe(commit.seconds)
    for (const { stored, repeated, conflicts } of commit.outcomes) {
      rows.inc({ outcome: 'stored' }, stored)
      rows.inc({ outcome: 'repeated' }, repeated)
      rows.inc({ outcome: 'conflict' }, conflicts.length)
    }
  }
}

/** Registers what is read when it is scraped. */
export function serviceMetrics(telemetry: Telemetry, service: StorageService): void {
  const waiting = telemetry.gauge('hubleaf_storage_waiting_requests', 'Writes waiting for the disk')
  const refused = telemetry.gauge('hubleaf_storage_refused_requests', 'Refused since the start')
  telemetry.onScrape(() => {
    const status = service.status()
    waiting.set(status.waiting)
    refused.set(status.refused)
  })
}

/** Alive while its threads are; ready while the database takes rows. */
export function storageHealth(service: StorageService, engine: StorageEngine): Health {
  return {
    alive: () => !engine.broken.aborted,
    checks: () => {
      const { trouble } = service.status()
      return {
        database: trouble === undefined ? { state: 'ok' } : { state: 'failed', reason: trouble },
      }
    },
    facts: () => ({ ...service.status() }),
  }
}
