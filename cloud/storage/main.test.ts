import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { connect } from '@nats-io/transport-node'
import t from 'tap'
import type { Test } from 'tap'
import { parseJson, textAt } from '../../base/json.ts'
import { temporaryFolder } from '../../test/fixtures/folder.ts'
import { startNatsServer } from '../../test/fixtures/nats-server.ts'
import { rowOf, rowsFrom } from '../../test/fixtures/rows.ts'
import { storageClient } from './client.ts'

const hubleaf = fileURLToPath(new URL('../../hubleaf.ts', import.meta.url))

interface Verb {
  readonly child: ChildProcess
  readonly output: Readable
}

/** `hubleaf storage` on a configuration. */
function start(t: Test, config: object): Verb {
  const file = join(temporaryFolder(t), 'storage.yaml')
  writeFileSync(file, JSON.stringify(config))
  const args = [hubleaf, 'storage', '--config', file]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  return { child, output: child.stderr }
}

/** Resolves when the process has logged the event. */
async function logged(output: Readable, event: string): Promise<void> {
  for await (const line of createInterface(output)) {
    if (textAt(parseJson(line), 'event') === event) break
  }
  output.resume()
}

t.test('the verb serves, survives kill -9, and ends clean on SIGTERM', async (t) => {
  const { url } = await startNatsServer(t)
  const config = { nats: { url }, data_dir: join(temporaryFolder(t), 'data') }
  const connection = await connect({ servers: url })
  t.teardown(() => connection.close())
  const client = storageClient(connection)
  const first = start(t, config)
  await logged(first.output, 'storage_started')
  t.equal((await client.write(rowsFrom(1, 100))).stored, 100)
  first.child.kill('SIGKILL')
  await once(first.child, 'exit')
  const second = start(t, config)
  await logged(second.output, 'storage_started')
  t.same(await client.write([rowOf(100), rowOf(101)]), { stored: 1, repeated: 1, conflicts: [] })
  second.child.kill('SIGTERM')
  t.same(await once(second.child, 'exit'), [0, null])
})

t.test('SIGTERM ends it also when the server has gone', async (t) => {
  const server = await startNatsServer(t)
  const config = { nats: { url: server.url }, data_dir: join(temporaryFolder(t), 'data') }
  const { child, output } = start(t, config)
  await logged(output, 'storage_started')
  await server.stop()
  child.kill('SIGTERM')
  t.same(await once(child, 'exit'), [0, null])
})

t.test('a configuration that is none is told with the key', async (t) => {
  const { child, output } = start(t, { nats: { url: 'nats://127.0.0.1:1' }, data_dri: 'x' })
  output.setEncoding('utf8')
  const said = (await output.toArray()).join('')
  t.match(said, /did you mean "data_dir"/)
  t.equal(child.exitCode ?? (await once(child, 'exit'))[0], 1)
})
