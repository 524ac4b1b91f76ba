// Laws on comments: each file opens with what it promises and refuses; comments say why, and leave
// plans and history to the issues and to the commits.

import { commentsOf, headerLines } from './comment-scan.ts'
import { isSuite, sourceLaw } from './law.ts'

const HEADER_MIN_LINES = 2
const HEADER_MAX_LINES = 8

const header = sourceLaw(
  'header',
  `a file opens with ${HEADER_MIN_LINES} to ${HEADER_MAX_LINES} comment lines: what it promises, what it refuses`,
  (source, report) => {
    // The titles of a suite say what it claims.
    if (isSuite(source.path)) return
    const lines = headerLines(source)
    if (lines >= HEADER_MIN_LINES && lines <= HEADER_MAX_LINES) return
    report(1, `the opening comment has ${lines} lines; write what the file promises and refuses`)
  },
)

const unfinished = sourceLaw('unfinished', 'no notes to self in comments', (source, report) => {
  for (const { text, first } of commentsOf(source)) {
    const word = /\b(TODO|FIXME|XXX|HACK)\b/.exec(text)?.[1]
    if (word !== undefined) report(first, `${word} in a comment; do it, or open an issue`)
  }
})

const issueNumber = sourceLaw('issue-number', 'no issue numbers in comments', (source, report) => {
  for (const { text, first } of commentsOf(source)) {
    const number = /(?:^|[\s(])#\d+\b/.exec(text)?.[0]
    if (number !== undefined) report(first, `${number.trim()} in a comment; say the reason itself`)
  }
})

const silenced = sourceLaw('silenced', 'no comment switches a check off', (source, report) => {
  for (const { text, first } of commentsOf(source)) {
    const order = /@ts-\w+|eslint-disable[\w-]*|prettier-ignore|(?:c8|v8) ignore/.exec(text)?.[0]
    if (order !== undefined) report(first, `${order} switches a check off; satisfy the check`)
  }
})

/** Laws on comments. */
export const commentLaws = [header, unfinished, issueNumber, silenced]
