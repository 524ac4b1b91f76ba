// `hubleaf demo`: a house and its cloud on this machine. Starts everything, says where the page is,
// restarts what dies, and ends clean on Ctrl-C with nothing left running.

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../base/clock.ts'
import { HubleafError, messageOf } from '../base/errors.ts'
import { findNatsServer } from '../base/find-nats-server.ts'
import { systemRandom } from '../base/random.ts'
import { aborted, runVerb } from '../base/verb.ts'
import { startDemo } from './demo.ts'

const HINT = 'hubleaf demo [--data FOLDER] [--port DASHBOARD_PORT] [--push-port PORT]'

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  return runVerb('demo', async (signal) => {
    const flags = parseFlags(argv)
    const natsServer = await findNatsServer(process.env)
    if (natsServer === undefined) {
      const hint = '`npm start` in a clone gets one; or put nats-server 2.12 or newer on PATH'
      throw new HubleafError('nats_server_missing', 'no nats-server was found', { hint })
    }
    const script = process.argv[1] ?? ''
    const say = (line: string): void => {
      process.stdout.write(`${line}\n`)
    }
    await using demo = await startDemo({
      ...flags,
      ...{ natsServer, program: [process.execPath, ...process.execArgv, script] },
      ...{ say, clock: systemClock, random: systemRandom, signal },
    })
    if (signal.aborted) return
    for (const line of welcome(demo.dashboardUrl, demo.pushUrl, flags.folder)) say(line)
    await aborted(signal)
    say('\nstopping …')
  })
}

function welcome(dashboard: string, push: string, folder: string): readonly string[] {
  const reading = '{"type":"temperature","device":"my-desk","value":21.5,"unit":"C"}'
  return [
    '',
    'Hubleaf is running.',
    '',
    `  dashboard   ${dashboard}`,
    `  push        curl ${push}/v1/readings -H 'Content-Type: application/json' \\`,
    `                -d '${reading}'`,
    `  data        ${folder}`,
    `  logs        ${resolve(folder, 'logs')}`,
    '',
    'Ctrl-C stops everything. The data stays.',
  ]
}

function parseFlags(argv: readonly string[]) {
  const { values } = parse(argv)
  return {
    folder: resolve(values.data ?? 'data/demo'),
    dashboardPort: toPort(values.port, '--port'),
    pushPort: toPort(values['push-port'], '--push-port'),
  }
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({ args: [...argv], options: { data: text, port: text, 'push-port': text } })
  } catch (cause) {
    throw new HubleafError('usage', messageOf(cause), { hint: HINT, cause })
  }
}

function toPort(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new HubleafError('usage', `${flag} must be a port from 1 to 65535, not "${text}"`, {
    hint: HINT,
  })
}
