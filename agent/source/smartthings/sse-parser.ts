// Server-sent events (WHATWG HTML, "Server-sent events") as text comes in pieces: fields `event` and
// `data`, blank lines between events, comments. Pure; an event that is too long is told as such.

/** An event as it stood on the wire. */
export interface RawEvent {
  readonly name: string
  /** Undefined where it was too long to keep. */
  readonly data: string | undefined
}

/** Cuts events out of text. */
export interface SseParser {
  /** The events that this piece completes. */
  push(piece: string): readonly RawEvent[]
}

/** Characters of one event. The cloud's own bound is about 10 KiB. */
const EVENT_MAX_CHARS = 262_144

/** A parser at the begin of a stream. */
export function sseParser(): SseParser {
  let rest = ''
  let name = ''
  let lines: string[] = []
  let length = 0
  const take = (line: string, events: RawEvent[]): void => {
    if (line === '') {
      const isTooLong = length > EVENT_MAX_CHARS
      if (lines.length > 0 || isTooLong) {
        events.push({ name: name || 'message', data: isTooLong ? undefined : lines.join('\n') })
      }
      name = ''
      lines = []
      length = 0
      return
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') name = value.slice(0, 100)
    if (field !== 'data') return
    length += value.length + 1
    if (length <= EVENT_MAX_CHARS) lines.push(value)
    else lines = []
  }
  return {
    push(piece) {
      const events: RawEvent[] = []
      rest += piece
      // A CR at the end may be the first half of CR LF: it waits for the next piece.
      const cut = rest.split(/\r\n|\n|\r(?!$)/)
      rest = cut.pop() ?? ''
      for (const line of cut) take(line, events)
      if (rest.length > EVENT_MAX_CHARS) {
        length = EVENT_MAX_CHARS + 1
        rest = ''
      }
      return events
    },
  }
}
