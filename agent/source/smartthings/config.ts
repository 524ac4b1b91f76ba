// The keys under `sources.smartthings`. A login is not configured: `hubleaf smartthings login` keeps
// it in the data folder. A personal token dies after 24 hours and is for trying things out.

import * as z from 'zod'
import { durationMs } from '../../../base/quantity.ts'

const apiUrl = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))
  if (url !== undefined && isSafe) return url.href.replace(/\/+$/, '')
  const message = 'must be an https:// address (http:// on this machine only)'
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.[\d.]+$/.test(hostname)
}

const calls = (most: number) => z.int().min(1).default(most)

/** The section; durations are milliseconds. */
export const smartThingsSchema = z.strictObject({
  enabled: z.boolean().default(false),
  api_url: apiUrl.prefault('https://api.smartthings.com'),
  /** A personal access token instead of a login. */
  token_file: z.string().min(1).optional(),
  /** The longest wait for one answer. */
  timeout: durationMs.prefault('30s'),
  budget: z
    .strictObject({ per_hour: calls(400), per_day: calls(4000), per_month: calls(100_000) })
    .prefault({}),
  /** Only this location; all that the login sees without it. */
  location: z.string().min(1).optional(),
  /** Bounds of the wait between two looks at all devices without an event stream. */
  poll_interval: durationMs.prefault('30s'),
  poll_interval_max: durationMs.prefault('15m'),
  /** How often an open event stream is checked. */
  reconcile_interval: durationMs.prefault('1h'),
  /** A device that reports nothing for so long is called stale. */
  stale_after: durationMs.prefault('24h'),
  /** Whether the event stream is used where the login may. */
  stream: z.boolean().default(true),
  /** Whether the history is read for the times when nobody listened. */
  history: z.boolean().default(true),
})

/** The section after parsing. */
export type SmartThingsConfig = z.output<typeof smartThingsSchema>
