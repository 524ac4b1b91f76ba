// How a sample is written: the small repositories by which a law proves that it can say no, and that
// it is silent where nothing is wrong.

import type { TextFile } from './law.ts'

/** What one law says of small repositories: each of `bad` breaks it, none of `fine` does. */
export interface Sample {
  readonly law: string
  readonly bad: readonly (readonly TextFile[])[]
  readonly fine: readonly (readonly TextFile[])[]
}

/** One file, in agent/ where nothing else is said. */
export function one(text: string, path = 'agent/sample.ts'): readonly TextFile[] {
  return [{ path, text }]
}

/** One repository of one file for each text. */
export function each(texts: readonly string[]): readonly (readonly TextFile[])[] {
  return texts.map((text) => one(text))
}
