// Paths into a JSON payload: `$`, `$.a.b`, `$["a b"][0]`. One value or none; no filters and no
// wildcards, so that a path can be read by anybody and costs nothing. Pure.

import { isJsonObject } from '../../../base/json.ts'

/** The steps of a path: keys of objects, places in arrays. */
export type JsonPath = readonly (string | number)[]

const STEP = /\.([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\["([^"\\]+)"\]/y

/** The steps, or undefined if the text is no path. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$')) return undefined
  const steps: (string | number)[] = []
  STEP.lastIndex = 1
  while (STEP.lastIndex < text.length) {
    const [whole, key, place, quoted] = STEP.exec(text) ?? []
    if (whole === undefined) return undefined
    steps.push(place === undefined ? (key ?? quoted ?? '') : Number(place))
  }
  return steps
}

/** What stands at the path; undefined if nothing does. Own properties only. */
export function valueAt(root: unknown, path: JsonPath): unknown {
  let at = root
  for (const step of path) {
    if (typeof step === 'number') at = Array.isArray(at) ? at[step] : undefined
    else at = isJsonObject(at) && Object.hasOwn(at, step) ? at[step] : undefined
  }
  return at
}
