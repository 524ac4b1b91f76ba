// `npm run check`: all that can be judged without a quiet machine, each step once, in the order in
// which it is cheapest to fail. All steps run, so that one look shows everything that is wrong.

import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../../base/clock.ts'
import { EXIT } from '../../base/verb.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const NOT_OURS = ['node_modules', 'dist', 'data', '.tap', 'coverage']

/** One judge: its name, and a program of node_modules/.bin with its arguments. */
interface Step {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
}

/** The suites that are neither slow nor easily disturbed: all but those of whole processes. */
function quickSuites(): readonly string[] {
  const exclude = (path: string): boolean => NOT_OURS.includes(path)
  const suites = globSync('**/*.test.ts', { cwd: ROOT, exclude })
  return suites.filter((path) => !path.startsWith('test/system/')).sort()
}

function steps(): readonly Step[] {
  return [
    { name: 'format', program: 'prettier', args: ['--check', '--log-level=warn', '.'] },
    { name: 'types', program: 'tsc', args: [] },
    { name: 'types of the page', program: 'tsc', args: ['-p', 'cloud/dashboard/page'] },
    { name: 'lint', program: 'eslint', args: ['.'] },
    { name: 'quick tests', program: 'tap', args: ['run', ...quickSuites()] },
  ]
}

async function succeeds({ program, args }: Step): Promise<boolean> {
  return new Promise((resolve) => {
    const file = `node_modules/.bin/${program}`
    const child = spawn(process.execPath, [file, ...args], { cwd: ROOT, stdio: 'inherit' })
    child.once('error', () => resolve(false)).once('exit', (code) => resolve(code === 0))
  })
}

const failed: string[] = []
for (const step of steps()) {
  const startedAt = systemClock.monotonic()
  const ok = await succeeds(step)
  const seconds = ((systemClock.monotonic() - startedAt) / 1000).toFixed(1)
  process.stdout.write(`${ok ? 'ok' : 'FAILED'}  ${step.name} (${seconds} s)\n`)
  if (!ok) failed.push(step.name)
}
process.stdout.write(failed.length === 0 ? 'all is well\n' : `failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? EXIT.ok : EXIT.failed
