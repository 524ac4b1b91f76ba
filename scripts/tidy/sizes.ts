// Laws on size: a file holds one idea, a function one thought. The numbers are a ratchet: where one
// pinches, the file has found its seam.

import ts from 'typescript'
import { isSuite, sourceLaw, visit } from './law.ts'

const SOURCE_MAX_LINES = 300
const SUITE_MAX_LINES = 500
const FUNCTION_MAX_LINES = 50

const fileSize = sourceLaw(
  'file-size',
  `a source has at most ${SOURCE_MAX_LINES} lines, a suite ${SUITE_MAX_LINES}`,
  (source, report) => {
    const most = isSuite(source.path) ? SUITE_MAX_LINES : SOURCE_MAX_LINES
    const lines = lineCount(source.text)
    if (lines > most) report(most + 1, `${lines} lines; at most ${most}: split it by idea`)
  },
)

const functionSize = sourceLaw(
  'function-size',
  `a function has at most ${FUNCTION_MAX_LINES} lines`,
  (source, report) => {
    visit(source, (node) => {
      if (!ts.isFunctionLike(node)) return
      const lineAt = (at: number): number => source.tree.getLineAndCharacterOfPosition(at).line
      const lines = lineAt(node.getEnd()) - lineAt(node.getStart(source.tree)) + 1
      if (lines > FUNCTION_MAX_LINES) {
        report(node, `a function of ${lines} lines; at most ${FUNCTION_MAX_LINES}: name its parts`)
      }
    })
  },
)

/** Lines of a text; the newline at its end starts no further one. */
export function lineCount(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length
}

/** Laws on size. */
export const sizeLaws = [fileSize, functionSize]
