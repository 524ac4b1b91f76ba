// What a source says of a device, as the record that travels: names as vendors and people gave them,
// made fit to be shown and bounded. Pure.

import { HubleafError } from '../../base/errors.ts'
import { reservedType } from '../../wire/ids.ts'
import { VALUE_MAX_JSON_BYTES } from '../../wire/limits.ts'
import type { SourceReading } from '../../wire/reading.ts'
import { parseRecord } from '../../wire/records.ts'
import type { RecordOf } from '../../wire/records.ts'
import { checkValue } from '../../wire/value.ts'
import type { DeviceChannel, DeviceFacts } from './device.ts'

/** The record of a device. */
export type DeviceRecord = RecordOf<'_device'>

/** As in the record's shape. */
const TEXT_MAX_CHARS = 200
const CHANNELS_MAX = 256

/**
 * The record of what is known now. A device that is gone keeps what was known of it: its readings are
 * still shown under its name. Throws `record_malformed` where the ids are none.
 */
export function deviceRecord(facts: DeviceFacts, before: DeviceRecord | undefined): DeviceRecord {
  const { source, device, site, name, room, manufacturer, model, channels } = facts
  if (facts.removed === true && before !== undefined) return { ...before, removed: true }
  const interval = facts.expectedIntervalMs
  const record = {
    ...{ device, source, ...(site === undefined ? {} : { site }) },
    ...{ ...text('name', name), ...text('room', room) },
    ...{ ...text('manufacturer', manufacturer), ...text('model', model) },
    ...(channels === undefined ? {} : { channels: inOrder(channels) }),
    ...(isCount(interval) ? { expectedIntervalMs: interval } : {}),
    ...(facts.removed === true ? { removed: true } : {}),
  }
  return parseRecord('_device', fitted(record))
}

/** The record as the journal takes it: the device's own, told apart by source. */
export function deviceReading(record: DeviceRecord): SourceReading {
  const { device, source, site } = record
  const checked = checkValue(record)
  if (!('value' in checked)) {
    throw new HubleafError('record_malformed', `a _device record is ${checked.problem}`)
  }
  const named = { type: reservedType('_device'), device, channel: source }
  return {
    ...named,
    value: checked.value,
    source: 'agent',
    ...(site === undefined ? {} : { site }),
  }
}

function isCount(value: number | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

/** A field of text that can be shown on one line; nothing where there is none. */
function text(field: string, given: string | undefined): { readonly [field: string]: string } {
  const line = given?.replace(/\p{Cc}+/gu, ' ').trim()
  const short = line?.slice(0, TEXT_MAX_CHARS).trim().toWellFormed() ?? ''
  return short === '' ? {} : { [field]: short }
}

/** Each channel once, in an order that the source's own does not change. */
function inOrder(channels: readonly DeviceChannel[]): readonly DeviceChannel[] {
  const byName = new Map(channels.map((one) => [`${one.type} ${one.channel}`, one]))
  const names = [...byName.keys()].sort().slice(0, CHANNELS_MAX)
  return names.flatMap((name) => {
    const one = byName.get(name)
    return one === undefined ? [] : [{ type: one.type, channel: one.channel }]
  })
}

/** With as many channels as a reading's value has room for. */
function fitted<R extends { readonly channels?: readonly DeviceChannel[] }>(record: R): R {
  let { channels = [] } = record
  if (channels.length === 0) return record
  let fits = record
  while (Buffer.byteLength(JSON.stringify(fits)) > VALUE_MAX_JSON_BYTES) {
    channels = channels.slice(0, Math.floor(channels.length / 2))
    fits = { ...record, channels }
  }
  return fits
}
