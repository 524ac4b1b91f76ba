// The agent's metrics, and the sink that counts what sources hand over. Gauges are read when they are
// scraped; nothing is counted twice.

import { isHubleafError } from '../base/errors.ts'
import type { Telemetry } from '../base/telemetry.ts'
import type { Journal } from './journal/journal.ts'
import type { Sink, Source } from './source/source.ts'
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
  const refused = telemetry.counter(
    'hubleaf_refused_events_total',
    'Readings that the journal did not take; whoever pushed them was told',
    ['source', 'code'],
  )
  showGauges(telemetry, journal, uplink)
  return {
    async accept(readings, urgency) {
      const accepted = await journal.append(readings, urgency).catch((error: unknown) => {
        const code = isHubleafError(error) ? error.code : 'internal'
        for (const { source } of readings) refused.inc({ source, code })
        throw error
      })
      for (const [index, { source, type }] of readings.entries()) {
        if (accepted[index]?.kind === 'stored') received.inc({ source, type })
        else repeated.inc({ source })
      }
      return accepted
    },
  }
}

function showGauges(telemetry: Telemetry, journal: Journal, uplink: Uplink | undefined): void {
  const bytes = telemetry.gauge('hubleaf_buffer_size_bytes', 'Journal, database and log')
  const waiting = telemetry.gauge('hubleaf_buffer_size_events', 'Readings the cloud does not have')
  const acknowledged = telemetry.gauge('hubleaf_acked_events', 'Readings acknowledged since start')
  const quota = telemetry.gauge('hubleaf_buffer_quota_bytes', 'What the journal may take')
  const dropped = telemetry.gauge(
    'hubleaf_dropped_events',
    'Readings given up since start, each under a drop record',
    ['reason'],
  )
  const full = telemetry.gauge('hubleaf_buffer_full', '1 while readings are shed or refused')
  const salvaging = telemetry.gauge('hubleaf_buffer_salvaging', 'Damaged files being read')
  const eta = telemetry.gauge(
    'hubleaf_backlog_eta_seconds',
    'Until the backlog is sent; NaN: unknown',
  )
  const up = telemetry.gauge('hubleaf_link_up', '1 while packs are acknowledged')
  telemetry.onScrape(() => {
    const forwarder = uplink?.status().forwarder
    const held = journal.status()
    bytes.set(held.bytes)
    quota.set(held.quotaBytes)
    full.set(held.fullness === 'room' ? 0 : 1)
    salvaging.set(held.salvaging)
    for (const [reason, count] of Object.entries(held.dropped)) dropped.set({ reason }, count)
    eta.set(forwarder?.etaMs === undefined ? Number.NaN : forwarder.etaMs / 1000)
    waiting.set(forwarder?.backlog ?? 0)
    acknowledged.set(forwarder?.acknowledgedReadings ?? 0)
    up.set(forwarder?.state === 'flowing' ? 1 : 0)
  })
}

/** Registers what the sources say of themselves. */
export function showSources(telemetry: Telemetry, sources: readonly Source[]): void {
  const up = telemetry.gauge('hubleaf_source_up', '1 while the source is connected', ['source'])
  const last = telemetry.gauge(
    'hubleaf_source_last_event_timestamp_seconds',
    'When the source last heard something',
    ['source'],
  )
  const messages = telemetry.gauge(
    'hubleaf_source_messages',
    'Messages since the start, by what became of them',
    ['source', 'outcome'],
  )
  const refused = telemetry.gauge(
    'hubleaf_source_refused',
    'What was refused of messages since the start, by code',
    ['source', 'code'],
  )
  for (const source of sources) source.measure?.(telemetry)
  telemetry.onScrape(() => {
    for (const one of sources) {
      const now = one.status?.()
      const source = one.name
      if (now === undefined) continue
      up.set({ source }, now.isUp ? 1 : 0)
      if (now.lastMessageAt !== undefined) last.set({ source }, now.lastMessageAt / 1000)
      for (const [outcome, n] of Object.entries(now.messages)) messages.set({ source, outcome }, n)
      for (const [code, n] of Object.entries(now.refused)) refused.set({ source, code }, n)
    }
  })
}
