// The demo's ports: kept from one start to the next, so that a server left behind can be adopted and
// nothing moves without need; replaced when another program has taken one. The page and the push port
// go back to their usual numbers as soon as these are free.

import { readIfThere, writeDurably } from '../base/durable-file.ts'
import { HubleafError } from '../base/errors.ts'
import { freePorts, isFreePort } from '../base/free-port.ts'
import { numberAt, parseJson } from '../base/json.ts'

/** Names of the ports, with the number that people know where there is one. */
export const PREFERRED = {
  dashboard: 8080,
  push: 8686,
  cloudClient: undefined,
  cloudLeaf: undefined,
  cloudMonitor: undefined,
  leafClient: undefined,
} as const

/** The name of a port. */
export type PortName = keyof typeof PREFERRED

/** A port for each name. */
export type Ports = Readonly<Record<PortName, number>>

const NAMES: readonly PortName[] = [
  'dashboard',
  'push',
  'cloudClient',
  'cloudLeaf',
  'cloudMonitor',
  'leafClient',
]

/**
 * Chooses the ports. `wanted` are those that the user gave; `held` says that a server of ours still
 * has a port of this name, which is then kept. Throws `port_taken` for a port that the user gave.
 */
export async function choosePorts(
  file: string,
  wanted: Partial<Ports>,
  held: (name: PortName) => boolean,
): Promise<Ports> {
  const saved = parseJson(readIfThere(file) ?? '')
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = await freePorts(NAMES.length)
  const fallback: Ports = {
    ...{ dashboard: a, push: b, cloudClient: c, cloudLeaf: d, cloudMonitor: e, leafClient: f },
  }
  const chosen = { ...fallback }
  for (const name of NAMES) {
    const before = numberAt(saved, name)
    if (before !== undefined && held(name)) chosen[name] = before
    else chosen[name] = await chooseOne(wanted[name], [PREFERRED[name], before], fallback[name])
  }
  writeDurably(file, JSON.stringify(chosen))
  return chosen
}

async function chooseOne(
  wanted: number | undefined,
  usual: readonly (number | undefined)[],
  fallback: number,
): Promise<number> {
  if (wanted !== undefined) {
    if (await isFreePort(wanted)) return wanted
    const hint = 'give another one, or none: then a free one is taken'
    throw new HubleafError('port_taken', `port ${wanted} is taken by another program`, { hint })
  }
  for (const port of usual) if (port !== undefined && (await isFreePort(port))) return port
  return fallback
}
