// The machine's own vitals: real readings on any machine, by the systeminformation package. What the
// machine does not have (a temperature sensor in a virtual machine) is left out, never made up.

import type { Systeminformation } from 'systeminformation'
import { parseSensorType } from '../../wire/ids.ts'
import type { SourceReading } from '../../wire/reading.ts'

/** What this source needs of systeminformation. */
export interface Vitals {
  currentLoad(): Promise<Pick<Systeminformation.CurrentLoadData, 'currentLoad' | 'avgLoad'>>
  mem(): Promise<Pick<Systeminformation.MemData, 'total' | 'available'>>
  fsSize(): Promise<readonly Pick<Systeminformation.FsSizeData, 'mount' | 'use'>[]>
  /** `main` is null where the machine has no such sensor, whatever the package's types say. */
  cpuTemperature(): Promise<{ readonly main: number | null }>
  networkStats(): Promise<
    readonly Pick<Systeminformation.NetworkStatsData, 'iface' | 'rx_bytes' | 'tx_bytes'>[]
  >
}

/** Reads all vitals once; device `host`, channels by mount point and interface. */
export async function readVitals(vitals: Vitals): Promise<readonly SourceReading[]> {
  const [load, memory, disks, heat, networks] = await Promise.all([
    vitals.currentLoad(),
    vitals.mem(),
    vitals.fsSize(),
    vitals.cpuTemperature(),
    vitals.networkStats(),
  ])
  const used = memory.total > 0 ? 100 * (1 - memory.available / memory.total) : undefined
  return [
    ...reading('cpu_usage', 'main', round(load.currentLoad), '%'),
    ...reading('load', 'main', round(load.avgLoad), undefined),
    ...reading('memory_usage', 'main', round(used), '%'),
    ...reading('temperature', 'cpu', round(heat.main ?? undefined), 'C'),
    ...disks.slice(0, 8).flatMap((disk) => reading('disk_usage', disk.mount, round(disk.use), '%')),
    ...networks
      .slice(0, 8)
      .flatMap(({ iface, rx_bytes, tx_bytes }) => [
        ...reading('network_received', iface, rx_bytes, 'B'),
        ...reading('network_sent', iface, tx_bytes, 'B'),
      ]),
  ]
}

function round(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.round(value * 100) / 100
}

function reading(
  typeText: string,
  channel: string,
  value: number | undefined,
  unit: string | undefined,
): readonly SourceReading[] {
  const type = parseSensorType(typeText)
  if (type === undefined || value === undefined || !Number.isFinite(value)) return []
  const named = { type, device: 'host', channel: channel.slice(0, 100) || 'main', value }
  return [{ ...named, source: 'host', ...(unit === undefined ? {} : { unit }) }]
}
