// The broken link itself: the suites that stand on it are worth what it does, so it is held to it
// with plain sockets, rate and delay by the clock.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { systemClock } from '../../base/clock.ts'
import { eventually } from '../fixtures/eventually.ts'
import { startFaultProxy } from '../fixtures/fault-proxy.ts'
import type { FaultProxy } from '../fixtures/fault-proxy.ts'

/** A server that sends back what it gets, a proxy before it. */
async function startEcho(t: Test) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new RangeError('no address')
  const proxy = await startFaultProxy({ target: { host: '127.0.0.1', port: address.port } })
  t.teardown(async () => {
    await proxy[Symbol.asyncDispose]()
    server.close()
  })
  return proxy
}

interface Peer {
  readonly socket: Socket
  readonly got: () => Buffer
}

function dial(t: Test, proxy: FaultProxy): Peer {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', noDelay: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => socket.destroy())
  t.teardown(() => socket.destroy())
  return { socket, got: () => Buffer.concat(chunks) }
}

async function join(t: Test, proxy: FaultProxy): Promise<Peer> {
  const peer = dial(t, proxy)
  await once(peer.socket, 'connect')
  return peer
}

const pattern = (bytes: number): Buffer =>
  Buffer.from(Array.from({ length: bytes }, (_, index) => index % 251))

async function received(peer: Peer, bytes: number, withinMs = 10_000): Promise<Buffer> {
  return eventually(peer.got, (all) => all.length >= bytes, withinMs)
}

const isClosed = (peer: Peer): Promise<boolean> =>
  eventually(
    () => peer.socket.closed,
    (closed) => closed,
    5000,
  )

t.test('a link without a fault passes all bytes in order and counts them', async (t) => {
  const proxy = await startEcho(t)
  const peer = await join(t, proxy)
  const sent = pattern(3_000_000)
  peer.socket.write(sent)
  t.ok((await received(peer, sent.length)).equals(sent))
  t.match(proxy.counts('up'), { passed: sent.length, swallowed: 0, flipped: 0 })
  t.match(proxy.counts('down'), { passed: sent.length, swallowed: 0, flipped: 0 })
})

t.test('a cut link resets its connections and refuses new ones until it heals', async (t) => {
  const proxy = await startEcho(t)
  const peer = await join(t, proxy)
  proxy.set({ kind: 'cut' })
  t.ok(await isClosed(peer))
  t.ok(await isClosed(dial(t, proxy)))
  proxy.set({ kind: 'pass' })
  const again = await join(t, proxy)
  again.socket.write('hello')
  t.equal((await received(again, 5)).toString(), 'hello')
})

t.test('a half-open link swallows one direction; what lost bytes stays dead', async (t) => {
  const proxy = await startEcho(t)
  const peer = await join(t, proxy)
  proxy.set({ kind: 'swallow' }, 'down')
  peer.socket.write('lost')
  await eventually(
    () => proxy.counts('down').swallowed,
    (count) => count === 4,
    5000,
  )
  t.match(proxy.counts('up'), { passed: 4 }, 'the other direction passes')
  proxy.set({ kind: 'pass' })
  peer.socket.write('more')
  await eventually(
    () => proxy.counts('down').swallowed,
    (count) => count === 8,
    5000,
  )
  t.equal(peer.got().length, 0, 'a stream with a hole is not passed on')
  t.equal(peer.socket.closed, false)
  const fresh = await join(t, proxy)
  fresh.socket.write('hello')
  t.equal((await received(fresh, 5)).toString(), 'hello')
})

t.test(
  'a slow link keeps its rate and its delay, and holds a bounded number of bytes',
  async (t) => {
    const proxy = await startEcho(t)
    const peer = await join(t, proxy)
    proxy.set({ kind: 'slow', bytesPerSecond: 125_000, delayMs: 40 })
    const lone = systemClock.monotonic()
    peer.socket.write('x')
    await once(peer.socket, 'data')
    const roundTrip = systemClock.monotonic() - lone
    t.ok(roundTrip >= 79 && roundTrip < 150, `a lone byte comes back after ${roundTrip} ms`)
    const sent = pattern(250_000)
    const startedAt = systemClock.monotonic()
    peer.socket.write(sent)
    t.ok((await received(peer, sent.length + 1)).subarray(1).equals(sent))
    const took = systemClock.monotonic() - startedAt
    t.ok(took >= 2050 && took < 2500, `250 kB at 125 kB/s with 80 ms took ${took} ms`)
  },
)

t.test('a slow link that heals delivers what was under way at once', async (t) => {
  const proxy = await startEcho(t)
  const peer = await join(t, proxy)
  proxy.set({ kind: 'slow', bytesPerSecond: 1000, delayMs: 0 })
  const sent = pattern(100_000)
  peer.socket.write(sent)
  await eventually(
    () => proxy.counts('up').passed,
    (count) => count > 0,
    10_000,
  )
  proxy.set({ kind: 'pass' })
  t.ok((await received(peer, sent.length, 5000)).equals(sent))
})

t.test('a corrupting link flips single bits, at the rate that was asked for', async (t) => {
  const proxy = await startEcho(t)
  const peer = await join(t, proxy)
  proxy.set({ kind: 'corrupt', everyKb: 4 }, 'up')
  const sent = pattern(1_000_000)
  peer.socket.write(sent)
  const got = await received(peer, sent.length)
  const wrong = got.filter((byte, index) => byte !== sent[index]).length
  t.equal(got.length, sent.length)
  t.equal(wrong, proxy.counts('up').flipped)
  t.ok(wrong > 150 && wrong < 350, `${wrong} of a million bytes`)
})
