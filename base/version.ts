// The version of this program, from its own package.json.
// A program without its package file still runs; its version is then unknown.

import { readFileSync } from 'node:fs'
import { parseJson, textAt } from './json.ts'

/** The version, such as `0.1.0`; `unknown` where the package file is missing. */
export const version: string = readVersion()

function readVersion(): string {
  // From base/ in the sources, from dist/base/ in the package.
  for (const up of ['../package.json', '../../package.json']) {
    try {
      const found = textAt(parseJson(readFileSync(new URL(up, import.meta.url), 'utf8')), 'version')
      if (found !== undefined) return found
    } catch {
      continue
    }
  }
  return 'unknown'
}
