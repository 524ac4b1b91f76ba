// Stopping an agent: within its stated time, whatever a sender or a source does, so that nobody has to
// kill it and its leaf is not left behind.

import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../base/clock.ts'
import { silentLogger } from '../base/log.ts'
import { systemRandom } from '../base/random.ts'
import { temporaryFolder } from '../test/fixtures/folder.ts'
import { hubOf, temperature } from '../test/fixtures/readings.ts'
import { startAgent } from './agent.ts'
import { agentSchema } from './config.ts'
import { pollingSource } from './source/poll.ts'
import type { Source } from './source/source.ts'

async function runAgent(t: Test, sources: readonly Source[]) {
  const folder = temporaryFolder(t)
  const http = { listen: '127.0.0.1:0' }
  return startAgent({
    config: agentSchema.parse({ hub: hubOf('h1'), data_dir: join(folder, 'agent'), http }),
    ...{ version: '0', sources, natsServer: async () => undefined },
    ...{ clock: systemClock, random: systemRandom, log: silentLogger },
  })
}

/** True if the agent has stopped within its 10 s, with something to spare. */
async function stopsInTime(agent: AsyncDisposable): Promise<boolean> {
  const late = new AbortController()
  const stopped = agent[Symbol.asyncDispose]().then(() => true)
  const deadline = systemClock.sleep(8000, late.signal).then(() => false)
  const inTime = await Promise.race([stopped, deadline])
  late.abort()
  return inTime
}

t.test('a sender that stalls inside its request does not hold up the end', async (t) => {
  const agent = await runAgent(t, [])
  const socket = connect(agent.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const head = 'POST /v1/readings HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
  socket.write(`${head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n`)
  // The interim answer shows that the request has begun.
  await once(socket, 'data')
  socket.write('{"type"')
  t.ok(await stopsInTime(agent))
})

t.test('a source whose poll never ends does not hold up the end', async (t) => {
  const polled = Promise.withResolvers<undefined>()
  const stuck = pollingSource({
    ...{ name: 'stuck', intervalMs: 10, clock: systemClock, log: silentLogger },
    poll: async () => {
      polled.resolve(undefined)
      return new Promise<never>(() => undefined)
    },
  })
  const agent = await runAgent(t, [stuck])
  await polled.promise
  t.ok(await stopsInTime(agent))
})

t.test('a source that fails leaves the others alone, and recovers', async (t) => {
  let polls = 0
  const accepted: unknown[] = []
  const named = { intervalMs: 5, clock: systemClock, log: silentLogger }
  const source = pollingSource({
    ...{ name: 'flaky', ...named },
    poll: async () => {
      polls += 1
      if (polls < 3) throw new RangeError('the sensor does not answer')
      return [temperature(polls)]
    },
  })
  const stop = new AbortController()
  const running = source.run(
    {
      async accept(readings) {
        accepted.push(...readings)
        stop.abort()
        return []
      },
    },
    stop.signal,
  )
  await running
  t.equal(accepted.length, 1)
})
