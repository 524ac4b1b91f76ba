// Looks into packs on their way. Each is decoded by the real codec, once; what cannot be decoded is
// remembered as such.

import { isHubleafError, messageOf } from '../../base/errors.ts'
import { decodePack } from '../../wire/codec.ts'
import type { Pack } from '../../wire/reading.ts'
import { parseReadingsSubject } from '../../wire/subject.ts'

/** A message with a pack in it. */
export interface Message {
  readonly subject: string
  readonly bytes: Uint8Array
}

const known = new WeakMap<Uint8Array, Pack | string>()

/** The pack in the message, or why there is none. */
export function packIn({ subject, bytes }: Message): Pack | string {
  const before = known.get(bytes)
  if (before !== undefined) return before
  const found = decode(subject, bytes)
  known.set(bytes, found)
  return found
}

function decode(subject: string, bytes: Uint8Array): Pack | string {
  try {
    return decodePack(bytes, parseReadingsSubject(subject).type)
  } catch (error) {
    if (!isHubleafError(error)) throw error
    return messageOf(error)
  }
}
