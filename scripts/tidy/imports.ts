// Laws on imports: the arrow between folders points one way, circles and barrels do not exist, and
// every file can be reached from something that runs.

import { posix } from 'node:path'
import ts from 'typescript'
import { circles, edgesOf, reachable } from './import-graph.ts'
import type { Edge } from './import-graph.ts'
import { isSuite, isTestCode, sourceLaw } from './law.ts'
import type { Law, Repository, TextFile } from './law.ts'

/** What each folder may import beside itself: folders (with a slash) and files. */
const ALLOWED: { readonly [folder: string]: readonly string[] } = {
  agent: ['wire/', 'base/'],
  cloud: ['wire/', 'base/'],
  demo: ['wire/', 'base/', 'cloud/control/'],
  containerpilot: ['wire/', 'base/'],
  wire: ['base/errors.ts', 'base/random.ts', 'base/json.ts', 'base/clock.ts'],
  base: [],
}

/** Folders that look at everything: they judge the product, or set it up. */
const FREE = ['scripts', 'test']

const isProgram = (path: string): boolean => /^(bin\/)?hubleaf\.[cm]?[jt]s$/.test(path)
const isMain = (path: string): boolean => /(^|\/)main\.ts$/.test(path)

/** Why an import is not allowed, or undefined if it is. */
function objection({ from, to, lazy }: Edge): string | undefined {
  const folder = from.split('/')[0] ?? ''
  if (isSuite(from) || FREE.includes(folder) || to === 'package.json') return undefined
  if (isProgram(from)) {
    if (to.startsWith('base/') || (lazy && isMain(to))) return undefined
    return `${from} imports base/, and each main.ts lazily with import(), so that a verb loads its own parts only`
  }
  if (!from.includes('/') || folder === 'bin') return undefined
  const allowed = ALLOWED[folder]
  if (allowed === undefined)
    return `the folder ${folder}/ is not in the table of scripts/tidy/imports.ts`
  const target = to.split('/')[0]
  if (target === folder) return undefined
  if (allowed.some((part) => to === part || (part.endsWith('/') && to.startsWith(part)))) {
    return undefined
  }
  const may = [...allowed, `${folder}/`].join(', ')
  return `${folder}/ imports ${to}; it may import ${may}: what both sides need belongs to wire/ or base/`
}

function graphLaw(
  name: string,
  rule: string,
  judge: (edges: readonly Edge[], repository: Repository) => readonly [Edge, string][],
): Law {
  return {
    name,
    rule,
    judge(repository) {
      const found = judge(repository.sources.flatMap(edgesOf), repository)
      return found.map(([edge, message]) => ({
        law: name,
        path: edge.from,
        line: edge.line,
        message,
      }))
    },
  }
}

const direction = graphLaw(
  'import-direction',
  'agent/ and cloud/ import wire/ and base/ only; wire/ and base/ know of neither',
  (edges) =>
    edges.flatMap((edge): [Edge, string][] => {
      const message = objection(edge)
      return message === undefined ? [] : [[edge, message]]
    }),
)

const cycle = graphLaw('cycle', 'no file imports itself by way of others', (edges) =>
  circles(edges.filter((edge) => !edge.lazy)).flatMap((way): [Edge, string][] => {
    const last = way.at(-1)
    if (last === undefined) return []
    const names = [...way.map((edge) => edge.from), last.to].join(' -> ')
    return [[last, `a circle: ${names}; move what both need into a file of its own`]]
  }),
)

const barrel = sourceLaw('barrel', 'no file that only hands on others', (source, report) => {
  const { statements } = source.tree
  const handsOn = (statement: ts.Statement): boolean =>
    ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined
  const whole = statements.find(
    (statement) => ts.isExportDeclaration(statement) && statement.exportClause === undefined,
  )
  if (whole !== undefined) report(whole, '`export *`; import from the file that has it')
  else if (statements.length > 0 && statements.every(handsOn)) {
    report(1, 'nothing but re-exports; import from the files themselves')
  }
})

/** True for a file that something outside starts or loads by itself. */
function isEntry(path: string): boolean {
  const runs = isMain(path) || isProgram(path) || /^(bin|scripts)\//.test(path)
  return runs || isTestCode(path) || /(^|\/)[\w.-]+\.config\.[cm]?[jt]s$|\.d\.ts$/.test(path)
}

const deadFile: Law = {
  name: 'dead-file',
  rule: 'each source is reached from a main.ts, a page, a script or test/; its own suite alone does not count',
  judge({ sources, texts }) {
    const edges = sources
      .flatMap(edgesOf)
      .filter((edge) => !isSuite(edge.from) || isInTest(edge.from))
    const paths = sources.map((source) => source.path)
    const alive = reachable(edges, [...paths.filter(isEntry), ...pageScripts(texts)])
    const dead = paths.filter((path) => !alive.has(path))
    const message = 'nothing that runs imports this file; use it or remove it'
    return dead.map((path) => ({ law: 'dead-file', path, line: 1, message }))
  },
}

/** The TypeScript beside each HTML page that the page loads as a script. */
function pageScripts(texts: readonly TextFile[]): readonly string[] {
  return texts
    .filter(({ path }) => path.endsWith('.html'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/<script[^>]*\ssrc="(?:[^"]*\/)?([\w-]+)\.[jt]s"/g)].map((match) =>
        posix.join(posix.dirname(path), `${match[1] ?? ''}.ts`),
      ),
    )
}

const isInTest = (path: string): boolean => path.startsWith('test/')

/** Laws on imports. */
export const importLaws: readonly Law[] = [direction, cycle, barrel, deadFile]
