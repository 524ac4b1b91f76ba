// How sensor types are shown: titles, groups and their order, and units as people write them. The
// table is about looks only; a type that is not in it is shown all the same.

/** A part of the page. */
export type Group = 'climate' | 'presence' | 'energy' | 'other' | 'machine'

/** The groups in the page's order, with their headings. */
export const GROUPS: readonly (readonly [Group, string])[] = [
  ['climate', 'Climate and air'],
  ['presence', 'Doors, motion and safety'],
  ['energy', 'Power and energy'],
  ['other', 'More sensors'],
  ['machine', 'Machine vitals'],
]

const TYPES: { readonly [G in Group]: readonly string[] } = {
  climate: [
    ...['temperature', 'humidity', 'co2', 'eco2', 'tvoc', 'pm2_5', 'pm10', 'pm1', 'pressure'],
    ...['dew_point', 'air_quality', 'formaldehyde', 'ozone', 'no2', 'radon', 'co_level', 'odor'],
    ...['illuminance', 'brightness', 'ultraviolet', 'precipitation', 'precipitation_rate'],
    ...['wind_speed', 'setpoint', 'setpoint_heat', 'setpoint_cool', 'sound_pressure'],
  ],
  presence: [
    ...['contact', 'door', 'motion', 'occupancy', 'presence', 'lock', 'switch', 'valve', 'shade'],
    ...['water', 'smoke', 'carbon_monoxide', 'gas', 'rain', 'sound', 'acceleration', 'shock'],
    ...['tamper', 'panic', 'alarm', 'temperature_alarm', 'fault', 'sleep', 'availability'],
  ],
  energy: [
    ...['power', 'energy', 'voltage', 'current', 'battery', 'gas_energy', 'gas_volume'],
    ...['water_volume', 'flow', 'vehicle_battery', 'level'],
  ],
  other: [],
  machine: [
    ...['cpu_usage', 'memory_usage', 'load', 'temperature', 'disk_usage'],
    ...['network_received', 'network_sent'],
  ],
}

const TITLES: { readonly [type: string]: string } = {
  co2: 'CO₂',
  eco2: 'CO₂ equivalent',
  no2: 'NO₂',
  co_level: 'Carbon monoxide level',
  tvoc: 'Volatile compounds',
  pm1: 'Fine dust PM1',
  pm2_5: 'Fine dust PM2.5',
  pm10: 'Dust PM10',
  cpu_usage: 'Processor',
  memory_usage: 'Memory',
  disk_usage: 'Disk',
  load: 'Load average',
  ph: 'pH',
  rssi: 'Signal strength',
  lqi: 'Link quality',
}

const UNITS: { readonly [unit: string]: string } = { C: '°C', F: '°F' }

/** What a card of type `type` is called. */
export function titleOf(type: string): string {
  const words = type.replaceAll('_', ' ')
  return known(TITLES, type) ?? words.charAt(0).toUpperCase() + words.slice(1)
}

/** A unit as it is read. */
export function unitText(unit: string | null): string {
  return unit === null ? '' : (known(UNITS, unit) ?? unit)
}

// Types and units are what strangers typed: `constructor` is no entry of a table.
function known(table: { readonly [key: string]: string }, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}

/** True for types that only a computer reports: its other readings belong beside them. */
export function isVital(type: string): boolean {
  return type !== 'temperature' && TYPES.machine.includes(type)
}

/** The group of a type; `ofMachine` if the device is a computer. */
export function groupOf(type: string, ofMachine: boolean): Group {
  if (isVital(type) || (ofMachine && TYPES.machine.includes(type))) return 'machine'
  const found = GROUPS.find(([group]) => group !== 'machine' && TYPES[group].includes(type))
  return found?.[0] ?? 'other'
}

/** The place of a type in its group; unknown ones after all known. */
export function rankOf(group: Group, type: string): number {
  const place = TYPES[group].indexOf(type)
  return place === -1 ? TYPES[group].length : place
}

/** True for types that only grow and are drawn as they are. */
export function isCounter(type: string): boolean {
  return /^(energy|gas_energy|steps|precipitation|[a-z]+_volume)$/.test(type)
}

/** True for byte counters, which are drawn as their growth per second: the sum tells nothing. */
export function isDrawnAsRate(type: string): boolean {
  return type === 'network_received' || type === 'network_sent'
}
