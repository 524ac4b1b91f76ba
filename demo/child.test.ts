// A supervised child, real: it is started again whatever ended it or kept it from starting.

import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { systemClock } from '../base/clock.ts'
import { isAlive } from '../base/process.ts'
import { systemRandom } from '../base/random.ts'
import { eventually } from '../test/fixtures/eventually.ts'
import { temporaryFolder } from '../test/fixtures/folder.ts'
import { startChild } from './child.ts'

const WAITING = [process.execPath, '-e', 'setInterval(() => undefined, 1000)'] as const

t.test('a child that is killed is started again; disposal ends it', async (t) => {
  const pids: number[] = []
  const deaths: string[] = []
  const child = startChild({
    ...{ name: 'x', command: WAITING, logFile: join(temporaryFolder(t), 'log') },
    ...{ clock: systemClock, random: systemRandom },
    onStart: (pid) => pids.push(pid),
    onTrouble: (what) => t.fail(what),
    onDeath: (how) => deaths.push(how),
  })
  t.teardown(() => child[Symbol.asyncDispose]())
  process.kill(pids[0] ?? 0, 'SIGKILL')
  t.equal(
    await eventually(
      () => pids.length,
      (count) => count === 2,
      5000,
    ),
    2,
  )
  t.strictSame(deaths, ['SIGKILL'])
  await child[Symbol.asyncDispose]()
  t.strictSame(pids.filter(isAlive), [])
})

t.test('a log that cannot be opened and a note that cannot be made end nobody', async (t) => {
  const logFile = join(temporaryFolder(t), 'log')
  mkdirSync(logFile)
  const pids: number[] = []
  const deaths: string[] = []
  const troubles: string[] = []
  const child = startChild({
    ...{ name: 'x', command: WAITING, logFile, clock: systemClock, random: systemRandom },
    onStart(pid) {
      pids.push(pid)
      throw new RangeError('the disk is full')
    },
    onTrouble: (what) => troubles.push(what),
    onDeath: (how) => deaths.push(how),
  })
  t.teardown(() => child[Symbol.asyncDispose]())
  const why = await eventually(
    () => deaths[0] ?? '',
    (how) => how !== '',
    5000,
  )
  t.match(why, 'EISDIR')
  rmdirSync(logFile)
  const running = await eventually(
    () => pids.filter(isAlive),
    (list) => list.length === 1,
    5000,
  )
  t.equal(running.length, 1)
  t.strictSame(troubles, ['the disk is full'])
  await child[Symbol.asyncDispose]()
  t.strictSame(pids.filter(isAlive), [])
})
