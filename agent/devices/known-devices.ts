// What the hub knows of its devices: names, rooms and the like from the sources, kept in a file that a
// person may read. Changes travel as `_device` records through the journal, like readings. A device is
// known by its id and source: whatever it is called, its readings stay one series.

import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { openStateFile } from '../../base/state-file.ts'
import type { StateFile } from '../../base/state-file.ts'
import type { SourceReading } from '../../wire/reading.ts'
import { parseRecord } from '../../wire/records.ts'
import type { Journal } from '../journal/journal.ts'
import { deviceReading, deviceRecord } from './device-record.ts'
import type { DeviceRecord } from './device-record.ts'
import type { DeviceFacts, DeviceSink } from './device.ts'
import { watchShedding } from './shed-watch.ts'
import { silentDevices } from './silence.ts'
import type { SilentDevice } from './silence.ts'

/** What a registry needs. */
export interface DevicesOptions {
  /** The agent's data folder; the file in it is DEVICES_FILE. */
  readonly folder: string
  readonly journal: Pick<Journal, 'epoch' | 'append' | 'find' | 'read' | 'status'>
  readonly clock: Clock
  readonly log: Logger
}

/** The registry's name in its folder. */
export const DEVICES_FILE = 'devices.json'

/** Devices that one hub knows: several times what the largest houses have. */
export const DEVICES_MAX = 2000

/** Records in one commit. */
const BATCH_RECORDS = 100

/** What the journal did not take is tried again after this long, ms. */
const AGAIN_MS = 1000

/** Silent devices in the status; the rest is a number. */
const SILENT_MAX = 20

/** The registry as `/status` shows it. */
export interface DevicesStatus {
  readonly known: number
  /** Devices whose record waits for the journal. */
  readonly waiting: number
  /** Devices that were not taken because there are too many. */
  readonly refused: number
  readonly silent: number
  readonly longestSilent: readonly SilentDevice[]
}

/** A running registry. Disposal tries once more what waits. */
export interface Devices extends DeviceSink, AsyncDisposable {
  /** These readings have come: their devices are not silent. Kept in memory only. */
  seen(readings: readonly SourceReading[]): void
  status(): DevicesStatus
}

const record = z.unknown().transform((value, context): DeviceRecord => {
  try {
    return parseRecord('_device', value)
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) })
    return z.NEVER
  }
})

/** `epoch` is the last one in which the journal had all records of the file. */
const schema = z.strictObject({ epoch: z.string().nullable(), devices: z.array(record) })

type State = z.output<typeof schema>

interface Entry {
  record: DeviceRecord
  /** What the journal has; the cloud has it, too, or will. */
  told: DeviceRecord | undefined
  /** Monotonic ms. */
  seenAt: number
}

/** Opens the registry. Throws `state_file_unreadable` and `folder_unusable`. */
export async function openDevices(options: DevicesOptions): Promise<Devices> {
  const { folder, log } = options
  const empty: State = { epoch: null, devices: [] }
  const file = await openStateFile(join(folder, DEVICES_FILE), schema, empty)
  if (file.damage !== undefined) {
    log.warn('devices_file_damaged', { reason: file.damage.message })
  }
  return new Registry(options, file, isContinued(options, file.data.epoch))
}

/** Among so many newest rows is the record of the epoch; without it all is told again, which is harmless. */
const NEWEST_ROWS = 255

/**
 * True if the journal goes on where the file's last epoch ended. If not (a new journal, a salvaged one,
 * a restored card) records may be missing, and all are told again.
 */
function isContinued(options: DevicesOptions, last: string | null): boolean {
  const { journal } = options
  const { epoch } = journal
  if (last === epoch) return true
  const { head } = journal.status()
  // The epoch has just begun: to search all that waits would keep a start for half a minute.
  const newest = journal.read(
    { first: Math.max(1, head - NEWEST_ROWS), last: head },
    NEWEST_ROWS + 1,
  )
  const row = newest.find(
    (one) => !('corrupt' in one) && one.epoch === epoch && one.type === '_epoch',
  )
  if (row === undefined || 'corrupt' in row) return false
  const { reason, previous } = parseRecord('_epoch', row.reading.value)
  return reason === 'start' && previous !== null && previous.epoch === last
}

class Registry implements Devices {
  readonly #options: DevicesOptions
  readonly #file: StateFile<State>
  readonly #entries = new Map<string, Entry>()
  readonly #waiting = new Set<string>()
  readonly #stop = new AbortController()
  readonly #watching: Promise<void>
  #telling: Promise<void> | undefined
  #refused = 0
  #isFailing = false
  #isUnfiled = false

  constructor(options: DevicesOptions, file: StateFile<State>, isContinued: boolean) {
    this.#options = options
    this.#file = file
    const seenAt = options.clock.monotonic()
    for (const record of file.data.devices.slice(0, DEVICES_MAX)) {
      const told = isContinued ? record : undefined
      const key = keyOf(record)
      this.#entries.set(key, { record, told, seenAt })
      if (told === undefined) this.#waiting.add(key)
    }
    this.#telling = this.#tell()
    const { journal, clock } = options
    this.#watching = watchShedding(journal, clock, this.#stop.signal, () => this.#tellAll())
  }

  know(devices: readonly DeviceFacts[]): void {
    for (const facts of devices) this.#knowOne(facts)
    if (this.#waiting.size > 0) this.#telling ??= this.#tell()
  }

  seen(readings: readonly SourceReading[]): void {
    if (this.#entries.size === 0) return
    const now = this.#options.clock.monotonic()
    for (const reading of readings) {
      const entry = this.#entries.get(keyOf(reading))
      if (entry !== undefined) entry.seenAt = now
    }
  }

  status(): DevicesStatus {
    const now = this.#options.clock.monotonic()
    const silent = silentDevices(this.#entries.values(), now)
    return {
      ...{ known: this.#entries.size, waiting: this.#waiting.size, refused: this.#refused },
      ...{ silent: silent.length, longestSilent: silent.slice(0, SILENT_MAX) },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await Promise.all([this.#telling, this.#watching])
  }

  #tellAll(): void {
    for (const [key, entry] of this.#entries) {
      entry.told = undefined
      this.#waiting.add(key)
    }
    if (this.#waiting.size > 0) this.#telling ??= this.#tell()
  }

  #knowOne(facts: DeviceFacts): void {
    const key = keyOf(facts)
    const before = this.#entries.get(key)
    const record = this.#recordOf(facts, before?.record)
    if (record === undefined) return
    if (before === undefined) {
      if (this.#entries.size >= DEVICES_MAX && !this.#forgetRemoved()) {
        this.#refuse(facts)
        return
      }
      const seenAt = this.#options.clock.monotonic()
      this.#entries.set(key, { record, told: undefined, seenAt })
    } else before.record = record
    if (isDeepStrictEqual(record, before?.told)) this.#waiting.delete(key)
    else this.#waiting.add(key)
  }

  /** What a source says wrongly is the source's fault, and holds up nobody. */
  #recordOf(facts: DeviceFacts, before: DeviceRecord | undefined): DeviceRecord | undefined {
    try {
      return deviceRecord(facts, before)
    } catch (error) {
      this.#options.log.debug('device_malformed', { reason: messageOf(error) })
      return undefined
    }
  }

  #refuse({ source }: DeviceFacts): void {
    if (this.#refused === 0)
      this.#options.log.warn('devices_too_many', { source, max: DEVICES_MAX })
    this.#refused += 1
  }

  /** Makes room: devices that are gone, and told to be, need not be remembered. */
  #forgetRemoved(): boolean {
    for (const [key, { record, told }] of this.#entries) {
      if (record.removed !== true || told !== record) continue
      this.#entries.delete(key)
      return true
    }
    return false
  }

  /** Tells until nothing waits; at the end once more, and then no longer. */
  async #tell(): Promise<void> {
    // First the caller goes on: whoever says what it knows waits for nobody.
    await Promise.resolve()
    do {
      while (this.#waiting.size > 0 && !(await this.#tellSome())) {
        if (this.#stop.signal.aborted) return
        await this.#options.clock.sleep(AGAIN_MS, this.#stop.signal)
      }
      if (this.#waiting.size === 0) await this.#save()
    } while (this.#waiting.size > 0)
    // In the same turn as the last look, or what is said in between would find us running.
    this.#telling = undefined
  }

  async #tellSome(): Promise<boolean> {
    const { journal, log } = this.#options
    const some = [...this.#waiting].slice(0, BATCH_RECORDS).flatMap((key) => {
      const entry = this.#entries.get(key)
      return entry === undefined ? [] : [{ key, entry, record: entry.record }]
    })
    try {
      await journal.append(
        some.map(({ record }) => deviceReading(record)),
        'waited',
      )
    } catch (error) {
      if (!this.#isFailing) log.warn('devices_not_told', { reason: messageOf(error) })
      this.#isFailing = true
      return false
    }
    this.#isFailing = false
    for (const { key, entry, record } of some) {
      entry.told = record
      if (entry.record === record) this.#waiting.delete(key)
    }
    return true
  }

  /**
   * When nothing waits: the file says what the journal has, so that a crash at any moment has a record
   * told twice at worst, which changes nothing.
   */
  async #save(): Promise<void> {
    const { journal, log } = this.#options
    const devices = [...this.#entries.values()].map((entry) => entry.record)
    const { epoch } = journal
    if (isDeepStrictEqual(this.#file.data, { epoch, devices }) && !this.#isUnfiled) return
    try {
      await this.#file.update(() => ({ epoch, devices }))
      this.#isUnfiled = false
    } catch (error) {
      if (!this.#isUnfiled) log.warn('devices_not_filed', { reason: messageOf(error) })
      this.#isUnfiled = true
    }
  }
}

/** No id holds a line end, so the key is unambiguous. */
function keyOf(of: Pick<DeviceRecord, 'source' | 'site' | 'device'>): string {
  return `${of.source}\n${of.site ?? ''}\n${of.device}`
}
