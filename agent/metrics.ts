// The agent's metrics, and the sink that counts what sources hand over. Gauges are read when they are
// scraped; nothing is counted twice.

import type { Telemetry } from '../base/telemetry.ts'
import type { Journal } from './journal/journal.ts'
import type { Sink } from './source/source.ts'
import type { Uplink } from './uplink.ts'

/** Registers the metrics and gives the sink for the sources. */
export function agentMetrics(
  telemetry: Telemetry,
  journal: Journal,
  uplink: Uplink | undefined,
): Sink {
  const received = telemetry.counter(
    'hubleaf_received_events_total',
    'Readings accepted from sources, synced',
    ['source', 'type'],
  )
  const repeated = telemetry.counter(
    'hubleaf_duplicate_events_total',
    'Readings merged by their event id',
    ['source'],
  )
  const bytes = telemetry.gauge('hubleaf_buffer_size_bytes', 'Journal, database and log')
  const waiting = telemetry.gauge('hubleaf_buffer_size_events', 'Readings the cloud does not have')
  const acknowledged = telemetry.gauge('hubleaf_acked_events', 'Readings acknowledged since start')
  const up = telemetry.gauge('hubleaf_link_up', '1 while packs are acknowledged')
  telemetry.onScrape(() => {
    const forwarder = uplink?.status().forwarder
    bytes.set(journal.status().bytes)
    waiting.set(forwarder?.backlog ?? 0)
    acknowledged.set(forwarder?.acknowledgedReadings ?? 0)
    up.set(forwarder?.state === 'flowing' ? 1 : 0)
  })
  return {
    async accept(readings, urgency) {
      const accepted = await journal.append(readings, urgency)
      for (const [index, { source, type }] of readings.entries()) {
        if (accepted[index]?.kind === 'stored') received.inc({ source, type })
        else repeated.inc({ source })
      }
      return accepted
    },
  }
}
