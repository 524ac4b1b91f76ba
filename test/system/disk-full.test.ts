// A disk that is full is a state: a small mount that others fill, a quota that a long outage uses up.
// The agent stays up, says so, refuses what it cannot keep, and goes on by itself when there is room.

import { readdirSync, rmSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { eventually } from '../fixtures/eventually.ts'
import { startLink } from '../fixtures/link.ts'
import type { Link } from '../fixtures/link.ts'
import { Pushed } from '../fixtures/pushed.ts'
import { fill, smallDisk } from '../fixtures/small-disk.ts'
import { temporaryFolder } from '../fixtures/folder.ts'

const SECOND = 1000
const MIB = 1_048_576

t.setTimeout(280_000)

/** Each accepted reading is in the stream once, or its place is in a drop record. */
async function isAccountedFor(t: Test, link: Link, pushed: Pushed): Promise<void> {
  const gone = (): readonly number[] => {
    const { missing } = link.arrivals.verdict('load', pushed.sent())
    return missing.filter((number) => {
      const place = pushed.places.get(number)
      return place !== undefined && !link.arrivals.isDropped(place.type, place.seq)
    })
  }
  const lost = await eventually(gone, (found) => found.length === 0, 60 * SECOND)
  t.strictSame(
    lost.slice(0, 10),
    [],
    `${pushed.places.size} accepted, each there or dropped by record`,
  )
  const { twice, unknown } = link.arrivals.verdict('load', pushed.sent())
  t.strictSame({ twice, unknown }, { twice: [], unknown: [] })
  t.strictSame(link.arrivals.conflicts, [])
  t.strictSame(link.arrivals.uncovered(), [], 'no hole without a record')
  t.comment(
    `${link.arrivals.drops.length} drop records, answers ${JSON.stringify([...pushed.statuses])}`,
  )
}

function bytesIn(folder: string): number {
  return readdirSync(folder)
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0)
}

const ANSWERS = { drop_oldest: [200], drop_newest: [507, 503], block: [503] } as const

for (const policy of ['drop_oldest', 'drop_newest', 'block'] as const) {
  t.test(`P5.3 P5.4 a disk that others fill, ${policy}`, async (t) => {
    const disk = smallDisk(t, 48)
    if (disk === undefined) return
    const journal = { quota: '24MB', keep_free: '2MB', when_full: policy }
    const link = await startLink(t, { agentFolder: disk, agentConfig: { journal } })
    const pushed = new Pushed(link.agent.url, 'load')
    await eventually(
      async () => pushed.push(100),
      (status) => status === 200,
      20 * SECOND,
    )
    link.proxy.set({ kind: 'cut' })
    const filler = fill(disk)
    const answered: number[] = []
    for (let index = 0; index < 300; index += 1) answered.push(await pushed.push(100))
    t.ok(link.agent.isRunning(), 'it stays up')
    t.notOk(answered.includes(0), 'and answers')
    t.notOk(answered.includes(500), 'with no failure of its own')
    const expected: readonly number[] = ANSWERS[policy]
    t.ok(expected.includes(answered.at(-1) ?? 0), `the last answer is ${answered.at(-1)}`)
    const status = JSON.stringify(await link.agent.status())
    t.match(status, /"journal":\{"state":"(degraded|failed)","reason":"[^"]+/, 'it says so')
    rmSync(filler)
    const again = await eventually(
      async () => pushed.push(10),
      (code) => code === 200,
      30 * SECOND,
    )
    t.equal(again, 200, 'it accepts again by itself')
    link.proxy.set({ kind: 'pass' })
    await isAccountedFor(t, link, pushed)
  })
}

t.test('P5.1 P5.2 P3.4 a quota that an outage uses up, drop_oldest', async (t) => {
  const folder = join(temporaryFolder(t), 'hub')
  const journal = { quota: '16MB', keep_free: '1MB', when_full: 'drop_oldest' }
  const link = await startLink(t, { agentFolder: folder, agentConfig: { journal } })
  const pushed = new Pushed(link.agent.url, 'load')
  await eventually(
    async () => pushed.push(100),
    (status) => status === 200,
    20 * SECOND,
  )
  link.proxy.set({ kind: 'cut' })
  let most = 0
  for (let index = 0; index < 300; index += 1) {
    await pushed.push(1000)
    most = Math.max(most, bytesIn(join(folder, 'agent/journal')))
  }
  t.ok(most <= 16 * 1_000_000 * 1.01, `at most ${most} bytes`)
  t.ok((pushed.statuses.get(200) ?? 0) >= 290, 'it goes on accepting')
  link.proxy.set({ kind: 'pass' })
  await isAccountedFor(t, link, pushed)
  t.ok(
    link.arrivals.drops.some(({ reason }) => reason === 'buffer_full'),
    'with drop records',
  )
})

t.test('P5.1 the free-space reserve is left alone', async (t) => {
  const disk = smallDisk(t, 32)
  if (disk === undefined) return
  const journal = { quota: '1GB', keep_free: '8MB', when_full: 'drop_newest' }
  const link = await startLink(t, { agentFolder: disk, agentConfig: { journal } })
  const pushed = new Pushed(link.agent.url, 'load')
  await eventually(
    async () => pushed.push(100),
    (status) => status === 200,
    20 * SECOND,
  )
  link.proxy.set({ kind: 'cut' })
  const least = (): number => statfsSync(disk).bavail * statfsSync(disk).bsize
  const free: number[] = []
  for (let index = 0; index < 300; index += 1) {
    await pushed.push(1000)
    free.push(least())
  }
  t.ok(Math.min(...free) >= 7.5 * MIB, `at least ${Math.min(...free)} bytes were free`)
  t.ok((pushed.statuses.get(507) ?? 0) > 0, 'what would use them is refused')
  link.proxy.set({ kind: 'pass' })
  await isAccountedFor(t, link, pushed)
})
