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
})

/** The section after parsing. */
export type SmartThingsConfig = z.output<typeof smartThingsSchema>
