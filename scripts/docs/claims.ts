// The numbered promises of docs/SPEC.md against the titles of all tests. A promise is either tested,
// and then a title carries its id and the page names the suite, or it is a known gap.

import ts from 'typescript'
import { isSuite, visit } from '../tidy/law.ts'
import type { Source } from '../tidy/law.ts'
import { sectionsOf, tableRows } from './markdown.ts'

/** What the page says. Ids are `P1.1`; `suites` are paths below the repository. */
export interface Spec {
  /** Numbers of the promises, from their headings: `P1`. */
  readonly promises: readonly string[]
  readonly tested: readonly string[]
  readonly gaps: readonly string[]
  readonly enforced: readonly { readonly id: string; readonly suites: readonly string[] }[]
  readonly knownGaps: readonly string[]
  /** Rows that are no promise of this page's form. */
  readonly malformed: readonly string[]
}

/** An id in the title of a test. */
export interface Title {
  readonly id: string
  readonly path: string
}

const ID = /\bP\d+(?:\.\w+)?\b/g

/** Reads docs/SPEC.md. */
export function parseSpec(markdown: string): Spec {
  const spec = { promises: [], tested: [], gaps: [], enforced: [], knownGaps: [], malformed: [] }
  const lists: { -readonly [K in keyof Spec]: Spec[K][number][] } = spec
  for (const { heading, lines } of sectionsOf(markdown)) {
    const promise = /^(P\d+) /.exec(heading)?.[1]
    if (heading === 'Known gaps') lists.knownGaps.push(...(lines.join('\n').match(ID) ?? []))
    if (heading === 'Which test enforces which') {
      for (const [id = '', suites = ''] of tableRows(lines)) {
        const paths = [...suites.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
        lists.enforced.push({ id, suites: paths })
      }
    }
    if (promise === undefined) continue
    lists.promises.push(promise)
    for (const [id = '', text = '', state = ''] of tableRows(lines)) {
      const known = id.startsWith(`${promise}.`) && text.endsWith('.')
      if (known && state === 'tested') lists.tested.push(id)
      else if (known && state === 'gap') lists.gaps.push(id)
      else lists.malformed.push(id)
    }
  }
  return spec
}

/** The ids in the titles of all tests. */
export function titlesOf(sources: readonly Source[]): readonly Title[] {
  const titles: Title[] = []
  for (const source of sources.filter(({ path }) => isSuite(path))) {
    visit(source, (node) => {
      for (const id of titleOf(node)?.match(ID) ?? []) titles.push({ id, path: source.path })
    })
  }
  return titles
}

/** The title that `t.test(…)` or `test(…)` is given; parts that are computed count as blanks. */
function titleOf(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node)) return undefined
  const called = ts.isPropertyAccessExpression(node.expression)
    ? node.expression.name
    : node.expression
  if (!ts.isIdentifier(called) || called.text !== 'test') return undefined
  const title = node.arguments[0]
  if (title === undefined) return undefined
  if (ts.isStringLiteralLike(title)) return title.text
  if (!ts.isTemplateExpression(title)) return undefined
  const spans = title.templateSpans.map((span) => span.literal.text)
  return [title.head.text, ...spans].join(' ')
}

/** Where page and titles contradict each other, as sentences. */
export function contradictions(spec: Spec, titles: readonly Title[]): readonly string[] {
  const lines = [...spec.tested, ...spec.gaps]
  const twice = lines.filter((id, index) => lines.indexOf(id) !== index)
  const enforced = new Map(spec.enforced.map(({ id, suites }) => [id, suites]))
  const problems = [
    ...spec.malformed.map(
      (id) => `the row "${id}" is no promise: id below its heading, sentence, tested or gap`,
    ),
    ...twice.map((id) => `${id} has two lines`),
    ...differences(spec.tested, [...enforced.keys()], 'is tested, but not in the table of suites'),
    ...differences([...enforced.keys()], spec.tested, 'is in the table of suites, but not tested'),
    ...differences(spec.gaps, spec.knownGaps, 'is a gap, but not in the list of known gaps'),
    ...differences(spec.knownGaps, spec.gaps, 'is in the list of known gaps, but is no gap'),
  ]
  for (const { id, path } of titles) {
    if (spec.promises.includes(id)) continue
    if (!lines.includes(id))
      problems.push(`${path} has a title with ${id}, which SPEC does not know`)
    else if (spec.gaps.includes(id)) problems.push(`${id} is called a gap, but ${path} tests it`)
    else if (enforced.get(id)?.includes(path) === false) {
      problems.push(`${path} tests ${id}, but the table of suites does not say so`)
    }
  }
  for (const [id, suites] of enforced) {
    if (suites.length === 0) problems.push(`${id} is in the table of suites without a suite`)
    for (const path of suites) {
      const carries = titles.some((title) => title.id === id && title.path === path)
      if (!carries) problems.push(`no title in ${path} carries ${id}`)
    }
  }
  return problems
}

function differences(these: readonly string[], those: readonly string[], what: string): string[] {
  return these.filter((id) => !those.includes(id)).map((id) => `${id} ${what}`)
}
