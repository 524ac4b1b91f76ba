import t from 'tap'
import { sseParser } from './sse-parser.ts'

const STREAM =
  ': keepalive\n\nevent: CONTROL_EVENT\ndata: welcome\n\n' +
  'event: DEVICE_EVENT\r\ndata: {\r\ndata:  "a": 1}\r\n\r\nevent: EMPTY\n\ndata:x\n\n'

const EVENTS = [
  { name: 'CONTROL_EVENT', data: 'welcome' },
  { name: 'DEVICE_EVENT', data: '{\n "a": 1}' },
  { name: 'message', data: 'x' },
]

t.test('events are the same however the bytes are cut', async (t) => {
  for (let size = 1; size <= STREAM.length; size += 1) {
    const parser = sseParser()
    const pieces = STREAM.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []
    t.strictSame(
      pieces.flatMap((piece) => parser.push(piece)),
      EVENTS,
      `in pieces of ${size}`,
    )
  }
})

t.test('an event that is too long is told, and the next one is whole', async (t) => {
  const parser = sseParser()
  const long = `event: BIG\ndata: ${'x'.repeat(300_000)}\n\n`
  const events = [long, 'event: NEXT\ndata: y\n\n'].flatMap((piece) => parser.push(piece))
  t.strictSame(events, [
    { name: 'BIG', data: undefined },
    { name: 'NEXT', data: 'y' },
  ])
})
