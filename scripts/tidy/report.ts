// Numbers about the sources that no law judges but that a reader should watch: how large files are,
// and how much of each folder is comment.

import { commentsOf } from './comment-scan.ts'
import { isSuite } from './law.ts'
import type { Source } from './law.ts'
import { lineCount } from './sizes.ts'

/** Comment lines as a share of a folder's lines that are not blank should stay within these. */
const COMMENT_SHARE_MIN = 0.08
const COMMENT_SHARE_MAX = 0.3

/** The report, one sentence a line. */
export function reportLines(sources: readonly Source[]): readonly string[] {
  const product = sources.filter((source) => !isSuite(source.path))
  const sizes = product.map((source) => lineCount(source.text)).sort((a, b) => a - b)
  const at = (part: number): number => sizes[Math.floor((sizes.length - 1) * part)] ?? 0
  const folders = new Map<string, Source[]>()
  for (const source of product) {
    const folder = source.path.includes('/') ? (source.path.split('/')[0] ?? '') : '.'
    folders.set(folder, [...(folders.get(folder) ?? []), source])
  }
  const size = `file size: ${sizes.length} sources, median ${at(0.5)}, p90 ${at(0.9)}, largest ${at(1)} lines`
  return [size, ...[...folders].map(([folder, inside]) => commentLine(folder, inside))]
}

function commentLine(folder: string, sources: readonly Source[]): string {
  const share = commentShare(sources)
  const fits = share >= COMMENT_SHARE_MIN && share <= COMMENT_SHARE_MAX
  return `comment share of ${folder}: ${(share * 100).toFixed(0)} %${fits ? '' : ' (wanted: 8 to 30 %)'}`
}

/** Lines that a comment touches, as a share of the lines that are not blank. */
export function commentShare(sources: readonly Source[]): number {
  let comment = 0
  let all = 0
  for (const source of sources) {
    const lines = new Set<number>()
    for (const { first, last } of commentsOf(source)) {
      for (let line = first; line <= last; line += 1) lines.add(line)
    }
    comment += lines.size
    all += source.text.split('\n').filter((line) => line.trim() !== '').length
  }
  return all === 0 ? 0 : comment / all
}
