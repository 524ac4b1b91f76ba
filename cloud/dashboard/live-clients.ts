// The viewers of /api/live: server-sent events to each, the same bytes to all. A viewer that does
// not keep up is dropped, never buffered for without bound: its page reconnects and reloads from
// the database what it missed. No more than LIVE_MAX_CLIENTS are taken.

import type { ServerResponse } from 'node:http'
import type { Clock } from '../../base/clock.ts'
import type { Telemetry } from '../../base/telemetry.ts'
import {
  LIVE_CLIENT_MAX_BUFFER_BYTES,
  LIVE_FLUSH_MS,
  LIVE_MAX_CLIENTS,
  LIVE_MAX_EVENT_POINTS,
  LIVE_PING_MS,
  LIVE_RETRY_MS,
  LIVE_VALUE_MAX_CHARS,
} from './limits.ts'
import type { DeviceLabel, LivePoint, LiveStatus } from './shapes.ts'

/** The set of viewers. */
export interface LiveClients {
  /** True while one more viewer is taken. */
  hasRoom(): boolean
  /** Takes over a response; `first` is what the viewer is told at once. */
  add(response: ServerResponse, headers: ResponseHeaders, first: LiveStatus): void
  /** Sends points to all viewers, soon and packed. */
  send(points: readonly LivePoint[]): void
  /** Sends what devices are called to all viewers. */
  name(labels: readonly DeviceLabel[]): void
  /** Sends the state to all viewers. */
  tell(status: LiveStatus): void
  /** Ends all responses: the viewers come back at once and load what they missed. */
  disconnect(): void
  /** Ends all responses and takes no more. Repeatable. */
  close(): void
}

/** Headers of a response as Fastify holds them. */
export type ResponseHeaders = { readonly [name: string]: string | number | string[] | undefined }

/** An empty set of viewers. */
export function createLiveClients(clock: Clock, telemetry: Telemetry): LiveClients {
  const metrics = liveMetrics(telemetry)
  const viewers = new Set<ServerResponse>()
  const forget = (viewer: ServerResponse): void => {
    viewers.delete(viewer)
    metrics.viewers.set(viewers.size)
  }
  const write = (text: string): void => {
    for (const viewer of viewers) {
      viewer.write(text)
      if (viewer.writableLength <= LIVE_CLIENT_MAX_BUFFER_BYTES) continue
      metrics.dropped.inc()
      forget(viewer)
      viewer.destroy()
    }
  }
  const endAll = (): void => {
    for (const viewer of viewers) viewer.end()
  }
  const packer = packPoints(clock, (points) => write(`data: ${JSON.stringify(points)}\n\n`))
  const stopPings = repeat(clock, LIVE_PING_MS, () => write(': still here\n\n'))
  let closed = false
  return {
    hasRoom: () => !closed && viewers.size < LIVE_MAX_CLIENTS,
    add(response, headers, first) {
      viewers.add(response)
      metrics.viewers.set(viewers.size)
      response.on('error', () => response.destroy())
      response.on('close', () => forget(response))
      response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
      response.write(`retry: ${LIVE_RETRY_MS}\n\n${statusEvent(first)}`)
    },
    send(points) {
      if (closed || viewers.size === 0) return
      metrics.points.inc(points.length)
      packer.add(points.map(shorten))
    },
    name(labels) {
      if (labels.length > 0) write(`event: devices\ndata: ${JSON.stringify(labels)}\n\n`)
    },
    tell: (status) => write(statusEvent(status)),
    disconnect: endAll,
    close() {
      closed = true
      packer.stop()
      stopPings()
      endAll()
    },
  }
}

/** Collects points for a moment, or until there are enough for one event. */
function packPoints(clock: Clock, send: (points: readonly LivePoint[]) => void) {
  let waiting: LivePoint[] = []
  let cancel: (() => void) | undefined
  const flush = (): void => {
    cancel?.()
    cancel = undefined
    const points = waiting
    waiting = []
    for (let start = 0; start < points.length; start += LIVE_MAX_EVENT_POINTS) {
      send(points.slice(start, start + LIVE_MAX_EVENT_POINTS))
    }
  }
  return {
    add(points: readonly LivePoint[]) {
      for (const point of points) waiting.push(point)
      if (waiting.length >= LIVE_MAX_EVENT_POINTS) flush()
      else cancel ??= clock.after(LIVE_FLUSH_MS, flush)
    },
    stop: () => cancel?.(),
  }
}

/**
 * The point with a value that a screen can show. Values may be large JSON; a few of those would fill
 * a viewer's buffer and have it dropped without being slow.
 */
export function shorten(point: LivePoint): LivePoint {
  const { value } = point
  if (typeof value === 'number' || typeof value === 'boolean') return point
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.length <= LIVE_VALUE_MAX_CHARS) return point
  return { ...point, value: `${text.slice(0, LIVE_VALUE_MAX_CHARS - 1)}…` }
}

function repeat(clock: Clock, everyMs: number, action: () => void): () => void {
  const run = (): void => {
    action()
    cancel = clock.after(everyMs, run)
  }
  let cancel = clock.after(everyMs, run)
  return () => cancel()
}

function statusEvent(status: LiveStatus): string {
  return `event: status\ndata: ${JSON.stringify(status)}\n\n`
}

function liveMetrics(telemetry: Telemetry) {
  return {
    viewers: telemetry.gauge('hubleaf_dashboard_live_viewers', 'Viewers connected now'),
    points: telemetry.counter('hubleaf_dashboard_live_points_total', 'Points sent to viewers'),
    dropped: telemetry.counter(
      'hubleaf_dashboard_live_viewers_dropped_total',
      'Viewers dropped because they did not keep up',
    ),
  }
}
