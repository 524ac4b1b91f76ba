// How this benchmark starts a program of its own and hears its figures: one JSON argument in, one JSON
// object of numbers on the last line of standard output. A program that fails fails the benchmark.

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as z from 'zod'
import { HubleafError } from '../../../base/errors.ts'
import { parseJson } from '../../../base/json.ts'
import type { Launch } from '../../../base/launch.d.mts'
import { launchOf } from '../../../base/launch.mjs'
import { isOurs, programFile } from './build.ts'
import type { ProgramName } from './build.ts'
import type { Figures } from './figures.ts'

const figuresSchema = z.record(z.string(), z.number())

/**
 * Node's flags and the environment for what is measured: those that the launcher gives to the verb. A
 * CPU profile of each where the environment asks for it.
 */
export function launchMeasured(verb?: 'agent') {
  const { options, environment }: Launch = launchOf(verb)
  const profiles = process.env['HUBLEAF_BENCH_PROFILES']
  const profile = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`]
  return { flags: [...options, ...profile], env: { ...environment, ...process.env } }
}

/** Runs a program to its end; its error output is ours. Throws `internal` if it fails. */
export async function runProgram(
  dist: string,
  name: ProgramName,
  args: object,
  onStart?: (child: ChildProcess) => void,
): Promise<Figures> {
  const { flags, env } = launchMeasured(isOurs(name) ? 'agent' : undefined)
  const words = [...flags, programFile(dist, name), JSON.stringify(args)]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], env })
  onStart?.(child)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await once(child, 'close')
  const parsed = figuresSchema.safeParse(parseJson(output.trimEnd().split('\n').at(-1) ?? ''))
  if (child.exitCode === 0 && parsed.success) return parsed.data
  throw new HubleafError('internal', `the program ${name} failed: ${output.slice(-500)}`)
}

/** The argument of this program. Throws zod's error for one that it does not understand. */
export function readArguments<T>(schema: z.ZodType<T>): T {
  return schema.parse(parseJson(process.argv[2] ?? ''))
}

/** Says what this program has measured. */
export function report(figures: Figures): void {
  process.stdout.write(`${JSON.stringify(figures)}\n`)
}
