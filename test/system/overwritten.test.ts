// The journal's file is overwritten in the middle with random bytes, while the agent runs and while it
// is stopped: it is up again without a person, and what cannot be read is reported, never sent.

import { closeSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { randomInt, seededRandom } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { eventually } from '../fixtures/eventually.ts'
import { startLink } from '../fixtures/link.ts'
import type { Link } from '../fixtures/link.ts'
import { Pushed } from '../fixtures/pushed.ts'
import { seedOr } from '../fixtures/seed.ts'

const SECOND = 1000
const PAGE = 4096

t.setTimeout(240_000)

/** Overwrites `pages` pages in a row somewhere in the inner half of the file. */
function overwrite(file: string, pages: number, random: Random): void {
  const total = Math.floor(statSync(file).size / PAGE)
  const first =
    Math.floor(total / 4) + randomInt(random, Math.max(1, Math.floor(total / 2) - pages))
  const handle = openSync(file, 'r+')
  try {
    writeSync(handle, random.bytes(pages * PAGE), 0, pages * PAGE, first * PAGE)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** Whoever supervises an agent starts it again when it ends; nobody does more than that. */
function supervise(t: Test, link: Link): void {
  const state = { stopped: false }
  const running = (async () => {
    while (!state.stopped) {
      if (!link.agent.isRunning()) link.agent.start()
      await systemClock.sleep(200)
    }
  })()
  t.teardown(async () => {
    state.stopped = true
    await running
  })
}

/** Each accepted reading arrives, or its place is in a drop record with the reason. */
async function isAccountedFor(t: Test, link: Link, pushed: Pushed): Promise<void> {
  const { arrivals } = link
  const gone = (): readonly number[] =>
    arrivals.verdict('load', pushed.sent()).missing.filter((number) => {
      const place = pushed.places.get(number)
      return place !== undefined && !arrivals.isDropped(place.type, place.seq)
    })
  const lost = await eventually(gone, (found) => found.length === 0, 60 * SECOND)
  t.strictSame(lost.slice(0, 10), [], 'each accepted reading is there or in a drop record')
  const { missing, twice, unknown } = arrivals.verdict('load', pushed.sent())
  const dropped = missing.filter((number) => pushed.places.has(number)).length
  t.strictSame({ twice, unknown }, { twice: [], unknown: [] }, 'nothing wrong was sent')
  t.strictSame(arrivals.conflicts, [], 'no key has two contents')
  t.strictSame(arrivals.undecodable, [], 'every pack can be read')
  const open = await eventually(
    () => arrivals.uncovered(),
    (found) => found.length === 0,
    20 * SECOND,
  )
  t.strictSame(open, [], 'no hole without a record')
  const reasons = new Set(arrivals.drops.map(({ reason }) => reason))
  t.comment(
    `${dropped} of ${pushed.places.size} in ${arrivals.drops.length} drop records (${[...reasons].join()})`,
  )
  t.comment(`epochs: ${arrivals.epochs.map(({ value }) => value.reason).join()}`)
  t.ok(dropped < pushed.places.size / 4, 'what stood on other pages is there')
  t.ok(arrivals.drops.every(({ reason }) => reason === 'corrupt'))
}

for (const when of ['stopped', 'running'] as const) {
  t.test(
    `P6.1 P6.2 P3.4 a journal overwritten in the middle while the agent is ${when}`,
    async (t) => {
      const seed = seedOr(7)
      t.comment(`seed ${seed}`)
      const random = seededRandom(seed)
      const link = await startLink(t)
      const pushed = new Pushed(link.agent.url, 'load')
      await eventually(
        async () => pushed.push(100),
        (status) => status === 200,
        20 * SECOND,
      )
      link.proxy.set({ kind: 'cut' })
      while (pushed.places.size < 60_000) await pushed.push(1000)
      const file = join(link.folder, 'hub/agent/journal/journal.db')
      if (when === 'stopped') await link.agent.end('SIGTERM')
      overwrite(file, 64, random)
      supervise(t, link)
      const damagedAt = systemClock.monotonic()
      const again = await eventually(
        async () => pushed.push(1),
        (status) => status === 200,
        60 * SECOND,
      )
      t.comment(`accepts ${Math.round(systemClock.monotonic() - damagedAt)} ms after the damage`)
      t.equal(again, 200, 'it accepts again')
      for (let index = 0; index < 20; index += 1) await pushed.push(100)
      link.proxy.set({ kind: 'pass' })
      await isAccountedFor(t, link, pushed)
    },
  )
}
