// The message id for the broker's duplicate window. The window is shared by all hubs: with an id
// that another hub could guess, a junk pack would make this hub's pack look like a duplicate and
// vanish. So the id is a keyed hash whose secret is made with the epoch and never leaves the hub.

import { createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { TypeName } from './ids.ts'

/** Bytes of secret to make with each epoch. */
export const MESSAGE_ID_SECRET_BYTES = 32

/** What identifies a pack within its epoch. */
export interface PackIdentity {
  readonly type: TypeName
  readonly first: number
  readonly last: number
  /** CRC-32 of the pack's body, as its frame carries it. */
  readonly checksum: number
  /** Set when the cloud asked for the pack again: the broker must not know it. No spaces. */
  readonly resend?: string
}

/** A key made once costs each id a sixth of what its bytes would. */
const keys = new WeakMap<Uint8Array, KeyObject>()

function keyOf(secret: Uint8Array): KeyObject {
  const known = keys.get(secret)
  if (known !== undefined) return known
  const made = createSecretKey(secret)
  keys.set(secret, made)
  return made
}

/** HMAC-SHA-256 (RFC 2104) over the identity: 22 characters of base64url, 132 bits. */
export function messageId(secret: Uint8Array, pack: PackIdentity): string {
  const text = `${pack.type} ${pack.first} ${pack.last} ${pack.checksum}`
  const whole = pack.resend === undefined ? text : `${text} ${pack.resend}`
  return createHmac('sha256', keyOf(secret)).update(whole).digest('base64url').slice(0, 22)
}
