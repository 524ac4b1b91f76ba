// What the source must know after a restart: the last changes of each attribute, and what is covered.
// Kept in a small synced file. It may be a minute old after a crash: what it does not know yet comes
// again, with the ids by which the journal knows it.

import * as z from 'zod'
import { openStateFile } from '../../../base/state-file.ts'
import type { StateFile } from '../../../base/state-file.ts'
import type { Coverage } from './coverage.ts'
import type { Heard, Known } from './merge.ts'

/** Changes of each attribute that are kept in the file: a snapshot that lags is a few behind. */
const KEPT = 8

const time = z.int()

/** The file. A change is a text `stream,snapshot,history=value`, to keep the file small. */
const cursorSchema = z.strictObject({
  version: z.literal(1),
  coverage: z.strictObject({
    until: time.optional(),
    openSince: time.optional(),
    gaps: z.array(z.strictObject({ from: time, to: time })),
  }),
  attributes: z.record(
    z.string(),
    z.strictObject({ unit: z.string().optional(), heard: z.array(z.string()) }),
  ),
})

type CursorData = z.output<typeof cursorSchema>
type AttributeData = CursorData['attributes'][string]

/** What was known. */
export interface Cursor {
  readonly coverage: Coverage
  readonly known: ReadonlyMap<string, Known>
}

/** The file of the cursor. */
export type CursorFile = StateFile<CursorData>

/** Opens it. Throws `state_file_unreadable` and `folder_unusable`. */
export async function openCursor(path: string): Promise<CursorFile> {
  return openStateFile(path, cursorSchema, { version: 1, coverage: { gaps: [] }, attributes: {} })
}

/** What the file says. */
export function readCursor({ coverage, attributes }: CursorData): Cursor {
  const { until, openSince, gaps } = coverage
  const known = Object.entries(attributes).map(([key, { unit, heard }]): [string, Known] => [
    key,
    { heard: heard.flatMap(parseHeard), ...(unit === undefined ? {} : { unit }) },
  ])
  return {
    known: new Map(known),
    coverage: {
      ...(until === undefined ? {} : { until }),
      ...(openSince === undefined ? {} : { openSince }),
      gaps,
    },
  }
}

/** What the file is to say. */
export function writeCursor({ coverage, known }: Cursor): CursorData {
  const attributes = [...known].map(([key, { unit, heard }]): [string, AttributeData] => [
    key,
    { ...(unit === undefined ? {} : { unit }), heard: heard.slice(-KEPT).map(textOf) },
  ])
  return {
    version: 1,
    coverage: { ...coverage, gaps: [...coverage.gaps] },
    attributes: Object.fromEntries(attributes),
  }
}

function textOf({ text, times: { stream, snapshot, history } }: Heard): string {
  return `${[stream, snapshot, history].map((at) => at ?? '').join(',')}=${text}`
}

const HEARD = /^(-?\d*),(-?\d*),(-?\d*)=(.*)$/s

function parseHeard(line: string): Heard[] {
  const [, stream = '', snapshot = '', history = '', text] = HEARD.exec(line) ?? []
  const times = {
    ...(stream === '' ? {} : { stream: Number(stream) }),
    ...(snapshot === '' ? {} : { snapshot: Number(snapshot) }),
    ...(history === '' ? {} : { history: Number(history) }),
  }
  return text === undefined || Object.keys(times).length === 0 ? [] : [{ text, times }]
}
