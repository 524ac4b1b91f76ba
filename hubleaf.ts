// `hubleaf VERB …`: one program, a verb for each process. Verbs load only what they need.
// An unknown verb prints what there is and exits with 2.

import { EXIT, reportError } from './base/verb.ts'
import { version } from './base/version.ts'

interface Verb {
  readonly about: string
  /** Its flags. */
  readonly flags: string
  /** Set where the verb has actions with help texts of their own. */
  readonly helps?: true
  readonly load: () => Promise<{ readonly main: (argv: readonly string[]) => Promise<number> }>
}

const VERBS: { readonly [verb: string]: Verb } = {
  demo: {
    about: 'everything on this machine: a simulated house, a cloud, a dashboard',
    flags: '[--data FOLDER] [--port PORT] [--push-port PORT]',
    load: () => import('./demo/main.ts'),
  },
  agent: {
    about: 'one hub: sources, journal, leaf connection',
    flags: '--config FILE',
    load: () => import('./agent/main.ts'),
  },
  buffer: {
    about: 'what an agent’s journal holds: status, ls, cat, export, verify, purge',
    flags: 'ACTION (--config FILE | --file JOURNAL) …',
    helps: true,
    load: () => import('./agent/buffer/main.ts'),
  },
  smartthings: {
    about: 'logs the hub in to the SmartThings cloud: login, status',
    flags: 'ACTION --config FILE …',
    helps: true,
    load: () => import('./agent/source/smartthings/verb/main.ts'),
  },
  worker: {
    about: 'stores the readings of its types',
    flags: '--config FILE --type TYPE [--type …] | --others',
    load: () => import('./cloud/worker/main.ts'),
  },
  storage: {
    about: 'the database service',
    flags: '--config FILE',
    load: () => import('./cloud/storage/main.ts'),
  },
  dashboard: {
    about: 'the page with live and past charts',
    flags: '--config FILE',
    load: () => import('./cloud/dashboard/main.ts'),
  },
  sim: {
    about: 'imitates a service that Hubleaf reads, to try it without one: smartthings',
    flags:
      'smartthings [--port PORT] [--control-port PORT] [--seed N] [--locations N] [--devices N] [--pace N] [--daily-calls N] [--sse] [--truth FILE]',
    load: () => import('./demo/smartthings/main.ts'),
  },
}

function usage(): string {
  const lines = Object.entries(VERBS).map(([verb, { about }]) => `  ${verb.padEnd(12)} ${about}`)
  const rest =
    '  version      the version\n  help         this text; `hubleaf VERB --help` for the flags of a verb'
  return `usage: hubleaf VERB [--config FILE] …\n\n${lines.join('\n')}\n${rest}\n`
}

async function run(argv: readonly string[]): Promise<number> {
  const [verb = 'help', ...rest] = argv
  if (verb === 'version' || verb === '--version') {
    process.stdout.write(`${version}\n`)
    return EXIT.ok
  }
  if (verb === 'help' || verb === '--help' || verb === '-h') {
    process.stdout.write(usage())
    return EXIT.ok
  }
  const found = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined
  if (found === undefined) {
    process.stderr.write(`hubleaf: there is no verb "${verb}"\n\n${usage()}`)
    return EXIT.usage
  }
  if (found.helps !== true && (rest.includes('--help') || rest.includes('-h'))) {
    process.stdout.write(`usage: hubleaf ${verb} ${found.flags}\n\n${found.about}\n`)
    return EXIT.ok
  }
  const { main } = await found.load()
  return main(rest)
}

try {
  process.exit(await run(process.argv.slice(2)))
} catch (error) {
  process.exit(reportError(process.argv[2] ?? '', error))
}
