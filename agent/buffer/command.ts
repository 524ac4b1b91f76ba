// The command line of `hubleaf buffer`, parsed once. What is not understood is refused with the code
// `usage` and a hint; nothing is guessed.

import { parseArgs } from 'node:util'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { parseHubId, parseSensorType } from '../../wire/ids.ts'
import type { HubId } from '../../wire/ids.ts'
import { parseTime, parseTypes, ROW_STATES } from './filter.ts'
import type { RowFilter } from './filter.ts'
import { ACTIONS } from './help.ts'
import type { Action } from './help.ts'

/** Which journal: by the agent's configuration, or a file. */
export type Target =
  | { readonly kind: 'config'; readonly file: string | undefined }
  | { readonly kind: 'file'; readonly file: string; readonly hub: HubId | undefined }

/** How rows are printed. */
export type Format = 'table' | 'ndjson' | 'csv'

/** A command that was understood. */
export type Command =
  | { readonly action: 'help'; readonly of: Action | undefined }
  | { readonly action: 'status' | 'verify'; readonly target: Target; readonly json: boolean }
  | ListCommand
  | PurgeCommand

/** `ls`, `cat` and `export`: rows by filter. */
export interface ListCommand {
  readonly action: 'ls' | 'cat' | 'export'
  readonly target: Target
  readonly filter: RowFilter
  readonly limit: number
  readonly format: Format
  /** The file to write, or undefined for standard output. */
  readonly output: string | undefined
}

/** `purge`: which waiting rows to give up. */
export interface PurgeCommand {
  readonly action: 'purge'
  readonly target: Target & { readonly kind: 'config' }
  readonly types: readonly string[]
  /** Received before, epoch ms. */
  readonly before: number | undefined
  readonly yes: boolean
  readonly json: boolean
}

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const
const flag = { type: 'boolean' } as const

const OPTIONS = {
  ...{ config: text, file: text, hub: text, json: flag },
  ...{ type: texts, device: texts, since: text, until: text, limit: text },
  ...{ waiting: flag, settled: flag, aside: flag, records: flag },
  ...{ format: text, output: text, before: text, yes: flag },
} as const

type Option = keyof typeof OPTIONS

const FILTERS: readonly Option[] = [
  ...(['type', 'device', 'since', 'until', 'limit'] as const),
  ...(['waiting', 'settled', 'aside', 'records'] as const),
]

const TAKES: { readonly [A in Action]: readonly Option[] } = {
  status: ['config', 'file', 'hub', 'json'],
  ls: ['config', 'file', 'hub', 'json', ...FILTERS],
  cat: ['config', 'file', 'hub', 'json', ...FILTERS],
  export: ['config', 'file', 'hub', ...FILTERS, 'format', 'output'],
  verify: ['config', 'file', 'hub', 'json'],
  purge: ['config', 'type', 'before', 'yes', 'json'],
}

/** The command; `now` is wall time, for times ago. Throws `usage`. */
export function parseCommand(argv: readonly string[], now: number): Command {
  const [name = 'help', ...rest] = argv
  const isAction = (word: string): word is Action => Object.hasOwn(ACTIONS, word)
  if (!isAction(name)) {
    if (['help', '--help', '-h'].includes(name)) return { action: 'help', of: undefined }
    const hint = `one of: ${Object.keys(ACTIONS).join(', ')}; see \`hubleaf buffer --help\``
    throw new HubleafError('usage', `there is no action "${name}"`, { hint })
  }
  if (rest.includes('--help') || rest.includes('-h')) return { action: 'help', of: name }
  const values = parseFlags(name, rest)
  switch (name) {
    case 'status':
    case 'verify':
      return { action: name, target: targetOf(name, values), json: values.json === true }
    case 'purge':
      return purgeCommand(values, now)
    case 'ls':
    case 'cat':
    case 'export':
      return listCommand(name, values, now)
  }
}

type Values = ReturnType<typeof parseAll>

function parseAll(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values
}

function parseFlags(action: Action, args: readonly string[]): Values {
  const hint = `see \`hubleaf buffer ${action} --help\``
  let values: Values
  try {
    values = parseAll(args)
  } catch (cause) {
    throw new HubleafError('usage', messageOf(cause), { hint, cause })
  }
  const known: readonly string[] = TAKES[action]
  const strange = Object.keys(values).find((key) => !known.includes(key))
  if (strange === undefined) return values
  throw new HubleafError('usage', `${action} has no flag --${strange}`, { hint })
}

function targetOf(action: Action, values: Values): Target {
  const { config, file, hub } = values
  if (file !== undefined && config !== undefined) {
    throw new HubleafError('usage', 'give --config or --file, not both')
  }
  if (file === undefined) {
    if (hub === undefined) return { kind: 'config', file: config }
    throw new HubleafError('usage', '--hub goes with --file; a configuration names its hub')
  }
  const parsed = hub === undefined ? undefined : parseHubId(hub)
  if (hub !== undefined && parsed === undefined) {
    const hint = `hubleaf buffer ${action} --file ${file} --hub lake-house`
    throw new HubleafError('usage', `--hub ${hub} is no hub's name`, { hint })
  }
  return { kind: 'file', file, hub: parsed }
}

function listCommand(action: ListCommand['action'], values: Values, now: number): ListCommand {
  const at = (name: 'since' | 'until'): number | undefined => {
    const given = values[name]
    return given === undefined ? undefined : parseTime(name, given, now)
  }
  const chosen = ROW_STATES.filter((state) => values[state] === true)
  return {
    ...{ action, target: targetOf(action, values), format: formatOf(action, values) },
    ...{ limit: limitOf(values.limit), output: values.output },
    filter: {
      ...{ types: parseTypes(values.type ?? []), devices: values.device ?? [] },
      ...{ since: at('since'), until: at('until'), records: values.records === true },
      states: new Set(chosen.length > 0 ? chosen : ROW_STATES),
    },
  }
}

function formatOf(action: ListCommand['action'], values: Values): Format {
  if (action === 'ls') return values.json === true ? 'ndjson' : 'table'
  const format = values.format ?? 'ndjson'
  if (format === 'ndjson' || format === 'csv') return format
  throw new HubleafError('usage', `--format ${format}: there are ndjson and csv`)
}

function limitOf(given: string | undefined): number {
  if (given === undefined) return Infinity
  if (/^[1-9]\d{0,14}$/.test(given)) return Number(given)
  throw new HubleafError('usage', `--limit ${given} is no number of rows from 1`)
}

function purgeCommand(values: Values, now: number): PurgeCommand {
  const types = values.type ?? []
  const strange = types.find((type) => parseSensorType(type) === undefined)
  if (strange !== undefined) {
    const hint = 'types are words such as "temperature"; records are never given up'
    throw new HubleafError('usage', `--type ${strange}: no readings are of this type`, { hint })
  }
  const { config, before } = values
  return {
    ...{ action: 'purge', target: { kind: 'config', file: config }, types },
    before: before === undefined ? undefined : parseTime('before', before, now),
    ...{ yes: values.yes === true, json: values.json === true },
  }
}
