// The names that a reading is known by: hub, epoch, sensor type, lane. Branded, so that only a
// checked text can stand where one is expected. All are single NATS subject tokens.

import { randomToken, type Random } from '../base/random.ts'

declare const brand: unique symbol

/** The enrolled hub's name: a subject token. */
export type HubId = string & { readonly [brand]: 'HubId' }

/** One opening of a journal: 16 characters of [a-z2-7], 80 bits of chance. */
export type EpochId = string & { readonly [brand]: 'EpochId' }

/** A sensor type, or a reserved record type that starts with an underscore. */
export type TypeName = string & { readonly [brand]: 'TypeName' }

/** Which way a pack travels: fresh readings, or what waited. */
export type Lane = 'live' | 'back'

/** Both lanes, live first. */
export const LANES: readonly Lane[] = ['live', 'back']

/** The record types that Hubleaf itself writes; they travel like readings. */
export const RESERVED_TYPES = ['_epoch', '_drop', '_device', '_clock', '_heartbeat'] as const

/** A reserved record type. */
export type ReservedType = (typeof RESERVED_TYPES)[number]

const HUB = /^[a-z0-9][a-z0-9_-]{0,31}$/
const EPOCH = /^[a-z2-7]{16}$/
const SENSOR_TYPE = /^[a-z][a-z0-9_]{0,31}$/

/** The hub id in `text`, or undefined if it is none ([a-z0-9][a-z0-9_-]{0,31}). */
export function parseHubId(text: string): HubId | undefined {
  return HUB.test(text) ? (text as HubId) : undefined
}

/** The epoch id in `text`, or undefined if it is none. */
export function parseEpochId(text: string): EpochId | undefined {
  return EPOCH.test(text) ? (text as EpochId) : undefined
}

/** A new epoch id. */
export function makeEpochId(random: Random): EpochId {
  return randomToken(random, 16) as EpochId
}

/** The sensor type in `text` ([a-z][a-z0-9_]{0,31}), or undefined; reserved types are none. */
export function parseSensorType(text: string): TypeName | undefined {
  return SENSOR_TYPE.test(text) ? (text as TypeName) : undefined
}

/** The type in `text`, sensor or reserved, or undefined if it is neither. */
export function parseTypeName(text: string): TypeName | undefined {
  return SENSOR_TYPE.test(text) || isReservedType(text) ? (text as TypeName) : undefined
}

/** True if `text` names a reserved record type. */
export function isReservedType(text: string): text is ReservedType & TypeName {
  return RESERVED_TYPES.some((reserved) => reserved === text)
}

/** The type name of a reserved record. */
export function reservedType(type: ReservedType): TypeName {
  return type as string as TypeName
}

/** The lane in `text`, or undefined if it is none. */
export function parseLane(text: string): Lane | undefined {
  return LANES.find((lane) => lane === text)
}
