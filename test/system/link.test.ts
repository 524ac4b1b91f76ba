// The link between hub and cloud breaks in every way that a link can, while readings arrive: whatever
// it does, each accepted reading is in the stream once by its key, and nobody has to lend a hand.

import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { forwarderIn } from '../fixtures/agent-process.ts'
import { startBatches } from '../fixtures/batches.ts'
import { eventually } from '../fixtures/eventually.ts'
import type { Direction, Fault } from '../fixtures/fault-proxy.ts'
import { startLink } from '../fixtures/link.ts'
import type { Link, LinkOptions } from '../fixtures/link.ts'
import type { Load } from '../fixtures/load.ts'
import { seedOr } from '../fixtures/seed.ts'

const WHOLE = { missing: [], twice: [], unknown: [] }
const SECOND = 1000
const READINGS_PER_SECOND = 150

/** Readings of the last moments of a backlog say nothing: on a busy machine they may come after it. */
const LATE_MS = 3000

t.setTimeout(280_000)

/** Resolves when the load has that many more acknowledged: it never stops, whatever the link does. */
async function accepts(t: Test, load: Load, more: number): Promise<void> {
  const before = load.accepted()
  const after = await eventually(load.accepted, (count) => count >= before + more, 60 * SECOND)
  t.ok(after >= before + more, `${more} more are accepted`)
}

async function arrives(t: Test, link: Link, device: string, count: number): Promise<void> {
  const look = (): number => link.arrivals.count(device)
  const arrived = await eventually(look, (found) => found >= count, 60 * SECOND)
  t.ok(arrived >= count, `${count} of ${device} arrive`)
}

async function isWhole(t: Test, link: Link, device: string, sent: number): Promise<void> {
  const verdict = await eventually(
    () => link.arrivals.verdict(device, sent),
    ({ missing }) => missing.length === 0,
    90 * SECOND,
  )
  t.strictSame(verdict, WHOLE, `${sent} readings, each once`)
  t.strictSame(link.arrivals.conflicts, [], 'no key has two contents')
  t.strictSame(link.arrivals.holes(), [], 'no sequence has a hole')
}

interface Case {
  readonly fault: Fault
  readonly direction?: Direction
  /** How many readings are accepted while it lasts. */
  readonly readings: number
  readonly link?: LinkOptions
}

/** A fault comes, lasts while readings are accepted, and goes. */
async function survives(t: Test, { fault, direction, readings, link: options }: Case) {
  const link = await startLink(t, options)
  const load = link.load('load', READINGS_PER_SECOND)
  await arrives(t, link, 'load', READINGS_PER_SECOND)
  link.proxy.set(fault, direction)
  await accepts(t, load, readings)
  const behind = load.accepted() - link.arrivals.count('load')
  link.proxy.set({ kind: 'pass' })
  const healed = { at: systemClock.monotonic(), accepted: load.accepted() }
  await accepts(t, load, READINGS_PER_SECOND)
  const sent = await load.stop()
  await isWhole(t, link, 'load', sent)
  t.strictSame(link.arrivals.undecodable, [], 'every pack can be read')
  const fresh = link.arrivals.arrival('load', healed.accepted + 20)?.at ?? Infinity
  const after = Math.round(fresh - healed.at)
  t.comment(`${behind} behind when it healed; a fresh reading was there ${after} ms later`)
  return { link, load, behind }
}

t.test('P1.5 P2.2 P8.2 a link that is cut, with connections refused', async (t) => {
  const { behind } = await survives(t, { fault: { kind: 'cut' }, readings: 900 })
  t.ok(behind >= 900, 'nothing went past the cut')
})

for (const direction of ['up', 'down'] as const) {
  t.test(`P1.5 P2.2 a half-open link that swallows what goes ${direction}`, async (t) => {
    const fault = { kind: 'swallow' } as const
    const { link } = await survives(t, { fault, direction, readings: 1800 })
    t.ok(link.proxy.counts(direction).swallowed > 0)
  })
}

t.test('P1.5 P2.2 a link of 8 kB/s', async (t) => {
  const fault = { kind: 'slow', bytesPerSecond: 8000, delayMs: 100 } as const
  const { link, load, behind } = await survives(t, { fault, readings: 1500 })
  t.ok(load.accepted() > 0 && behind < 1500, 'it is slow, but it is a link')
  t.ok(link.proxy.counts('up').passed > 10_000)
})

t.test('P1.5 P2.2 P2.8 a link that flips bits, under TLS: it only breaks', async (t) => {
  const fault = { kind: 'corrupt', everyKb: 8 } as const
  const { link } = await survives(t, { fault, readings: 2250, link: { tls: true } })
  const { flipped } = link.proxy.counts('up')
  t.ok(flipped > 0, `${flipped} bits were wrong on the way up`)
})

t.test('P3.5 P6.4 a link that flips bits, without TLS: what is lost is seen', async (t) => {
  const seed = seedOr(3)
  t.comment(`seed ${seed}`)
  const link = await startLink(t, { seed })
  const load = link.load('load', READINGS_PER_SECOND)
  await arrives(t, link, 'load', READINGS_PER_SECOND)
  link.proxy.set({ kind: 'corrupt', everyKb: 8 }, 'up')
  await accepts(t, load, 1800)
  link.proxy.set({ kind: 'pass' })
  const sent = await load.stop()
  const waiting = await eventually(
    () => waitingIn(link),
    (count) => count === 0,
    90 * SECOND,
  )
  t.equal(waiting, 0, 'the agent goes on by itself, and settles everything')
  await push(link, 1)
  await arrives(t, link, 'live', 1)
  const { arrivals } = link
  const { missing, twice, unknown } = arrivals.verdict('load', sent)
  t.strictSame({ twice, unknown }, { twice: [], unknown: [] }, 'no wrong value is there')
  t.strictSame(arrivals.conflicts, [], 'no key has two contents')
  const note = `${missing.length} of ${sent} missing, ${arrivals.undecodable.length} packs unreadable`
  t.comment(`${note}, ${link.proxy.counts('up').flipped} bits flipped`)
  t.ok(missing.length === 0 || arrivals.undecodable.length > 0, 'nothing is lost in silence')
  t.ok(missing.length <= 256 * arrivals.undecodable.length, 'each is in a pack that was kept')
})

/** Readings that the agent still holds for the cloud. */
async function waitingIn(link: Link): Promise<number> {
  const { backlog, inFlight } = forwarderIn(await link.agent.status()) ?? {}
  return Number(backlog) + Number(inFlight)
}

t.test('P4.7 P4.3 after an outage new readings pass the backlog that drains', async (t) => {
  const link = await startLink(t)
  link.proxy.set({ kind: 'cut' })
  const pace = { hasEventIds: true, readingsPerSecond: 50_000 }
  const load = startBatches({ url: link.agent.url, device: 'backlog', ...pace })
  t.teardown(() => load.stop())
  await eventually(load.accepted, (count) => count >= 200_000, 60 * SECOND)
  await load.stop()
  link.proxy.set({ kind: 'slow', bytesPerSecond: 60_000, delayMs: 40 })
  const healedAt = systemClock.monotonic()
  const sentAt: number[] = []
  while (link.arrivals.count('backlog') < load.sent() && sentAt.length < 600) {
    // Before it is handed over: what was accepted while nothing got through is not fresh.
    sentAt.push(systemClock.monotonic())
    await push(link, sentAt.length)
    await systemClock.sleep(100)
  }
  await arrives(t, link, 'live', sentAt.length)
  await isWhole(t, link, 'backlog', load.sent())
  const arrivals = link.arrivals.of('backlog')
  const resumedAt = arrivals.reduce((least, { at }) => Math.min(least, at), Infinity)
  const drainedAt = arrivals.reduce((most, { at }) => Math.max(most, at), 0)
  // What is accepted before the forwarder tries again is part of the backlog.
  const fresh = sentAt.flatMap((at, index) => {
    const arrivedAt = link.arrivals.arrival('live', index + 1)?.at ?? Infinity
    const isBeside = at > resumedAt && at < drainedAt - LATE_MS
    return isBeside ? [{ took: arrivedAt - at, arrivedAt }] : []
  })
  const took = fresh.map((one) => Math.round(one.took)).sort((a, b) => a - b)
  const median = took[Math.floor(took.length / 2)] ?? Infinity
  const drain = Math.round(drainedAt - resumedAt)
  t.comment(`resumed ${Math.round(resumedAt - healedAt)} ms after healing`)
  t.comment(`${load.sent()} drained in ${drain} ms, beside them ${took.length} fresh ones`)
  t.comment(`fresh ones took ${median} ms by the median, ${took.at(-1) ?? NaN} ms at most`)
  t.ok(took.length >= 10, 'readings were accepted while the backlog drained')
  const passed = fresh.filter(({ arrivedAt }) => arrivedAt < drainedAt).length
  t.equal(passed, fresh.length, `${passed} of ${fresh.length} passed it`)
  t.ok(median < SECOND, `half of them within ${median} ms`)
})

async function push(link: Link, value: number): Promise<void> {
  await fetch(`${link.agent.url}/v1/readings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'door', device: 'live', value }),
  })
}
