import { Readable } from 'node:stream'
import t from 'tap'
import { readBody } from './read-body.ts'

const limits = { maxBytes: 10, discardBytes: 20 }

const plenty = () => ({ freeBytes: 1000 })

/** A body of chunks, and how many bytes of it were taken. */
function bodyOf(chunks: readonly Uint8Array[]) {
  const state = { taken: 0 }
  const stream = Readable.from(
    (function* () {
      for (const chunk of chunks) {
        state.taken += chunk.length
        yield chunk
      }
    })(),
    { objectMode: true, highWaterMark: 1 },
  )
  return { stream, state }
}

const bytes = (count: number): Uint8Array => new Uint8Array(count).fill(0x61)

t.test('a body at the limit is taken, characters may lie across chunks', async (t) => {
  t.equal(await readBody(bodyOf([bytes(4), bytes(6)]).stream, limits, plenty()), 'aaaaaaaaaa')
  const letter = new TextEncoder().encode('é')
  t.equal(
    await readBody(bodyOf([letter.slice(0, 1), letter.slice(1)]).stream, limits, plenty()),
    'é',
  )
  t.equal(await readBody(bodyOf([]).stream, limits, plenty()), '')
})

t.test('a larger one is read to its end and refused, a huge one is given up', async (t) => {
  const large = bodyOf([bytes(8), bytes(8), bytes(8)])
  await t.rejects(readBody(large.stream, limits, plenty()), { code: 'body_too_large' })
  t.equal(large.state.taken, 24)
  const huge = bodyOf(Array.from({ length: 100 }, () => bytes(8)))
  await t.rejects(readBody(huge.stream, limits, plenty()), { code: 'body_too_large' })
  t.ok(huge.state.taken < 60, `${huge.state.taken} bytes were taken`)
})

t.test('bytes that are no UTF-8 are no JSON', async (t) => {
  const broken = bodyOf([Uint8Array.from([0x22, 0xff, 0x22])])
  await t.rejects(readBody(broken.stream, limits, plenty()), { code: 'not_json' })
})

t.test('bodies share a room; one that finds none is read on and told to come again', async (t) => {
  const room = { freeBytes: 12 }
  const [first, rest] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
  async function* slow() {
    yield bytes(8)
    first.resolve(undefined)
    await rest.promise
    yield bytes(2)
  }
  const held = readBody(slow(), limits, room)
  await first.promise
  t.equal(room.freeBytes, 4)
  const crowded = bodyOf([bytes(4), bytes(4)])
  await t.rejects(readBody(crowded.stream, limits, room), { code: 'journal_busy' })
  t.equal(crowded.state.taken, 8, 'its sender sees the answer')
  t.equal(await readBody(bodyOf([bytes(4)]).stream, limits, room), 'aaaa')
  rest.resolve(undefined)
  t.equal((await held).length, 10)
  await t.rejects(readBody(bodyOf([bytes(9), bytes(9)]).stream, limits, room), {
    code: 'body_too_large',
  })
  const cut = (async function* () {
    yield bytes(3)
    throw new Error('the sender is gone')
  })()
  await t.rejects(readBody(cut, limits, room), /gone/)
  t.equal(room.freeBytes, 12, 'whatever became of them, nothing is held')
})
