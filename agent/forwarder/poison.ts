// Which refusals mean that this very message can never be stored, by the server's error codes: a closed
// list. All else, codes that nobody knows too, is passing trouble: a full stream (10077), another
// stream in its place (10060), a sealed or offline one (10109, 10118), a message id in process (10158),
// missing resources, rights or servers. A message given up wrongly is gone; one kept wrongly only waits.

import { HubleafError, isHubleafError } from '../../base/errors.ts'
import { numberAt, textAt } from '../../base/json.ts'

/** Why a reading that nobody takes is set aside. */
export type PoisonReason = 'too_large' | 'rejected'

/** Server error codes (errors.json of nats-server) that condemn the message itself. */
export const POISON_CODES: ReadonlyMap<number, PoisonReason> = new Map([
  // JSStreamMessageExceedsMaximumErr: over the stream's max_msg_size.
  [10054, 'too_large'],
  // JSStreamHeaderExceedsMaximumErr: headers over 64 kB.
  [10097, 'too_large'],
])

/** What is known of a refusal that is for ever. */
export interface Poison {
  readonly reason: PoisonReason
  /** The server's code; undefined when the client itself refused to send the message. */
  readonly serverCode: number | undefined
}

/** Why the message can never be stored, or undefined where trying again may help. */
export function poisonReason(serverCode: number): PoisonReason | undefined {
  return POISON_CODES.get(serverCode)
}

/** The error of a message that can never be stored: kind `input`, code `publish_poisoned`. */
export function publishPoisoned(message: string, poison: Poison): HubleafError {
  return new HubleafError('publish_poisoned', message, { cause: poison })
}

/** What a publisher's error says of the message, or undefined where it is passing trouble. */
export function poisonOf(error: unknown): Poison | undefined {
  if (!isHubleafError(error, 'publish_poisoned')) return undefined
  const reason = textAt(error.cause, 'reason') === 'too_large' ? 'too_large' : 'rejected'
  return { reason, serverCode: numberAt(error.cause, 'serverCode') }
}
