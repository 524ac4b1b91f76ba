// A demo that was killed leaves its nats-servers behind: the next one takes them over, or ends what it
// cannot use, and everything that was accepted is there.

import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import { freePorts } from '../../base/free-port.ts'
import { isAlive } from '../../base/process.ts'
import { startDemoProcess } from '../fixtures/demo.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { judge, startLoad } from '../fixtures/load.ts'

const CHILDREN = ['worker-temperature', 'worker-humidity', 'worker-others', 'storage', 'dashboard']

t.test('P10.4 servers left behind by a killed demo are taken over by the next', async (t) => {
  const folder = temporaryFolder(t)
  const [dashboard = 0, push = 0] = await freePorts(2)
  const first = await startDemoProcess(folder, [dashboard, push])
  t.teardown(() => first.stop())
  const rate = { readingsPerSecond: 200, clock: systemClock }
  const load = startLoad({
    url: `http://127.0.0.1:${push}`,
    device: 'load',
    logFile: join(folder, 'log'),
    ...rate,
  })
  await eventually(load.accepted, (count) => count >= 200, 20_000)
  const servers = { leaf: first.pidOf('leaf'), cloud: first.pidOf('cloud') }
  const children = CHILDREN.map((name) => first.pidOf(name))
  process.kill(first.pidOf('agent'), 'SIGKILL')
  first.process.kill('SIGKILL')
  const running = await eventually(
    () => children.filter(isAlive),
    (list) => list.length === 0,
    15_000,
  )
  t.strictSame(running, [], 'the children of a killed demo end by themselves')
  t.ok(isAlive(servers.leaf) && isAlive(servers.cloud), 'its servers are still there')

  const second = await startDemoProcess(folder, [dashboard, push])
  t.teardown(() => second.stop())
  t.equal(second.pidOf('cloud'), servers.cloud, 'the cloud’s server was adopted')
  const leaf = await eventually(
    () => second.pidOf('leaf'),
    (pid) => isAlive(pid),
    10_000,
  )
  t.equal(leaf, servers.leaf, 'the leaf was adopted')
  const sent = await load.stop()
  const verdict = await eventually(
    () => judge(join(folder, 'storage/readings.sqlite'), 'load', sent),
    ({ missing }) => missing.length === 0,
    15_000,
  )
  t.strictSame(verdict, { missing: [], twice: [], unknown: [] }, `${sent} readings, each once`)
  t.equal(await second.stop(), 0)
  t.strictSame([servers.leaf, servers.cloud].filter(isAlive), [], 'nothing is left running')
})

t.test('two demos on one folder: the second says so', async (t) => {
  const folder = temporaryFolder(t)
  const [a = 0, b = 0, c = 0, d = 0] = await freePorts(4)
  const first = await startDemoProcess(folder, [a, b])
  t.teardown(() => first.stop())
  await t.rejects(startDemoProcess(folder, [c, d]), {
    message: /demo_running: a demo is running already with .*\n.*its page is http:/,
  })
  t.equal(await first.stop(), 0)
})
