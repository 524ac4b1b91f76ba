// `hubleaf sim smartthings`: a SmartThings cloud on this machine, to try the source without an account
// and without a call against the real one's quota. Ctrl-C ends it.

import { parseArgs } from 'node:util'
import { systemClock } from '../../base/clock.ts'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { aborted, runVerb } from '../../base/verb.ts'
import { startSmartThingsCloud } from './cloud.ts'
import type { SmartThingsCloud, SmartThingsCloudOptions } from './cloud.ts'
import { startControl } from './control.ts'
import { pacedClock } from './ticker.ts'
import { openTruthFile } from './truth-file.ts'

const HINT =
  'hubleaf sim smartthings [--port PORT] [--control-port PORT] [--seed N] [--locations N] [--devices N] [--pace N] [--daily-calls N] [--sse] [--truth FILE]'

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runVerb('sim', async (signal) => {
    const flags = parseFlags(argv)
    using file = flags.truth === undefined ? undefined : openTruthFile(flags.truth)
    const sink = file === undefined ? {} : { sink: (line: string) => file.write(line) }
    const clock = pacedClock(systemClock, flags.pace)
    await using cloud = await startSmartThingsCloud({ ...flags.options, ...sink, clock })
    await using control = await startControl(cloud, flags.controlPort)
    for (const line of welcome(cloud, control.url)) process.stdout.write(`${line}\n`)
    await aborted(signal)
  })
}

function welcome(cloud: SmartThingsCloud, control: string): readonly string[] {
  const { clientId, clientSecret } = cloud.app
  return [
    'A simulated SmartThings cloud is running.',
    '',
    `  API             ${cloud.url}`,
    `  control         ${control}`,
    `  client id       ${clientId}`,
    `  client secret   ${clientSecret}`,
    `  personal token  ${cloud.personalToken()}`,
    '',
    `  curl ${cloud.url}/devices?includeStatus=true -H 'Authorization: Bearer TOKEN'`,
    '',
    'Ctrl-C ends it; nothing is kept.',
  ]
}

const text = { type: 'string' } as const
const yes = { type: 'boolean' } as const
const FLAGS = {
  ...{ port: text, 'control-port': text, seed: text, locations: text, devices: text },
  ...{ pace: text, 'daily-calls': text, sse: yes, truth: text },
} as const

function parseFlags(argv: readonly string[]) {
  const { values, positionals } = parse(argv)
  if (positionals.join(' ') !== 'smartthings') {
    throw new HubleafError('usage', 'name what to simulate: smartthings', { hint: HINT })
  }
  const number = (name: keyof typeof values, otherwise: number, least: number): number => {
    const given = values[name]
    if (typeof given !== 'string') return otherwise
    if (/^\d+$/.test(given) && Number(given) >= least) return Number(given)
    const message = `--${name} must be a whole number from ${least}, not "${given}"`
    throw new HubleafError('usage', message, { hint: HINT })
  }
  const dailyCalls = values['daily-calls'] === undefined ? undefined : number('daily-calls', 0, 1)
  const options: SmartThingsCloudOptions = {
    ...{ port: number('port', 0, 0), seed: number('seed', 1, 0), sse: values.sse === true },
    ...{ locations: number('locations', 1, 1), devices: number('devices', 11, 1) },
    ...(dailyCalls === undefined ? {} : { dailyCalls }),
  }
  const controlPort = number('control-port', 0, 0)
  return { options, controlPort, pace: number('pace', 1, 1), truth: values.truth }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true })
  } catch (cause) {
    throw new HubleafError('usage', messageOf(cause), { hint: HINT, cause })
  }
}
