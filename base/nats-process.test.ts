// A supervised nats-server, real: what a killed owner may leave behind must not stop the next start.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { eventually } from '../test/fixtures/eventually.ts'
import { temporaryFolder } from '../test/fixtures/folder.ts'
import { systemClock } from './clock.ts'
import { readIfThere } from './durable-file.ts'
import { findNatsServer } from './find-nats-server.ts'
import { freePorts } from './free-port.ts'
import { silentLogger } from './log.ts'
import { startNatsProcess } from './nats-process.ts'
import { isAlive } from './process.ts'
import { systemRandom } from './random.ts'

async function serverOptions(t: Test) {
  const folder = temporaryFolder(t)
  const [port = 0] = await freePorts(1)
  const at = (name: string): string => join(folder, name)
  const files = { pidFile: at('server.pid'), logFile: at('server.log') }
  const configText = `listen: "127.0.0.1:${port}"
pid_file: ${JSON.stringify(files.pidFile)}
log_file: ${JSON.stringify(files.logFile)}
logfile_size_limit: 1MB
`
  return {
    ...{ role: 'test', binary: (await findNatsServer(process.env)) ?? '' },
    ...{ configFile: at('server.conf'), configText, ...files, port },
    ...{ clock: systemClock, random: systemRandom, log: silentLogger },
  }
}

/** A server as a killed owner leaves it. */
async function leaveBehind(t: Test, options: Awaited<ReturnType<typeof serverOptions>>) {
  writeFileSync(options.configFile, options.configText)
  const child = spawn(options.binary, ['-c', options.configFile], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const log = await eventually(
    () => readIfThere(options.logFile) ?? '',
    (text) => text.includes('Server is ready'),
    10_000,
  )
  t.match(log, 'Server is ready')
  return child.pid ?? 0
}

t.test('a server left behind is adopted though another id stands in the pid file', async (t) => {
  const options = await serverOptions(t)
  const pid = await leaveBehind(t, options)
  // What a second server does that could not listen: it writes its id, then ends.
  const second = spawn(options.binary, ['-c', options.configFile], { stdio: 'ignore' })
  await once(second, 'exit')
  t.equal(Number(readIfThere(options.pidFile)), second.pid)
  const server = await startNatsProcess(options)
  t.teardown(() => server[Symbol.asyncDispose]())
  t.equal(server.pid(), pid)
  t.equal(Number(readIfThere(options.pidFile)), pid)
  await server[Symbol.asyncDispose]()
  t.notOk(isAlive(pid))
})

t.test('a server left behind with another configuration is ended', async (t) => {
  const options = await serverOptions(t)
  const pid = await leaveBehind(t, options)
  const configText = `${options.configText}max_payload: 2MB\n`
  const server = await startNatsProcess({ ...options, configText })
  t.teardown(() => server[Symbol.asyncDispose]())
  t.notOk(isAlive(pid))
  t.ok(isAlive(server.pid()))
})

t.test('a log that is about to be rotated does not hide that the server is ready', async (t) => {
  const options = await serverOptions(t)
  writeFileSync(options.logFile, 'x\n'.repeat(524_100))
  const startedAt = systemClock.monotonic()
  const server = await startNatsProcess(options)
  t.teardown(() => server[Symbol.asyncDispose]())
  t.ok(systemClock.monotonic() - startedAt < 5000)
  t.ok(isAlive(server.pid()))
})
