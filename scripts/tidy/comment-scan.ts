// The comments of a source, found between its tokens: a `//` inside a string, a template or a
// regular expression is no comment.

import ts from 'typescript'
import type { Source } from './law.ts'

/** A comment as written, with its first and last line (from 1). */
export interface Comment {
  readonly text: string
  readonly first: number
  readonly last: number
}

/** All comments in order; neighbouring `//` lines are separate. */
export function commentsOf(source: Source): readonly Comment[] {
  const ranges = new Map<number, ts.CommentRange>()
  const keep = (found: readonly ts.CommentRange[] | undefined): void => {
    for (const range of found ?? []) ranges.set(range.pos, range)
  }
  const enter = (node: ts.Node): void => {
    if (ts.isJSDoc(node)) return
    const children = node.getChildren(source.tree)
    for (const child of children) enter(child)
    if (children.length > 0 || ts.isTemplateMiddleOrTemplateTail(node)) return
    keep(ts.getLeadingCommentRanges(source.text, node.getFullStart()))
    if (node.kind !== ts.SyntaxKind.TemplateHead) {
      keep(ts.getTrailingCommentRanges(source.text, node.getEnd()))
    }
  }
  enter(source.tree)
  const ordered = [...ranges.values()].sort((a, b) => a.pos - b.pos)
  return ordered.map((range) => ({
    text: source.text.slice(range.pos, range.end),
    first: source.tree.getLineAndCharacterOfPosition(range.pos).line + 1,
    last: source.tree.getLineAndCharacterOfPosition(range.end).line + 1,
  }))
}

/** Lines of the comment that opens the file, after a `#!` line; 0 where there is none. */
export function headerLines(source: Source): number {
  const start = source.text.startsWith('#!') ? 2 : 1
  let next = start
  for (const comment of commentsOf(source)) {
    if (comment.first !== next) break
    next = comment.last + 1
    if (comment.text.startsWith('/*')) break
  }
  return next - start
}
