// What the simulated house consists of and what can happen in it, and how ids are made. Shapes only:
// the house makes them, the cloud's ends give them out in the forms of the platform.

import type { Random } from '../../base/random.ts'
import type { AttributeValue, DeviceModel } from './models.ts'

/** Names one attribute of one device. */
export interface AttributePath {
  readonly deviceId: string
  readonly component: string
  readonly capability: string
  readonly attribute: string
}

/** One report of one attribute: what a status, an event and a history row tell of. */
export interface Change extends AttributePath {
  readonly locationId: string
  readonly eventId: string
  readonly value: AttributeValue
  readonly unit?: string
  readonly data?: { readonly [key: string]: unknown }
  /** Epoch ms; rises strictly within one attribute. */
  readonly at: number
  /** Tells rows of one millisecond apart in the history. */
  readonly hash: number
  /** False where the value is the one before. */
  readonly stateChange: boolean
}

/** What `/status` says of one attribute. */
export interface AttributeState {
  readonly value: AttributeValue
  readonly unit?: string
  readonly data?: { readonly [key: string]: unknown }
  /** Epoch ms of the last report; none for what never reported. */
  readonly timestamp?: number
}

/** Health of a device as the platform names it. */
export type DeviceHealth = 'ONLINE' | 'OFFLINE' | 'UNHEALTHY'

/** Something that happened in the house. */
export type Happening =
  | { readonly kind: 'change'; readonly change: Change }
  | {
      readonly kind: 'health'
      readonly eventId: string
      readonly at: number
      readonly device: Device
      readonly health: DeviceHealth
    }
  | {
      readonly kind: 'lifecycle'
      readonly eventId: string
      readonly at: number
      readonly device: Device
      readonly lifecycle: 'CREATE' | 'DELETE' | 'UPDATE'
      readonly oldLabel?: string
    }

/** A device; `states` are by `component/capability/attribute`. */
export interface Device {
  readonly deviceId: string
  readonly locationId: string
  readonly roomId: string
  readonly model: DeviceModel
  readonly createdAt: number
  label: string
  health: DeviceHealth
  healthAt: number
  readonly states: Map<string, AttributeState>
}

/** A location and its rooms. */
export interface Location {
  readonly locationId: string
  readonly name: string
  readonly rooms: readonly { readonly roomId: string; readonly name: string }[]
}

/** An id in the form that the platform uses; `kind` is its first group. */
export function idOf(kind: string, number: number): string {
  return `${kind.padEnd(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** A random id in the form of a version 4 UUID. */
export function uuidOf(random: Random): string {
  const hex = Array.from(random.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
  ]
  return [...groups, hex.slice(20)].join('-')
}

/** `component/capability/attribute`. */
export function pathOf(path: Omit<AttributePath, 'deviceId'>): string {
  return `${path.component}/${path.capability}/${path.attribute}`
}
