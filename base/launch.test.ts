// The launcher tried on real processes: it becomes the program where it can, and stands in for it where
// it cannot; the agent alone is started small.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { parseJson, textAt } from './json.ts'
import { launchOf } from './launch.mjs'

const launch = JSON.stringify(new URL('launch.mjs', import.meta.url).href)

/** Starts a program that says its process id and its variables, through the launcher. */
function started(preparation: string, end: string, env: object = {}) {
  const program = `
    process.on('SIGTERM', () => process.exit(5))
    console.log(JSON.stringify({ pid: String(process.pid), ...process.env }))
    ${end}`
  const launcher = `
    ${preparation}
    const { become } = await import(${launch})
    const args = ['-e', ${JSON.stringify(program)}]
    process.exitCode = await become(process.execPath, args, { ...process.env, FROM: 'launcher' })`
  const child = spawn(process.execPath, ['--input-type=module', '-e', launcher], {
    ...{ stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } },
  })
  let output = ''
  let complaints = ''
  child.stdout.on('data', (data) => (output += String(data)))
  child.stderr.on('data', (data) => (complaints += String(data)))
  const said = once(child.stdout, 'data')
  const ended = once(child, 'close').then(() => {
    const { exitCode: code, signalCode: signal } = child
    return { code, signal, complaints }
  })
  return { child, said, ended, output: () => parseJson(output) }
}

t.test('it becomes the program: one process, its exit code, and no word about that', async (t) => {
  const run = started('', 'process.exit(7)')
  t.same(await run.ended, { code: 7, signal: null, complaints: '' })
  t.equal(textAt(run.output(), 'pid'), String(run.child.pid))
  t.equal(textAt(run.output(), 'FROM'), 'launcher')
})

t.test('a Node that cannot do that stands in for the program', async (t) => {
  const run = started('process.execve = undefined', 'process.exit(7)')
  t.match(await run.ended, { code: 7, signal: null })
  t.not(textAt(run.output(), 'pid'), String(run.child.pid))
})

t.test('a signal reaches the program either way', async (t) => {
  for (const preparation of ['', 'process.execve = undefined']) {
    const run = started(preparation, 'setInterval(Date, 1000)')
    await run.said
    run.child.kill('SIGTERM')
    t.match(await run.ended, { code: 5, signal: null }, preparation)
  }
})

t.test('a program that is not there is a sentence and 127', async (t) => {
  const launcher = `
    const { become } = await import(${launch})
    process.exitCode = await become('/nowhere/node', [], process.env)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', launcher])
  let complaints = ''
  child.stderr.on('data', (data) => (complaints += String(data)))
  await once(child, 'close')
  t.equal(child.exitCode, 127)
  t.match(complaints, /^hubleaf: \/nowhere\/node cannot be started: .*\n$/)
})

t.test('Node takes what the agent is started with; other verbs get none of it', async (t) => {
  const { options, environment } = launchOf('agent')
  const child = spawn(process.execPath, [...options, '-e', ''], {
    env: { ...process.env, ...environment },
  })
  t.same(await once(child, 'close'), [0, null])
  t.not(options.length, launchOf('storage').options.length)
  t.same(launchOf(undefined), {
    options: ['--disable-warning=ExperimentalWarning'],
    environment: {},
  })
})
