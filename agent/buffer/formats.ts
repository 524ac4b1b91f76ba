// A reading as a line: NDJSON, which has every value as it is, CSV after RFC 4180, or a line of a
// table for a person. Pure.

import type { HubId } from '../../wire/ids.ts'
import type { Json } from '../../wire/reading.ts'
import type { JournalRow } from '../journal/journal.ts'
import type { RowState } from './filter.ts'
import { cutText, safeText, timeText } from './text.ts'

/** A checked row and what is known around it. */
export interface ListedRow {
  readonly hub: HubId | undefined
  readonly state: RowState
  /** Why it was set aside. */
  readonly reason: string | undefined
  readonly row: JournalRow
}

/** One JSON object in one line: the key, then the reading. The hub is null where nobody knows it. */
export function ndjsonLine({ hub, state, reason, row }: ListedRow): string {
  const { seq, boot, monoMs, timeQuality, observedAt, receivedAt, ...said } = row.reading
  const received = timeText(receivedAt)
  const observed = observedAt === receivedAt ? received : timeText(observedAt)
  const times = { observedAt: observed, receivedAt: received }
  const key = { hub: hub ?? null, epoch: row.epoch, type: row.type, seq }
  const why = reason === undefined ? {} : { reason }
  const whole = { ...key, ...said, ...times, timeQuality, boot, monoMs, state, ...why }
  return `${JSON.stringify(whole)}\n`
}

/** The columns of the CSV; new ones are added at the end only. */
export const CSV_COLUMNS = [
  ...['hub', 'epoch', 'type', 'seq', 'device', 'channel', 'value', 'unit'],
  ...['observed_at', 'received_at', 'time_quality', 'boot', 'mono_ms', 'source', 'site', 'state'],
]

/** The header row. */
export const CSV_HEADER = `${CSV_COLUMNS.join(',')}\r\n`

/** One row of the CSV. */
export function csvLine({ hub, state, row }: ListedRow): string {
  const { reading } = row
  const cells = [
    ...[textCell(hub ?? ''), row.epoch, row.type, String(reading.seq)],
    ...[textCell(reading.device), textCell(reading.channel), valueCell(reading.value)],
    ...[textCell(reading.unit ?? ''), timeText(reading.observedAt), timeText(reading.receivedAt)],
    ...[reading.timeQuality, textCell(reading.boot), String(reading.monoMs)],
    ...[textCell(reading.source), textCell(reading.site ?? ''), state],
  ]
  return `${cells.join(',')}\r\n`
}

function valueCell(value: Json): string {
  if (typeof value === 'string') return textCell(value)
  return quoted(JSON.stringify(value))
}

// A spreadsheet takes such a text for a formula. The apostrophe is itself among them, so that
// removing one from the front always gives the text back.
const FORMULA = /^[=+\-@'\t\r\n]/

function textCell(text: string): string {
  return quoted(FORMULA.test(text) ? `'${text}` : text)
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** The columns of the table. */
export const TABLE_COLUMNS = ['RECEIVED', 'STATE', 'TYPE', 'SEQ', 'DEVICE', 'CHANNEL', 'VALUE']

const VALUE_WIDTH = 48

/** The cells of a line of the table. */
export function tableCells({ state, row }: ListedRow): readonly string[] {
  const { reading } = row
  const value = typeof reading.value === 'string' ? reading.value : JSON.stringify(reading.value)
  const unit = reading.unit === undefined ? '' : ` ${reading.unit}`
  return [
    ...[timeText(reading.receivedAt), state, row.type, String(reading.seq)],
    ...[safeText(reading.device), safeText(reading.channel)],
    cutText(safeText(`${value}${unit}`), VALUE_WIDTH),
  ]
}
