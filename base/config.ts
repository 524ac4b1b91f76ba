// Reads the YAML file of one process role. Unknown keys are errors with the nearest known key, every
// error names file and key, and `HUBLEAF_<KEY>` in the environment wins over the file
// (`http.listen` is HUBLEAF_HTTP_LISTEN). The result is a plain object of the schema's type.

import { readFileSync } from 'node:fs'
import { closest } from 'fastest-levenshtein'
import { parseDocument } from 'yaml'
import * as z from 'zod'
import { HubleafError, messageOf } from './errors.ts'
import { isJsonObject } from './json.ts'
import type { JsonObject } from './json.ts'

/** Where a configuration comes from. */
export interface ConfigSource {
  /** The YAML file; without one, defaults and environment alone. */
  readonly file?: string | undefined
  readonly env: { readonly [name: string]: string | undefined }
}

/** The configuration. Throws `config_unreadable` or `config_invalid`. */
export function loadConfig<S extends z.ZodObject>(schema: S, source: ConfigSource): z.output<S> {
  const given = environmentKeys(schema, source.env)
  const where = [source.file, ...given].filter((name) => name !== undefined).join(' with ')
  const fromFile = source.file === undefined ? {} : readYaml(source.file)
  const input = overlay(fromFile, schema, source.env)
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.flatMap((issue) => explain(issue, schema, input))
  const hint = 'docs/OPERATING.md lists the keys of each process'
  throw new HubleafError(
    'config_invalid',
    `${where || 'the configuration'} is not valid:\n  ${lines.join('\n  ')}`,
    { hint },
  )
}

function readYaml(file: string): JsonObject {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `cannot read the configuration ${file}: ${messageOf(cause)}`
    throw new HubleafError('config_unreadable', message, { cause })
  }
  const document = parseDocument(text, { prettyErrors: true })
  const problem = document.errors[0]
  if (problem !== undefined) {
    throw new HubleafError('config_invalid', `${file} is not YAML: ${problem.message}`)
  }
  const value: unknown = document.toJS()
  if (value === null) return {}
  if (!isJsonObject(value)) {
    throw new HubleafError('config_invalid', `${file} must hold keys and values`)
  }
  return value
}

/** The input with what the environment says on top, for each key that the schema has. */
function overlay(
  input: JsonObject,
  schema: z.ZodObject,
  env: ConfigSource['env'],
  prefix = 'HUBLEAF',
): JsonObject {
  const result: { [key: string]: unknown } = { ...input }
  for (const key of Object.keys(schema.shape)) {
    const name = `${prefix}_${key.toUpperCase()}`
    const inner = objectOf(schema.shape[key])
    const given = result[key]
    if (inner !== undefined) {
      const below = isJsonObject(given) ? given : {}
      const merged = overlay(below, inner, env, name)
      if (Object.keys(merged).length > 0 && (given === undefined || isJsonObject(given))) {
        result[key] = merged
      }
      continue
    }
    const text = env[name]
    if (text !== undefined) result[key] = fromText(schema.shape[key], text)
  }
  return result
}

/** The variables of the environment that set keys of this schema. */
function environmentKeys(schema: z.ZodObject, env: ConfigSource['env']): readonly string[] {
  const names = configKeys(schema).map((key) => `HUBLEAF_${key.toUpperCase().replaceAll('.', '_')}`)
  return names.filter((name) => env[name] !== undefined)
}

/** The text as it is where the key takes text, else as YAML: numbers, booleans, lists. */
function fromText(leaf: unknown, text: string): unknown {
  const asText = leaf instanceof z.ZodType && leaf.safeParse(text).success
  return asText ? text : parseDocument(text).toJS()
}

/** All keys of a schema with dots between levels, such as `http.listen`. */
export function configKeys(schema: z.ZodObject, prefix = ''): readonly string[] {
  return Object.entries(schema.shape).flatMap(([key, value]) => {
    const inner = objectOf(value)
    return inner === undefined ? [`${prefix}${key}`] : configKeys(inner, `${prefix}${key}.`)
  })
}

/** The object schema inside defaults and optionals, if there is one. */
function objectOf(schema: unknown): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema
  if (
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodPrefault
  ) {
    return objectOf(schema.unwrap())
  }
  return undefined
}

function explain(issue: z.core.$ZodIssue, schema: z.ZodObject, input: JsonObject): string[] {
  const path = issue.path.map(String)
  if (issue.code === 'invalid_type' && isMissing(input, path)) {
    return [`${path.join('.')} is missing`]
  }
  if (issue.code !== 'unrecognized_keys') {
    return [`${path.join('.') || 'it'}: ${issue.message}`]
  }
  const known = knownKeys(schema, path)
  return issue.keys.map((key) => {
    const near = known.length > 0 ? `; did you mean "${closest(key, known)}"?` : ''
    return `there is no key "${[...path, key].join('.')}"${near}`
  })
}

function isMissing(input: JsonObject, path: readonly string[]): boolean {
  let at: unknown = input
  for (const key of path) at = isJsonObject(at) ? at[key] : undefined
  return at === undefined
}

function knownKeys(schema: z.ZodObject, path: readonly string[]): string[] {
  let at: unknown = schema
  for (const part of path) at = objectOf(at)?.shape[part] ?? elementOf(at)
  return Object.keys(objectOf(at)?.shape ?? {})
}

/** The schema of a list's entries, if it is one's. */
function elementOf(schema: unknown): unknown {
  if (schema instanceof z.ZodArray) return schema.element
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? elementOf(schema.unwrap())
    : undefined
}

/** A `host:port` to listen on; port 0 takes a free one. */
export const listenAddress = z.string().transform((text, context) => {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:]+):(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match?.[1] !== undefined && port <= 65_535) {
    return { host: match[1].replace(/^\[|\]$/g, ''), port }
  }
  context.addIssue({ code: 'custom', message: 'must be host:port, such as "127.0.0.1:8080"' })
  return z.NEVER
})

/** A listen address after parsing. */
export type ListenAddress = z.output<typeof listenAddress>
