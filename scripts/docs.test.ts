import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { ERROR_CODES } from '../base/errors.ts'
import { isJsonObject, parseJson } from '../base/json.ts'
import { contradictions, parseSpec, titlesOf } from './docs/claims.ts'
import type { Title } from './docs/claims.ts'
import { anchorsOf, relativeLinks, sectionsOf, tableRows } from './docs/markdown.ts'
import { parseSource } from './tidy/law.ts'
import { thisRepository } from './tidy.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (path: string): string => readFileSync(posix.join(root, path), 'utf8')
const unquoted = (cell: string): string => cell.replace(/^`|`$/g, '')

/** The table rows of a page below the given headings, or below all. */
function rowsOf(path: string, headings?: readonly string[]): readonly (readonly string[])[] {
  const sections = sectionsOf(read(path))
  const chosen = sections.filter(({ heading }) => headings?.includes(heading) ?? true)
  return tableRows(chosen.flatMap(({ lines }) => lines))
}

/** Name and version of what a part of package.json lists. */
function packages(part: string): readonly (readonly [name: string, version: string])[] {
  const manifest = parseJson(read('package.json'))
  const listed = isJsonObject(manifest) ? manifest[part] : undefined
  return Object.entries(isJsonObject(listed) ? listed : {}).map(([name, version]) => [
    name,
    String(version),
  ])
}

t.test('docs/ERRORS.md explains every code of the list, and no other', async (t) => {
  const rows = rowsOf('docs/ERRORS.md')
  const told = rows.map(([code = '', kind = '']) => `${unquoted(code)} (${kind})`)
  const known = Object.entries(ERROR_CODES).map(([code, kind]) => `${code} (${kind})`)
  t.ok(known.length > 30)
  t.strictSame([...told].sort(), [...known].sort())
  for (const [code = '', , meaning = '', advice = ''] of rows) {
    t.ok(meaning.endsWith('.') && advice.endsWith('.'), `${code} has a meaning and an advice`)
  }
})

for (const [heading, part] of [
  ['Runtime', 'dependencies'],
  ['Development', 'devDependencies'],
] as const) {
  t.test(`docs/DEPENDENCIES.md has a reason for each of ${part}, and no other`, async (t) => {
    const rows = rowsOf('docs/DEPENDENCIES.md', [heading])
    const listed = packages(part)
    t.ok(listed.length > 5)
    t.strictSame(
      rows.map(([name = '']) => unquoted(name)).sort(),
      listed.map(([name]) => name).sort(),
    )
    for (const [name = '', reason = ''] of rows) t.ok(reason.endsWith('.'), `${name} has a reason`)
    for (const [name, version] of listed) {
      t.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, `${name} ${version} is one exact version`)
    }
  })
}

t.test('docs/SPEC.md and the titles of all tests agree', async (t) => {
  const spec = parseSpec(read('docs/SPEC.md'))
  const promises = Array.from({ length: 10 }, (_, index) => `P${index + 1}`)
  t.strictSame(spec.promises, promises)
  for (const promise of promises) {
    const lines = [...spec.tested, ...spec.gaps].filter((id) => id.startsWith(`${promise}.`))
    t.ok(lines.length > 0, `${promise} has lines`)
  }
  const { sources } = thisRepository()
  for (const problem of contradictions(spec, titlesOf(sources))) t.fail(problem)
  t.comment(`${spec.tested.length} promises tested, ${spec.gaps.length} known gaps`)
})

t.test('every relative link of a page leads somewhere', async (t) => {
  const { texts } = thisRepository()
  const pages = texts.filter(({ path }) => path.endsWith('.md') && !path.startsWith('test/'))
  t.ok(pages.length > 5)
  for (const { path, text } of pages) {
    for (const link of relativeLinks(text)) {
      const [file = '', anchor] = link.split('#')
      const target = file === '' ? path : posix.join(posix.dirname(path), decodeURIComponent(file))
      if (!t.ok(existsSync(posix.join(root, target)), `${path} -> ${link}`)) continue
      if (anchor === undefined || !target.endsWith('.md')) continue
      t.ok(anchorsOf(read(target)).includes(anchor), `${path} -> ${link} has its heading`)
    }
  }
})

t.test('a page that contradicts the titles is caught', async (t) => {
  const page = (row: string, suites = '', gaps = ''): string =>
    [
      `## P1 One\n\n| id | promise | state |\n| --- | --- | --- |\n${row}`,
      `## Which test enforces which\n\n| id | suites |\n| --- | --- |\n${suites}`,
      `## Known gaps\n\n${gaps}`,
    ].join('\n\n')
  const title: Title = { id: 'P1.1', path: 'a.test.ts' }
  const problems = (text: string, titles: readonly Title[]): number =>
    contradictions(parseSpec(text), titles).length
  const tested = '| P1.1 | Kept. | tested |'
  const gap = '| P1.1 | Kept. | gap |'
  const suite = '| P1.1 | `a.test.ts` |'
  t.equal(problems(page(tested, suite), [title]), 0, 'tested, named and titled')
  t.equal(problems(page(gap, '', '- P1.1'), []), 0, 'a gap that is listed')
  t.equal(problems(page(tested, suite), [title, { id: 'P1', path: 'b.test.ts' }]), 0, 'P1 at large')
  t.equal(problems(page(tested, suite), []), 1, 'no title carries it')
  t.equal(problems(page(tested), [title]), 1, 'tested without a suite')
  t.equal(problems(page(tested, '| P1.1 | |'), []), 1, 'an empty row in the table of suites')
  t.equal(
    problems(page(tested, suite), [title, { ...title, path: 'b.test.ts' }]),
    1,
    'another suite',
  )
  t.equal(problems(page(gap, '', '- P1.1'), [title]), 1, 'a gap that a title tests')
  t.equal(problems(page(gap), []), 1, 'a gap that is not listed')
  t.equal(problems(page(tested, suite, '- P1.1'), [title]), 1, 'tested, and listed as a gap')
  t.equal(problems(page(tested, suite), [title, { ...title, id: 'P1.2' }]), 1, 'an unknown id')
  t.equal(problems(page(`${gap}\n${gap}`, '', '- P1.1'), []), 1, 'two lines with one id')
  t.equal(problems(page('| P2.1 | Kept. | gap |'), []), 1, 'a line below the wrong heading')
  t.equal(problems(page('| P1.1 | Kept. | maybe |'), []), 1, 'a state that is none')
})

t.test('titles are read from the syntax', async (t) => {
  const text = `
    t.test('P1.1 one', run)
    test("P1.2 and P10.3", run)
    t.test(\`P2.1 \${name} P2.2\`, run)
    // t.test('P3.1', run)
    t.equal(a, b, 'P3.2')
    log("t.test('P3.3')")
  `
  const ids = (path: string): readonly string[] =>
    titlesOf([parseSource({ path, text })]).map(({ id }) => id)
  t.strictSame(ids('a.test.ts'), ['P1.1', 'P1.2', 'P10.3', 'P2.1', 'P2.2'])
  t.strictSame(ids('a.ts'), [])
})

t.test('links and anchors are read outside code', async (t) => {
  const text =
    '# Über uns, 2!\n\n[a](b.md#c) `[d](e.md)` [f](https://g.test)\n\n```\n[h](i)\n# j\n```\n'
  t.strictSame(relativeLinks(text), ['b.md#c'])
  t.strictSame(anchorsOf(text), ['', 'über-uns-2'])
})
