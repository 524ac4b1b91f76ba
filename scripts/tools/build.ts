// `npm run build`: emits the program as JavaScript into dist/, and beside it the files that it reads
// when it runs. The folder is made anew, so that nothing of an earlier build stays in it.

import { spawnSync } from 'node:child_process'
import { cpSync, globSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { EXIT } from '../../base/verb.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DIST = `${ROOT}dist`
/** What is neither compiled nor code: pages, schemas, templates. */
const READ_AT_RUN_TIME = '{agent,cloud,containerpilot}/**/*.{html,css,svg,sql,json5,ctmpl}'
const PROJECTS = [
  ['-p', 'tsconfig.build.json'],
  ['-p', 'cloud/dashboard/page', '--noEmit', 'false', '--outDir', DIST],
]

function emit(args: readonly string[]): boolean {
  const compiler = ['node_modules/.bin/tsc', ...args]
  return spawnSync(process.execPath, compiler, { cwd: ROOT, stdio: 'inherit' }).status === 0
}

rmSync(DIST, { recursive: true, force: true })
const ok = PROJECTS.every(emit)
for (const file of globSync(READ_AT_RUN_TIME, { cwd: ROOT })) {
  cpSync(`${ROOT}${file}`, `${DIST}/${file}`)
}
process.exitCode = ok ? EXIT.ok : EXIT.failed
