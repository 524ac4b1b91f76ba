// The heartbeats of a simulated agent, as its uplink sends them: soon until one is heard, then each
// half minute. Without a link none is made, or weeks without one would be all heartbeats.

import type { ClockKeeper, KeptClock } from '../../agent/clock/clock-keeper.ts'
import { HEARTBEAT_MS, HEARTBEAT_SOON_MS, makeHeartbeat } from '../../agent/forwarder/heartbeat.ts'
import type { Publisher } from '../../agent/forwarder/publisher.ts'
import type { Journal } from '../../agent/journal/journal.ts'
import type { AgentRole } from './roles.ts'

/** Whose heart beats, and what it needs. */
export interface Heart {
  readonly process: AgentRole
  readonly journal: Journal
  readonly publisher: Publisher
  readonly keeper: ClockKeeper
  readonly kept: KeptClock
}

/** Beats until the process ends; `seq` is the beat's number. */
export function beat(heart: Heart, seq = 1): void {
  const { process, journal, publisher, keeper, kept } = heart
  const { site, clock, forwarder } = process
  if (!process.accepting || forwarder === undefined) return
  const next = (ms: number): void => {
    clock.after(ms, () => beat(heart, seq + 1))
  }
  if (!site.link.up) {
    next(HEARTBEAT_SOON_MS)
    return
  }
  const stamp = { receivedAt: keeper.clock.now(), monoMs: clock.sinceBoot() }
  const times = { ...stamp, boot: site.machine.boot, timeQuality: keeper.quality() }
  const named = { hub: site.hub, journal, marks: forwarder.marks(), agent: 'sim' }
  publisher.publish(makeHeartbeat({ ...named, seq, upMs: 0, times })).then(
    () => {
      kept.linkIsUp()
      next(HEARTBEAT_MS)
    },
    () => next(HEARTBEAT_SOON_MS),
  )
}
