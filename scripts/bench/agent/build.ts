// Emits the program, and the parts of this benchmark that run in processes of their own, as JavaScript
// into a temporary folder: what is measured is what is shipped. Types are not checked here; `tsc` of
// the project's check does that.

import { spawnSync } from 'node:child_process'
import { cpSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HubleafError } from '../../../base/errors.ts'
import { ensureFolder } from '../../../base/folder.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** The files that are started with arguments of their own, below scripts/bench, without ending. */
export const PROGRAMS = {
  fill: 'agent/programs/fill',
  append: 'agent/programs/append',
  forward: 'agent/programs/forward',
  record: 'agent/programs/record',
  live: 'agent/programs/live',
  polled: 'agent/programs/polled',
  cost: 'agent/programs/cost',
  sqliteAppend: 'limits/sqlite-append',
  publishPacks: 'limits/publish-packs',
} as const

/** One of those files. */
export type ProgramName = keyof typeof PROGRAMS

/** Emits all into `folder`. Throws `internal` with the compiler's words. */
export function emit(folder: string): void {
  ensureFolder(folder)
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  symlinkSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  const project = join(folder, 'tsconfig.json')
  const files = Object.values(PROGRAMS).map((name) => join(ROOT, 'scripts/bench', `${name}.ts`))
  const compilerOptions = { outDir: folder, rootDir: ROOT, noCheck: true }
  const settings = { extends: join(ROOT, 'tsconfig.build.json'), compilerOptions, files }
  writeFileSync(project, JSON.stringify(settings))
  const compiler = join(ROOT, 'node_modules/.bin/tsc')
  const ran = spawnSync(process.execPath, [compiler, '-p', project], { encoding: 'utf8' })
  // The compiler takes TypeScript only.
  cpSync(join(ROOT, 'base/launch.mjs'), join(folder, 'base/launch.mjs'))
  if (ran.status !== 0) throw new HubleafError('internal', `tsc failed: ${ran.stdout}${ran.stderr}`)
}

/** True for parts of the agent, false for the limits that they are measured against. */
export function isOurs(name: ProgramName): boolean {
  return PROGRAMS[name].startsWith('agent/')
}

/** The emitted file of a program. */
export function programFile(folder: string, name: ProgramName): string {
  return join(folder, 'scripts/bench', `${PROGRAMS[name]}.js`)
}
