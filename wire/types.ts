// The sensor types that Hubleaf knows: how their values behave, their canonical unit and the range
// outside which a number is flagged, and the number that stands for each word of an enumeration.
// The table is open: any well-formed type travels and is stored; one that is not here has no
// canonical unit. A range marks what a working sensor in or around a house can report.

/** `state` holds until the next reading, `event` is a moment, `counter` only grows (or resets). */
export type Semantics = 'state' | 'event' | 'counter'

/** What is known of a sensor type. */
export interface SensorType {
  readonly semantics: Semantics
  /** Canonical unit; workers convert to it. */
  readonly unit?: string
  /** Lowest and highest plausible value in the canonical unit. */
  readonly range?: readonly [number, number]
  /** The number for each word; a word that is not here has none. */
  readonly words?: { readonly [word: string]: number }
}

const TABLE: { readonly [type: string]: SensorType } = {
  temperature: { semantics: 'state', unit: 'C', range: [-80, 150] },
  humidity: { semantics: 'state', unit: '%', range: [0, 100] },
  motion: { semantics: 'state', words: { inactive: 0, active: 1 } },
  occupancy: { semantics: 'state', words: { unoccupied: 0, occupied: 1 } },
  presence: { semantics: 'state', words: { 'not present': 0, present: 1 } },
  presence_zones: { semantics: 'state' },
  contact: { semantics: 'state', words: { closed: 0, open: 1 } },
  door: { semantics: 'state', words: { closed: 0, open: 1, opening: 1, closing: 1 } },
  shade: {
    semantics: 'state',
    words: { closed: 0, open: 1, 'partially open': 1, opening: 1, closing: 1 },
  },
  valve: { semantics: 'state', words: { closed: 0, open: 1 } },
  lock: {
    semantics: 'state',
    words: {
      unlocked: 0,
      locked: 1,
      'unlocked with timeout': 0,
      'not fully locked': 0,
      unlatched: 0,
    },
  },
  switch: { semantics: 'state', words: { off: 0, on: 1 } },
  level: { semantics: 'state', unit: '%', range: [0, 100] },
  button: { semantics: 'event' },
  illuminance: { semantics: 'state', unit: 'lx', range: [0, 200000] },
  brightness: { semantics: 'state' },
  ultraviolet: { semantics: 'state', range: [0, 255] },
  battery: { semantics: 'state', unit: '%', range: [0, 100] },
  battery_level: { semantics: 'state' },
  power_source: { semantics: 'state' },
  power: { semantics: 'state', unit: 'W', range: [-100000, 100000] },
  energy: { semantics: 'counter', unit: 'Wh', range: [0, Infinity] },
  voltage: { semantics: 'state', unit: 'V', range: [-1000, 1000] },
  current: { semantics: 'state', unit: 'A', range: [-1000, 1000] },
  water: { semantics: 'state', words: { dry: 0, wet: 1 } },
  rain: { semantics: 'state', words: { undetected: 0, detected: 1 } },
  smoke: { semantics: 'state', words: { clear: 0, detected: 1, tested: 0 } },
  carbon_monoxide: { semantics: 'state', words: { clear: 0, detected: 1, tested: 0 } },
  co_level: { semantics: 'state', unit: 'ppm', range: [0, 10000] },
  gas: { semantics: 'state', words: { clear: 0, detected: 1 } },
  co2: { semantics: 'state', unit: 'ppm', range: [0, 40000] },
  eco2: { semantics: 'state', unit: 'ppm', range: [0, 65000] },
  tvoc: { semantics: 'state', unit: 'ppb', range: [0, 100000] },
  formaldehyde: { semantics: 'state', unit: 'ppm', range: [0, 100] },
  pm10: { semantics: 'state', unit: 'µg/m³', range: [0, 2000] },
  pm2_5: { semantics: 'state', unit: 'µg/m³', range: [0, 2000] },
  pm1: { semantics: 'state', unit: 'µg/m³', range: [0, 2000] },
  ozone: { semantics: 'state', unit: 'ppm', range: [0, 100] },
  no2: { semantics: 'state', unit: 'ppm', range: [0, 100] },
  radon: { semantics: 'state', unit: 'Bq/m³', range: [0, 100000] },
  air_quality: { semantics: 'state', range: [0, 500] },
  air_quality_level: { semantics: 'state' },
  odor: { semantics: 'state' },
  pressure: { semantics: 'state', unit: 'hPa', range: [300, 1100] },
  water_pressure: { semantics: 'state', unit: 'hPa', range: [0, 100000] },
  dew_point: { semantics: 'state', unit: 'C', range: [-80, 100] },
  precipitation: { semantics: 'counter', unit: 'mm', range: [0, Infinity] },
  precipitation_rate: { semantics: 'state', unit: 'mm/h', range: [0, 500] },
  wind_speed: { semantics: 'state', unit: 'm/s', range: [0, 120] },
  sound: { semantics: 'state', words: { 'not detected': 0, detected: 1 } },
  sound_pressure: { semantics: 'state', unit: 'dB', range: [-20, 200] },
  sound_event: { semantics: 'event' },
  acceleration: { semantics: 'state', words: { inactive: 0, active: 1 } },
  three_axis: { semantics: 'state', unit: 'mG' },
  shock: { semantics: 'state', words: { clear: 0, detected: 1 } },
  movement: { semantics: 'state' },
  tamper: { semantics: 'state', words: { clear: 0, detected: 1 } },
  panic: { semantics: 'state', words: { clear: 0, panic: 1 } },
  alarm: { semantics: 'state', words: { off: 0, siren: 1, strobe: 1, both: 1 } },
  temperature_alarm: {
    semantics: 'state',
    words: { cleared: 0, freeze: 1, heat: 1, rateOfRise: 1 },
  },
  fault: { semantics: 'state', words: { clear: 0, detected: 1 } },
  filter: { semantics: 'state', words: { normal: 0, replace: 1 } },
  water_volume: { semantics: 'counter', unit: 'L', range: [0, Infinity] },
  flow: { semantics: 'state', unit: 'm³/h', range: [0, 1000] },
  water_flow_alarm: { semantics: 'state', words: { normal: 0, alarm: 1 } },
  gas_energy: { semantics: 'counter', unit: 'Wh', range: [0, Infinity] },
  gas_volume: { semantics: 'counter', unit: 'm³', range: [0, Infinity] },
  ph: { semantics: 'state', unit: 'pH', range: [0, 14] },
  weight: { semantics: 'state', unit: 'kg', range: [0, 1000] },
  sleep: { semantics: 'state', words: { 'not sleeping': 0, sleeping: 1 } },
  steps: { semantics: 'counter', range: [0, Infinity] },
  setpoint: { semantics: 'state', unit: 'C', range: [-80, 150] },
  setpoint_heat: { semantics: 'state', unit: 'C', range: [-80, 150] },
  setpoint_cool: { semantics: 'state', unit: 'C', range: [-80, 150] },
  thermostat_mode: { semantics: 'state' },
  thermostat_state: { semantics: 'state' },
  fan_mode: { semantics: 'state' },
  rssi: { semantics: 'state', unit: 'dBm', range: [-150, 20] },
  lqi: { semantics: 'state', range: [0, 255] },
  charging: { semantics: 'state' },
  vehicle_battery: { semantics: 'state', unit: '%', range: [0, 100] },
  availability: { semantics: 'state', words: { offline: 0, online: 1 } },
  cpu_usage: { semantics: 'state', unit: '%', range: [0, 100] },
  memory_usage: { semantics: 'state', unit: '%', range: [0, 100] },
  disk_usage: { semantics: 'state', unit: '%', range: [0, 100] },
  load: { semantics: 'state', range: [0, Infinity] },
  network_received: { semantics: 'counter', unit: 'B', range: [0, Infinity] },
  network_sent: { semantics: 'counter', unit: 'B', range: [0, Infinity] },
  custom: { semantics: 'state' },
}

const UNKNOWN: SensorType = { semantics: 'state' }

/** What is known of `type`; a type that nobody described is a state without unit. */
export function sensorType(type: string): SensorType {
  return Object.hasOwn(TABLE, type) ? (TABLE[type] ?? UNKNOWN) : UNKNOWN
}

/** The names of all described types, in the table's order. */
export function knownTypes(): readonly string[] {
  return Object.keys(TABLE)
}
