// The simulated house behind the SmartThings cloud: devices whose attributes change as time goes by.
// The same seed, size and start give the same changes, however often `advance` is called on the way.
// It knows nothing of HTTP: what happens is told to listeners, in the order of its time.

import { randomInt, seededRandom } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { idOf, pathOf, uuidOf } from './happenings.ts'
import type {
  AttributePath,
  Change,
  Device,
  DeviceHealth,
  Happening,
  Location,
} from './happenings.ts'
import type { AttributeModel, AttributeValue, DeviceModel } from './models.ts'
import { MODELS } from './catalogue.ts'

/** How a house is made. */
export interface HouseOptions {
  readonly seed: number
  /** Epoch ms at which the house is there; reports begin `pastMs` before. */
  readonly startMs: number
  readonly pastMs: number
  readonly locations: number
  /** Devices of each location, the hub included. */
  readonly devices: number
  /** All intervals between reports are multiplied by this. */
  readonly slowness: number
}

interface Reporter {
  readonly device: Device
  readonly model: AttributeModel
  /** Draws values; the times have their own, so that values do not depend on how far time goes at once. */
  readonly random: Random
  readonly times: Random
  readonly order: number
  nextAt: number
}

/** A new device gives its first reports within this time. */
const FIRST_WITHIN_MS = 5000

const ROOMS = ['Hall', 'Living Room', 'Bedroom', 'Kitchen', 'Basement', 'Garden']

/** The house. */
export class House {
  readonly locations: readonly Location[]
  readonly #devices = new Map<string, Device>()
  readonly #reporters = new Set<Reporter>()
  readonly #listeners = new Set<(happening: Happening) => void>()
  readonly #random: Random
  readonly #slowness: number
  #made = 0
  #now: number

  constructor(options: HouseOptions) {
    this.#random = seededRandom(options.seed)
    this.#slowness = options.slowness
    this.#now = options.startMs - options.pastMs
    this.locations = Array.from({ length: options.locations }, (_, index) => ({
      locationId: idOf('10c', index + 1),
      name: index === 0 ? 'Example Home' : `Example Home ${index + 1}`,
      rooms: ROOMS.map((name, room) => ({ roomId: idOf('400a', 16 * index + room + 1), name })),
    }))
    const [hub, ...rest] = MODELS
    for (const { locationId } of this.locations) {
      this.addDevice(locationId, hub)
      for (let index = 0; index < options.devices - 1; index++) {
        const model = rest[index % rest.length]
        if (model !== undefined) this.addDevice(locationId, model)
      }
    }
  }

  /** All devices, in the order in which they came. */
  get devices(): readonly Device[] {
    return [...this.#devices.values()]
  }

  /** The device with this id. */
  device(deviceId: string): Device | undefined {
    return this.#devices.get(deviceId)
  }

  /** How far the house has come, epoch ms. */
  get now(): number {
    return this.#now
  }

  /** Tells of all that happens from now on; the result ends that. */
  listen(listener: (happening: Happening) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Lets time go by up to `until`, epoch ms. */
  advance(until: number): void {
    if (until <= this.#now) return
    const due: { readonly at: number; readonly reporter: Reporter }[] = []
    for (const reporter of this.#reporters) {
      while (reporter.nextAt <= until) {
        due.push({ at: reporter.nextAt, reporter })
        reporter.nextAt += this.#gap(reporter)
      }
    }
    due.sort((one, other) => one.at - other.at || one.reporter.order - other.reporter.order)
    for (const { at, reporter } of due) this.#report(reporter, at)
    this.#now = until
  }

  /** Reports a value by hand, now. Undefined if there is no such device. */
  set(path: AttributePath, value: AttributeValue, unit?: string): Change | undefined {
    const device = this.#devices.get(path.deviceId)
    if (device === undefined) return undefined
    const state = device.states.get(pathOf(path))
    const next = unit ?? state?.unit
    return this.#change(device, { ...path, ...(next === undefined ? {} : { unit: next }) }, value, {
      at: this.#now,
      random: this.#random,
    })
  }

  /** Health as the platform sees it; an offline device reports nothing. */
  setHealth(deviceId: string, health: DeviceHealth): void {
    const device = this.#devices.get(deviceId)
    if (device === undefined || device.health === health) return
    device.health = health
    device.healthAt = this.#now
    const eventId = uuidOf(this.#random)
    this.#tell({ kind: 'health', eventId, at: this.#now, device, health })
  }

  /** Adds a device of a model, named after it. */
  addDevice(locationId: string, model: DeviceModel): Device {
    this.#made += 1
    const number = this.#made
    const rooms = this.locations.find((location) => location.locationId === locationId)?.rooms ?? []
    const twins = this.devices.filter((device) => device.model === model).length
    const device: Device = {
      deviceId: idOf(model.type === 'HUB' ? 'aab' : 'de', number),
      ...{ locationId, model, createdAt: this.#now, health: 'ONLINE', healthAt: this.#now },
      roomId: rooms[number % Math.max(1, rooms.length)]?.roomId ?? '',
      label: twins === 0 ? model.label : `${model.label} ${twins + 1}`,
      states: new Map(),
    }
    this.#devices.set(device.deviceId, device)
    for (const attribute of model.attributes) this.#begin(device, attribute)
    const eventId = uuidOf(this.#random)
    this.#tell({ kind: 'lifecycle', eventId, at: this.#now, device, lifecycle: 'CREATE' })
    return device
  }

  /** Gives a device another label. */
  rename(deviceId: string, label: string): void {
    const device = this.#devices.get(deviceId)
    if (device === undefined) return
    const oldLabel = device.label
    device.label = label
    const eventId = uuidOf(this.#random)
    this.#tell({ kind: 'lifecycle', eventId, at: this.#now, device, lifecycle: 'UPDATE', oldLabel })
  }

  /** Takes a device out of the house. */
  removeDevice(deviceId: string): void {
    const device = this.#devices.get(deviceId)
    if (device === undefined) return
    this.#devices.delete(deviceId)
    for (const reporter of this.#reporters) {
      if (reporter.device === device) this.#reporters.delete(reporter)
    }
    const eventId = uuidOf(this.#random)
    this.#tell({ kind: 'lifecycle', eventId, at: this.#now, device, lifecycle: 'DELETE' })
  }

  #begin(device: Device, model: AttributeModel): void {
    // What a status shows before the first report: a value of null, and neither unit nor time.
    device.states.set(pathOf(model), { value: null })
    if (model.everyMs === 0) return
    const order = this.#reporters.size
    const random = seededRandom(randomInt(this.#random, 0xffffffff))
    const times = seededRandom(randomInt(this.#random, 0xffffffff))
    const nextAt = this.#now + 1 + randomInt(times, FIRST_WITHIN_MS)
    this.#reporters.add({ device, model, random, times, order, nextAt })
  }

  /** Between half and one and a half of the mean, so that no two sensors stay in step. */
  #gap({ model, times }: Reporter): number {
    const mean = model.everyMs * this.#slowness
    return Math.max(1, Math.round(mean * (0.5 + times.float())))
  }

  #report({ device, model, random }: Reporter, at: number): void {
    if (device.health === 'OFFLINE') return
    const last = device.states.get(pathOf(model))?.value ?? null
    const value = model.value({ at, last, chance: () => random.float() })
    this.#change(device, { ...model, deviceId: device.deviceId }, value, { at, random })
  }

  #change(
    device: Device,
    what: AttributePath & Pick<Change, 'unit' | 'data'>,
    value: AttributeValue,
    when: { readonly at: number; readonly random: Random },
  ): Change {
    const { component, capability, attribute, unit, data } = what
    const key = pathOf(what)
    const before = device.states.get(key)
    const at = Math.max(when.at, (before?.timestamp ?? 0) + 1)
    const isSame = JSON.stringify(before?.value ?? null) === JSON.stringify(value)
    const detail = {
      ...(unit === undefined ? {} : { unit }),
      ...(data === undefined ? {} : { data }),
    }
    const keeps = device.model.keepsTime === true && isSame && before?.timestamp !== undefined
    if (!keeps) device.states.set(key, { value, ...detail, timestamp: at })
    const change: Change = {
      ...{ locationId: device.locationId, deviceId: device.deviceId },
      ...{ component, capability, attribute, value, ...detail, at },
      eventId: uuidOf(when.random),
      hash: randomInt(when.random, 0xffffffff),
      // A button pressed twice has changed twice.
      stateChange: !isSame || capability === 'button',
    }
    this.#tell({ kind: 'change', change })
    return change
  }

  #tell(happening: Happening): void {
    for (const listener of this.#listeners) listener(happening)
  }
}
