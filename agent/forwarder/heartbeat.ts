// A heartbeat each 30 s: what the agent holds per type, so that the cloud knows N even when nothing
// new is read. It is not journaled: a lost one is replaced by the next, and in an outage of weeks
// thousands of stale ones would help nobody.

import { encodePack } from '../../wire/codec.ts'
import { reservedType } from '../../wire/ids.ts'
import type { HubId } from '../../wire/ids.ts'
import type { Mark, Reading } from '../../wire/reading.ts'
import { messageId } from '../../wire/message-id.ts'
import type { RecordOf } from '../../wire/records.ts'
import { readingsSubject } from '../../wire/subject.ts'
import type { Journal } from '../journal/journal.ts'
import type { Outgoing } from './publisher.ts'
import type { TypeMarks } from './type-marks.ts'

/** How often, ms. */
export const HEARTBEAT_MS = 30_000

/** How often until the cloud has acknowledged one, ms. */
export const HEARTBEAT_SOON_MS = 1000

/** What a heartbeat says. */
export interface HeartbeatInput {
  readonly hub: HubId
  readonly journal: Journal
  readonly marks: TypeMarks
  /** 1, 2, 3 … within the epoch. */
  readonly seq: number
  readonly agent: string
  readonly upMs: number
  readonly times: Pick<Reading, 'receivedAt' | 'monoMs' | 'boot' | 'timeQuality'>
}

/** The message of a heartbeat. */
export function makeHeartbeat(input: HeartbeatInput): Outgoing {
  const { hub, journal, marks, seq, agent, upMs, times } = input
  const { epoch } = journal
  const type = reservedType('_heartbeat')
  const held = [...journal.heads()].map(([name, durable]): [string, Mark] => [
    name,
    [durable, marks.oldestUnsettled(epoch, name)],
  ])
  const value: RecordOf<'_heartbeat'> = {
    marks: { [epoch]: Object.fromEntries(held.map(([name, mark]) => [name, [...mark]])) },
    agent,
    upMs,
  }
  const named = { seq, device: 'agent', channel: 'main', source: 'agent', value }
  const readings = [{ ...named, ...times, observedAt: times.receivedAt }]
  const { bytes, checksum } = encodePack({ epoch, type, readings, marks: { [type]: [seq, seq] } })
  const identity = { type, first: seq, last: seq, checksum }
  const subject = readingsSubject({ hub, lane: 'live', type })
  return { subject, bytes, messageId: messageId(journal.secretOf(epoch), identity) }
}
