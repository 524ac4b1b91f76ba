// How a process ends, tried on real ones: by each signal, by the end of its parent, and with nobody left
// who reads what it prints.

import { spawn } from 'node:child_process'
import type { StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import t from 'tap'
import type { Test } from 'tap'
import { eventually } from '../test/fixtures/eventually.ts'

const here = JSON.stringify(new URL('.', import.meta.url).href)

/** A verb that logs, prints, waits for its end, prints again and exits with what runVerb says. */
const VERB = `
  const { aborted, runVerb } = await import(${here} + 'verb.ts')
  const { createLogger } = await import(${here} + 'log.ts')
  const log = createLogger({ name: 'test', level: 'info' })
  // Listening for signals alone keeps no process running; sockets do so in real verbs.
  setInterval(() => undefined, 1000)
  process.exit(await runVerb('test', async (signal) => {
    log.info('ready')
    process.stdout.write('ready\\n')
    await aborted(signal)
    log.info('ending')
    process.stdout.write('ending\\n')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }))`

function startVerb(t: Test, stdio: StdioOptions) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', VERB], { stdio })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const said: string[] = []
  child.stdout?.on('data', (data: Buffer) => said.push(data.toString()))
  const ready = async (): Promise<string> =>
    eventually(
      () => said.join(''),
      (text) => text.includes('ready'),
      10_000,
    )
  return { child, exited, ready, said }
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  t.test(`${signal} ends a verb in order`, async (t) => {
    const { child, exited, ready, said } = startVerb(t, ['ignore', 'pipe', 'ignore'])
    await ready()
    child.kill(signal)
    t.strictSame(await exited, [0, null])
    t.match(said.join(''), 'ending')
  })
}

t.test('the end of the parent ends a verb in order', async (t) => {
  const { child, exited, ready } = startVerb(t, ['ignore', 'pipe', 'ignore', 'ipc'])
  await ready()
  child.disconnect()
  t.strictSame(await exited, [0, null])
})

t.test('a reader that is gone does not break the end', async (t) => {
  const { child, exited, ready } = startVerb(t, ['ignore', 'pipe', 'ignore'])
  await ready()
  child.stdout?.destroy()
  child.kill('SIGTERM')
  t.strictSame(await exited, [0, null])
})

const noDevice = process.platform === 'linux' ? false : 'there is no /dev/full'
t.test('a log on a full disk costs its lines only', { skip: noDevice }, async (t) => {
  const full = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(full))
  const { child, exited, ready } = startVerb(t, ['ignore', 'pipe', full])
  t.match(await ready(), 'ready')
  child.kill('SIGTERM')
  t.strictSame(await exited, [0, null])
})
