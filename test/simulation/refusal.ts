// The stream's refusals as the agent's own publisher throws them: poison by the closed list of codes,
// all else passing.

import { HubleafError } from '../../base/errors.ts'
import { poisonReason, publishPoisoned } from '../../agent/forwarder/poison.ts'

/** The error that the real publisher makes of a server's code. */
export function toRefusal(message: string, serverCode: number | undefined): HubleafError {
  const reason = serverCode === undefined ? undefined : poisonReason(serverCode)
  if (reason !== undefined) return publishPoisoned(message, { reason, serverCode })
  return new HubleafError('publish_refused', message)
}
