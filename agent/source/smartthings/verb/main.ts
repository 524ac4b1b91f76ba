// `hubleaf smartthings`: logs a hub in to the SmartThings cloud, and says how its login stands. It
// prints no token, and leaves the login in the agent's data folder, where a running agent takes it.

import { parseArgs } from 'node:util'
import { createInterface } from 'node:readline/promises'
import { loadAgentConfig } from '../../../config.ts'
import { systemClock } from '../../../../base/clock.ts'
import { HubleafError, messageOf } from '../../../../base/errors.ts'
import { systemRandom } from '../../../../base/random.ts'
import { EXIT, runVerb } from '../../../../base/verb.ts'
import { login } from './login.ts'
import { statusOf, statusText } from './status.ts'

const HELP = `usage: hubleaf smartthings ACTION --config FILE …

  login     logs in with an app of yours (client id and secret); opens nothing by itself
  status    how the login stands, and what was used of the budget; exit code 1 if a login is needed

  --config FILE               the agent's configuration; the agent may run or not
  --client-id ID              login: the app's client id
  --client-secret-file FILE   login: a file that holds its secret, or HUBLEAF_SMARTTHINGS_SECRET
  --redirect-port PORT        login: http://localhost:PORT/callback must be a redirect address of the
                              app (8687)
  --paste                     login: paste the address that the browser ends at, for a hub without one
  --json                      status: one JSON object
`

const FLAGS = {
  config: { type: 'string' },
  'client-id': { type: 'string' },
  'client-secret-file': { type: 'string' },
  'redirect-port': { type: 'string' },
  paste: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Runs the verb; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.ok
  const ended = await runVerb('smartthings', async (signal) => {
    code = await run(argv, signal)
  })
  return ended === EXIT.ok ? code : ended
}

async function run(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const { values, positionals } = parse(argv)
  const [action = 'help', ...others] = positionals
  if (values.help === true || action === 'help') {
    process.stdout.write(HELP)
    return EXIT.ok
  }
  if (others.length > 0 || (action !== 'login' && action !== 'status')) {
    throw usage(`there is no action "${positionals.join(' ')}"`)
  }
  if (values.config === undefined) throw usage('--config is missing')
  const agent = loadAgentConfig({ file: values.config, env: process.env })
  const [config, dataDir] = [agent.sources.smartthings, agent.data_dir]
  if (action === 'status') {
    const status = statusOf(config, dataDir, systemClock.now())
    const text = values.json === true ? `${JSON.stringify(status)}\n` : statusText(status)
    process.stdout.write(text)
    return status.state === 'ok' ? EXIT.ok : EXIT.failed
  }
  const port = Number(values['redirect-port'] ?? 8687)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw usage('--redirect-port is no port')
  await login({
    ...{ config, dataDir, signal, port, clock: systemClock, random: systemRandom },
    clientId: values['client-id'] ?? process.env['HUBLEAF_SMARTTHINGS_CLIENT_ID'],
    secretFile: values['client-secret-file'],
    secret: process.env['HUBLEAF_SMARTTHINGS_SECRET'],
    ask: values.paste === true ? async (question) => askPerson(question, signal) : undefined,
    say: (text) => void process.stderr.write(`${text}\n`),
  })
  return EXIT.ok
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true })
  } catch (cause) {
    throw usage(messageOf(cause))
  }
}

function usage(what: string): HubleafError {
  return new HubleafError('usage', what, { hint: 'hubleaf smartthings --help' })
}

async function askPerson(question: string, signal: AbortSignal): Promise<string> {
  // Not as a terminal: Ctrl-C must reach the process as a signal.
  const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  try {
    return await reader.question(question, { signal })
  } finally {
    reader.close()
  }
}
