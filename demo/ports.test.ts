import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { writeDurably } from '../base/durable-file.ts'
import { freePorts } from '../base/free-port.ts'
import { temporaryFolder } from '../test/fixtures/folder.ts'
import { choosePorts, PREFERRED } from './ports.ts'

/** Takes a port until the test ends. */
async function take(t: Test): Promise<number> {
  const server = createServer()
  t.teardown(() => server.close())
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

const nobody = () => false

t.test('ports stay from one start to the next, but for one that was taken', async (t) => {
  const file = join(temporaryFolder(t), 'ports.json')
  const first = await choosePorts(file, {}, nobody)
  t.equal(new Set(Object.values(first)).size, 6)
  t.strictSame(await choosePorts(file, {}, nobody), first)
  const cloudLeaf = await take(t)
  writeDurably(file, JSON.stringify({ ...first, cloudLeaf }))
  const second = await choosePorts(file, {}, nobody)
  t.not(second.cloudLeaf, cloudLeaf)
  t.equal(second.cloudClient, first.cloudClient)
  writeDurably(file, JSON.stringify({ ...first, cloudLeaf }))
  const held = await choosePorts(file, {}, (name) => name === 'cloudLeaf')
  t.equal(held.cloudLeaf, cloudLeaf, 'a server of ours may have it')
})

t.test('the usual port is taken again as soon as it is free', async (t) => {
  const file = join(temporaryFolder(t), 'ports.json')
  const [elsewhere = 0] = await freePorts(1)
  writeDurably(file, JSON.stringify({ dashboard: elsewhere }))
  const { dashboard } = await choosePorts(file, {}, nobody)
  t.ok([PREFERRED.dashboard, elsewhere].includes(dashboard))
  if (dashboard === elsewhere) t.comment('another program has the usual port')
})

t.test('a port that the user gave is used, or refused with its number', async (t) => {
  const file = join(temporaryFolder(t), 'ports.json')
  const [dashboard = 0] = await freePorts(1)
  t.equal((await choosePorts(file, { dashboard }, nobody)).dashboard, dashboard)
  const push = await take(t)
  await t.rejects(choosePorts(file, { push }, nobody), {
    code: 'port_taken',
    message: `port ${push} is taken by another program`,
  })
})
