// The cloud's request to send readings again, after it has lost them: finds what the journal still has,
// puts it back into the queue and says what is missing. One request at a time; a second is told `busy`,
// and so is one that comes while too much of what was asked for is still on its way.

import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import { IntervalSet } from '../../base/interval-set.ts'
import type { Logger } from '../../base/log.ts'
import { parseResendRequest, RESEND_MAX_MISSING, RESEND_MAX_READINGS } from '../../wire/requests.ts'
import type { Refusal, ResendDone, ResendRequest } from '../../wire/requests.ts'
import type { IdRange, Journal } from '../journal/journal.ts'
import type { Forwarder } from './forwarder-status.ts'
import { countIds, rowsWithin } from './id-ranges.ts'

/** Readings that may be on their way again at once. */
const RESENDING_MAX_READINGS = 2 * RESEND_MAX_READINGS

/** Rows looked at in one step when it must be found out which are missing. */
const LOOK_ROWS = 1024

/** What answering needs. */
export interface ResendOptions {
  readonly journal: Pick<Journal, 'find' | 'inOrder' | 'read' | 'unsettle' | 'unsettled'>
  readonly forwarder: Pick<Forwarder, 'resend' | 'status'>
  readonly clock: Clock
  readonly log: Logger
}

/** Answers requests; the signal ends a search that is under way. */
export function resendAnswerer(
  options: ResendOptions,
): (bytes: Uint8Array, signal: AbortSignal) => Promise<ResendDone | Refusal> {
  let busy = false
  return async (bytes, signal) => {
    const parsed = parseResendRequest(bytes)
    if ('problem' in parsed) return refuse('malformed', parsed.problem)
    if (busy) return refuse('busy', 'another request is being done')
    const { resending } = options.forwarder.status()
    if (resending + RESEND_MAX_READINGS > RESENDING_MAX_READINGS) {
      return refuse('busy', `${resending} readings are still on their way again`)
    }
    busy = true
    try {
      return await resend(options, parsed.value, signal)
    } catch (error) {
      options.log.warn('resend_failed', { reason: messageOf(error) })
      return refuse('failed', messageOf(error))
    } finally {
      busy = false
    }
  }
}

function refuse(code: Refusal['code'], message: string): Refusal {
  return { ok: false, code, message }
}

async function resend(
  options: ResendOptions,
  request: ResendRequest,
  signal: AbortSignal,
): Promise<ResendDone> {
  const { journal, forwarder, log } = options
  const asked = await journal.find(request, signal)
  const found = countIds(asked)
  // After a salvage a reading may be there twice, and as many rows are not as many readings.
  const complete = journal.inOrder && found === request.last - request.first + 1
  const present = complete ? asked : await seqsOf(options, asked, signal)
  const absent = complete ? [] : rest(request, present)
  signal.throwIfAborted()
  // What is not settled waits already; a second time in the queue would send it twice.
  const settled = new IntervalSet(asked)
  for (const range of journal.unsettled()) settled.remove(range)
  journal.unsettle(settled.ranges)
  forwarder.resend(asked, settled.ranges)
  log.info('resend_asked', { ...request, found })
  const missing = absent.map(({ first, last }) => [first, last] as const)
  const more = missing.length > RESEND_MAX_MISSING
  return { ok: true, found, missing: missing.slice(0, RESEND_MAX_MISSING), more }
}

/** The seqs of rows, read in small steps so that nothing else waits for it. */
async function seqsOf(
  { journal, clock }: ResendOptions,
  ranges: readonly IdRange[],
  signal: AbortSignal,
): Promise<readonly IdRange[]> {
  const seqs = new IntervalSet()
  const left = new IntervalSet(ranges)
  for (let lowest = left.lowest; lowest !== undefined; lowest = left.lowest) {
    signal.throwIfAborted()
    const part = left.take({ first: lowest.first, last: lowest.first + LOOK_ROWS - 1 })
    const hull = { first: lowest.first, last: part.at(-1)?.last ?? lowest.last }
    const read = rowsWithin(journal.read(hull, LOOK_ROWS), part)
    // A row that is corrupt is not there: it will be set aside instead of arriving.
    const sound = read.flatMap((row) => ('corrupt' in row ? [] : [row.reading.seq]))
    seqs.addAll(sound.map((seq) => ({ first: seq, last: seq })))
    await clock.sleep(0, signal)
  }
  return seqs.ranges
}

function rest({ first, last }: ResendRequest, present: readonly IdRange[]): readonly IdRange[] {
  const absent = new IntervalSet([{ first, last }])
  for (const range of present) absent.remove(range)
  return absent.ranges
}
