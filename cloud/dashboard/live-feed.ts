// The live feed: points that storage has just committed, as they happen. What was missed while the
// feed was away is not repeated here; readers reload it from storage.

import * as z from 'zod'
import { parseJson } from '../../base/json.ts'
import type { LivePoint } from './shapes.ts'

/** Who hears a feed. */
export interface LiveListener {
  onPoints(points: readonly LivePoint[]): void
  /** Something may have been missed; what was, is in storage. */
  onMissed(): void
}

/** A feed of committed points. */
export interface LiveFeed {
  /** Tells `listener` of each batch until the returned function is called. */
  subscribe(listener: LiveListener): () => void
  /** True while batches can arrive. */
  connected(): boolean
}

const point = z.object({
  hub: z.string(),
  type: z.string(),
  site: z.string().nullable().default(null),
  device: z.string(),
  channel: z.string(),
  at: z.number(),
  value: z.unknown(),
  number: z.number().nullable(),
  unit: z.string().nullable().default(null),
  flags: z.array(z.string()),
})

const batch = z.array(point)

/** The points of a `committed.<type>` message, or undefined if it is none. */
export function parseCommitted(text: string): readonly LivePoint[] | undefined {
  const parsed = batch.safeParse(parseJson(text))
  return parsed.success ? parsed.data : undefined
}
