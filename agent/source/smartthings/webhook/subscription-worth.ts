// What a capability is worth when not all of them can be subscribed to: safety before climate and doors,
// those before meters and air, and what the table of types does not know last. Pure.

import { mappedAttributes } from '../../../../wire/capabilities.ts'

const TIERS: readonly (readonly string[])[] = [
  [
    ...['smoke', 'carbon_monoxide', 'co_level', 'gas', 'water', 'panic', 'tamper', 'alarm'],
    ...['temperature_alarm', 'water_flow_alarm', 'fault'],
  ],
  [
    ...['temperature', 'humidity', 'motion', 'occupancy', 'presence', 'contact', 'door', 'lock'],
    ...['valve', 'switch', 'button', 'battery'],
  ],
  [
    ...['power', 'energy', 'voltage', 'current', 'illuminance', 'pressure', 'co2', 'pm2_5', 'pm10'],
    ...['tvoc', 'air_quality', 'water_volume', 'gas_volume', 'gas_energy', 'flow', 'rain', 'level'],
    ...['setpoint_heat', 'setpoint_cool', 'thermostat_state', 'thermostat_mode', 'acceleration'],
  ],
]

/** Capabilities that have no attributes: commands, or facts about the device. */
const WITHOUT_READINGS = new Set([
  ...['refresh', 'configuration', 'execute', 'ocf', 'momentary', 'notification', 'speechSynthesis'],
  ...['custom.disabledCapabilities', 'firmwareUpdate'],
])

const TIER_BY_CAPABILITY: ReadonlyMap<string, number> = tiers()

function tiers(): Map<string, number> {
  const found = new Map<string, number>()
  for (const [name, type] of mappedAttributes()) {
    const capability = name.slice(0, name.lastIndexOf('.'))
    const at = TIERS.findIndex((types) => types.includes(type))
    const tier = at < 0 ? TIERS.length : at
    found.set(capability, Math.min(tier, found.get(capability) ?? tier))
  }
  return found
}

/** A capability, and how many devices have it. */
export interface CapabilityUse {
  readonly capability: string
  readonly devices: number
}

/** Capabilities that can have readings, the worthiest first; equal worth in the order of names. */
export function rankCapabilities(uses: readonly CapabilityUse[]): readonly CapabilityUse[] {
  const tierOf = ({ capability }: CapabilityUse): number =>
    TIER_BY_CAPABILITY.get(capability) ?? TIERS.length + 1
  return uses
    .filter(({ capability }) => !WITHOUT_READINGS.has(capability))
    .sort(
      (a, b) =>
        tierOf(a) - tierOf(b) ||
        b.devices - a.devices ||
        (a.capability < b.capability ? -1 : Number(a.capability > b.capability)),
    )
}
