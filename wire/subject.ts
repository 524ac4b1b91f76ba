// Subjects: `readings.<hub>.<lane>.<type>` and what stands beside it. Hub, lane and type are named
// here only, never again in the pack's body, so that a permission on the subject is a permission
// on what it says.

import { HubleafError } from '../base/errors.ts'
import { parseHubId, parseLane, parseTypeName } from './ids.ts'
import type { HubId, Lane, TypeName } from './ids.ts'

/** What a reading's subject says. */
export interface Address {
  readonly hub: HubId
  readonly lane: Lane
  readonly type: TypeName
}

/** `readings.<hub>.<lane>.<type>`. */
export function readingsSubject(address: Address): string {
  return `readings.${address.hub}.${address.lane}.${address.type}`
}

/** The parts of a readings subject. Throws `subject_malformed`. */
export function parseReadingsSubject(subject: string): Address {
  const [root, hubText = '', laneText = '', typeText = '', ...rest] = subject.split('.')
  const hub = parseHubId(hubText)
  const lane = parseLane(laneText)
  const type = parseTypeName(typeText)
  if (root !== 'readings' || rest.length > 0 || !hub || !lane || !type) {
    throw new HubleafError('subject_malformed', `"${subject}" is not readings.<hub>.<lane>.<type>`)
  }
  return { hub, lane, type }
}

/** What a consumer of one type and lane filters by. */
export function typeFilter(type: TypeName, lane: Lane): string {
  return `readings.*.${lane}.${type}`
}

/** All that a hub may publish readings on: its leaf needs `>` at the end, not `*`. */
export function hubReadings(hub: HubId): string {
  return `readings.${hub}.>`
}

/** Requests that the cloud sends to a hub, by verb (`resend`, `rate`, …). */
export function hubRequest(hub: HubId, verb: string): string {
  return `hub.${hub}.rpc.${verb}`
}

/** Where a hub may answer the cloud's requests. */
export function hubReply(hub: HubId, token: string): string {
  return `hub.${hub}.reply.${token}`
}

/** Where the original bytes of a message go that nobody can use. */
export function deadSubject(address: Address): string {
  return `dead.${address.hub}.${address.lane}.${address.type}`
}
