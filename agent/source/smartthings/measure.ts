// The metrics of the SmartThings source, read from its status when they are scraped.
// No device is a label: their number has no bound.

import type { Clock } from '../../../base/clock.ts'
import type { Telemetry } from '../../../base/telemetry.ts'
import type { SmartThingsFacts } from './state.ts'

const STATES = ['ok', 'degraded', 'needs_login', 'unknown'] as const
const WINDOWS = ['hour', 'day', 'month'] as const

/** Registers them. */
export function measure(telemetry: Telemetry, clock: Clock, facts: () => SmartThingsFacts): void {
  const state = telemetry.gauge('hubleaf_smartthings_state', '1 for the present state', ['state'])
  const used = telemetry.gauge('hubleaf_smartthings_calls', 'Calls used in the window', ['window'])
  const limit = telemetry.gauge('hubleaf_smartthings_calls_limit', 'Calls allowed', ['window'])
  const age = telemetry.gauge(
    'hubleaf_smartthings_snapshot_age_seconds',
    'Since the last whole look at all devices; NaN: none yet',
  )
  const open = telemetry.gauge(
    'hubleaf_smartthings_stream_open',
    '1 while the event stream is open',
  )
  const devices = telemetry.gauge('hubleaf_smartthings_devices', 'Devices seen')
  const stale = telemetry.gauge('hubleaf_smartthings_devices_stale', 'Devices that report nothing')
  const gaps = telemetry.gauge('hubleaf_smartthings_gaps', 'Gaps whose history is not read yet')
  const counts = telemetry.gauge(
    'hubleaf_smartthings_seen',
    'Since start, by what: news by their way in, reports that are none by reason, events by kind',
    ['what'],
  )
  telemetry.onScrape(() => {
    const now = facts()
    for (const name of STATES) state.set({ state: name }, now.state === name ? 1 : 0)
    for (const window of WINDOWS) {
      used.set({ window }, now.budget[window].used)
      limit.set({ window }, now.budget[window].limit ?? Infinity)
    }
    const { lastSnapshotMs } = now
    age.set(lastSnapshotMs === null ? Number.NaN : (clock.now() - lastSnapshotMs) / 1000)
    open.set(now.stream.state === 'open' ? 1 : 0)
    devices.set(now.devices)
    stale.set(now.staleDevices.length)
    gaps.set(now.gaps.length)
    for (const [what, count] of Object.entries(now.counts)) counts.set({ what }, count)
  })
}
