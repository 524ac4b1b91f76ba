// Kill -9 of each process in turn under 500 readings/s: after 10 s of quiet every acknowledged reading
// is in the database exactly once, judged by SQL against the load generator's own synced log.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { systemClock } from '../../base/clock.ts'
import { isAlive } from '../../base/process.ts'
import { freePorts } from '../../base/free-port.ts'
import { startDemoProcess } from '../fixtures/demo.ts'
import { eventually } from '../fixtures/eventually.ts'
import { temporaryFolder } from '../fixtures/folder.ts'
import { judge, startLoad } from '../fixtures/load.ts'

const VICTIMS = [
  ...['agent', 'leaf', 'worker-temperature', 'worker-others', 'storage'],
  ...['cloud', 'dashboard'],
]

t.test(
  'P1.3 P2.2 P2.4 P10.1 P10.5 any one process killed: nothing lost, nothing twice',
  async (t) => {
    const folder = temporaryFolder(t)
    const [dashboard = 0, push = 0] = await freePorts(2)
    const demo = await startDemoProcess(folder, [dashboard, push])
    t.teardown(() => demo.stop())
    const load = startLoad({
      ...{ url: demo.pushUrl, device: 'load', readingsPerSecond: 500, clock: systemClock },
      logFile: join(folder, 'accepted.log'),
    })
    for (const victim of VICTIMS) {
      const before = load.accepted()
      await eventually(load.accepted, (count) => count >= before + 500, 30_000)
      const killed = demo.pidOf(victim)
      process.kill(killed, 'SIGKILL')
      const now = await eventually(
        () => demo.pidOf(victim),
        (pid) => pid !== killed && isAlive(pid),
        20_000,
      )
      t.not(now, killed, `${victim} runs again`)
      const after = load.accepted()
      const more = await eventually(load.accepted, (count) => count >= after + 500, 30_000)
      t.ok(more >= after + 500, `readings are accepted after ${victim} was killed`)
    }
    const sent = await load.stop()
    const file = join(folder, 'storage/readings.sqlite')
    const verdict = await eventually(
      () => judge(file, 'load', sent),
      ({ missing }) => missing.length === 0,
      10_000,
    )
    t.strictSame(verdict, { missing: [], twice: [], unknown: [] }, `${sent} readings, each once`)
    const missing = await eventually(
      () => holes(file),
      (found) => found.length === 0,
      10_000,
    )
    t.strictSame(missing, [], 'no sequence has a hole')
    const pids = [...VICTIMS, 'worker-humidity'].map((name) => demo.pidOf(name))
    t.equal(await demo.stop(), 0)
    t.strictSame(pids.filter(isAlive), [], 'nothing is left running')
  },
)

/** Runs of a type within an epoch whose highest seq is not the number of their rows. */
function holes(databaseFile: string): readonly unknown[] {
  const database = new DatabaseSync(databaseFile, { readOnly: true })
  try {
    return database
      .prepare(
        `SELECT epoch, type, count(*) AS n, max(seq) AS last FROM readings
         WHERE type <> '_heartbeat' GROUP BY epoch, type HAVING n <> last`,
      )
      .all()
  } finally {
    database.close()
  }
}
