// Reads a request's body up to a limit. What is over the limit is read on and thrown away for a while:
// a client that is cut off in the middle of sending sees a broken connection and never the answer.

import { HubleafError } from '../../base/errors.ts'

/** Bounds of a body, bytes. */
export interface BodyLimits {
  /** The largest body that is taken. */
  readonly maxBytes: number
  /** How much more is read, to be thrown away, before the connection is given up. */
  readonly discardBytes: number
}

/** Room that bodies share while they arrive, bytes: so many senders together take no more. */
export interface BodyRoom {
  freeBytes: number
}

/**
 * The body as text. Throws `body_too_large`, `not_json` for bytes that are no UTF-8, or `journal_busy`
 * where other bodies have the room.
 */
export async function readBody(
  stream: AsyncIterable<unknown>,
  limits: BodyLimits,
  room: BodyRoom,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let [size, held, isCrowded] = [0, 0, false]
  const letGo = (): void => {
    chunks.length = 0
    room.freeBytes += held
    held = 0
  }
  try {
    for await (const chunk of stream) {
      if (!(chunk instanceof Uint8Array)) continue
      size += chunk.length
      isCrowded ||= chunk.length > room.freeBytes
      if (isCrowded || size > limits.maxBytes) letGo()
      else {
        chunks.push(chunk)
        held += chunk.length
        room.freeBytes -= chunk.length
      }
      if (size > limits.maxBytes + limits.discardBytes) break
    }
    if (size > limits.maxBytes) {
      throw new HubleafError('body_too_large', `the body is over ${limits.maxBytes} bytes`)
    }
    if (isCrowded) {
      throw new HubleafError('journal_busy', 'more is arriving than the agent keeps in memory')
    }
    return textOf(Buffer.concat(chunks))
  } finally {
    letGo()
  }
}

/** Bytes as text. Throws `not_json` where they are no UTF-8. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new HubleafError('not_json', 'the body is not UTF-8', { cause })
  }
}
