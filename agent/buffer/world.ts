// What the verb needs of the process, handed over by main.ts: where to print, what ends it, the clock.
// Nothing here decides anything.

import type { Clock } from '../../base/clock.ts'
import type { ConfigSource } from '../../base/config.ts'
import type { Random } from '../../base/random.ts'
import type { TextOutput } from './output.ts'

/** The world of one command. */
export interface World {
  readonly stdout: TextOutput
  readonly stderr: (text: string) => void
  /** Whether a person looks at standard output, and whether at standard error. */
  readonly terminal: { readonly out: boolean; readonly err: boolean }
  /** Whether standard output may be coloured. */
  readonly colour: boolean
  /** Asks a person; undefined where nobody can answer. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  readonly env: ConfigSource['env']
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly random: Random
}
