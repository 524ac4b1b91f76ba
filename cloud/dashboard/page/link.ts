// The live link: server-sent events, opened again and again for as long as the page lives. A link
// that is silent for too long counts as dead, because a half-open connection tells nothing. Each
// time it opens, the page must load what it missed; that is what `onOpen` is for.

import type { DeviceLabel, LivePoint, LiveStatus } from '../shapes.ts'
import type { PageClock } from './clock.ts'
import { parseLabels, parsePoints, parseStatus, parseText } from './answer-parser.ts'

/** The server tells its state each 5 s; three missed is silence. */
const SILENCE_MS = 15_000
const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 4_000

/** Where the link stands; `since` is when it was lost, epoch ms. */
export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'lost'; readonly since: number }

/** Who hears what. */
export interface LinkListener {
  onOpen(): void
  onPoints(points: readonly LivePoint[]): void
  onDevices(labels: readonly DeviceLabel[]): void
  onStatus(status: LiveStatus): void
  onChange(): void
}

/** Opens the link to `url` and keeps it; the result tells its state. */
export function keepLink(url: string, clock: PageClock, listener: LinkListener): () => LinkState {
  let state: LinkState = { kind: 'connecting' }
  let failures = 0
  let cancelSilence: () => void = () => undefined

  const lose = (events: EventSource): void => {
    events.close()
    cancelSilence()
    if (state.kind !== 'lost') state = { kind: 'lost', since: clock.now() }
    failures += 1
    clock.after(Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (failures - 1)), open)
    listener.onChange()
  }
  const open = (): void => {
    const events = new EventSource(url)
    const heard = (): void => {
      cancelSilence()
      cancelSilence = clock.after(SILENCE_MS, () => lose(events))
    }
    heard()
    events.addEventListener('open', () => {
      failures = 0
      state = { kind: 'live' }
      heard()
      listener.onOpen()
      listener.onChange()
    })
    events.addEventListener('message', (event: MessageEvent<string>) => {
      heard()
      const points = parsePoints(parseText(event.data))
      if (points !== undefined) listener.onPoints(points)
    })
    events.addEventListener('devices', (event: MessageEvent<string>) => {
      heard()
      const labels = parseLabels(parseText(event.data))
      if (labels !== undefined) listener.onDevices(labels)
    })
    events.addEventListener('status', (event: MessageEvent<string>) => {
      heard()
      const status = parseStatus(parseText(event.data))
      if (status !== undefined) listener.onStatus(status)
    })
    // The browser would try again by itself only for some failures; here all are treated alike.
    events.addEventListener('error', () => lose(events))
  }
  open()
  return () => state
}
