// A message of READINGS as rows, or why it can never become any: then it is a dead letter. Pure.
// Whatever goes wrong is this message's own: a bug that one pack brings out must not hold up others,
// and the dead letter has its bytes.

import { isHubleafError, messageOf } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { decodePack } from '../../wire/codec.ts'
import { isReservedType } from '../../wire/ids.ts'
import { parseRecord } from '../../wire/records.ts'
import { parseReadingsSubject } from '../../wire/subject.ts'
import type { Row } from '../storage/storage.ts'
import { canonical } from './canonical.ts'

/** Rows, or the code and sentence of a dead letter. */
export type Decoded =
  | { readonly ok: true; readonly rows: readonly Row[] }
  | { readonly ok: false; readonly code: ErrorCode; readonly reason: string }

/** Decodes one message. */
export function decodeMessage(subject: string, bytes: Uint8Array): Decoded {
  try {
    const { hub, type } = parseReadingsSubject(subject)
    const { epoch, readings, marks } = decodePack(bytes, type)
    // Every pack carries the mark of its own type: one without it came under a damaged subject.
    if (marks[type] === undefined) {
      return { ok: false, code: 'subject_malformed', reason: `the pack holds nothing of ${type}` }
    }
    if (isReservedType(type)) for (const { value } of readings) parseRecord(type, value)
    const rows = readings.map((reading) => ({
      ...reading,
      ...{ hub, epoch, type },
      ...canonical(type, reading),
    }))
    return { ok: true, rows }
  } catch (error) {
    const code = isHubleafError(error) ? error.code : 'internal'
    return { ok: false, code, reason: messageOf(error) }
  }
}
