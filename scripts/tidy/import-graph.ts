// Who imports whom, read from the syntax: imports, re-exports, `import()`, and the `new URL` by which
// a worker thread or a child process is started.

import { posix } from 'node:path'
import ts from 'typescript'
import { lineOf, visit } from './law.ts'
import type { Source } from './law.ts'

/** One file that names another; paths are relative to the repository. */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly line: number
  /** True if it is loaded only when reached: `import()` or a new thread or process. */
  readonly lazy: boolean
}

/** The files of this repository that a source names. */
export function edgesOf(source: Source): readonly Edge[] {
  const edges: Edge[] = []
  visit(source, (node) => {
    const found = specifierOf(node)
    if (found === undefined || !/^\.{1,2}\//.test(found.specifier)) return
    const to = posix.join(posix.dirname(source.path), found.specifier)
    edges.push({ from: source.path, to, line: lineOf(source, node), lazy: found.lazy })
  })
  return edges
}

function specifierOf(node: ts.Node): { specifier: string; lazy: boolean } | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    const named = node.moduleSpecifier
    return named && ts.isStringLiteral(named) ? { specifier: named.text, lazy: false } : undefined
  }
  if (ts.isImportTypeNode(node)) {
    const named = ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined
    return named && ts.isStringLiteral(named) ? { specifier: named.text, lazy: false } : undefined
  }
  return ts.isCallExpression(node) || ts.isNewExpression(node) ? startedBy(node) : undefined
}

/** `import('./x.ts')`, `new URL('./x.ts', import.meta.url)`, `startThread(import.meta.url, './x')`. */
function startedBy(
  node: ts.CallExpression | ts.NewExpression,
): { specifier: string; lazy: boolean } | undefined {
  const given: readonly ts.Expression[] = node.arguments ?? []
  const dynamic = node.expression.kind === ts.SyntaxKind.ImportKeyword
  const beside = given.some((argument) => argument.getText() === 'import.meta.url')
  if (!dynamic && !beside) return undefined
  const named = given.find(ts.isStringLiteralLike)?.text ?? ''
  const specifier = ts.isCallExpression(node) && /\/[\w-]+$/.test(named) ? `${named}.ts` : named
  // A URL may also name data, a package's file or a folder: those are read, not run.
  const runs = /\.[cm]?[jt]s$/.test(specifier) && !specifier.includes('node_modules/')
  return runs ? { specifier, lazy: true } : undefined
}

/** A way from each file in a circle back to itself; each circle once. */
export function circles(edges: readonly Edge[]): readonly (readonly Edge[])[] {
  const out = new Map<string, Edge[]>()
  for (const edge of edges) out.set(edge.from, [...(out.get(edge.from) ?? []), edge])
  const found: Edge[][] = []
  const done = new Set<string>()
  const walk = (file: string, way: readonly Edge[]): void => {
    const start = way.findIndex((edge) => edge.from === file)
    if (start >= 0) {
      found.push(way.slice(start))
      return
    }
    if (done.has(file)) return
    for (const edge of out.get(file) ?? []) walk(edge.to, [...way, edge])
    done.add(file)
  }
  for (const file of out.keys()) walk(file, [])
  return found
}

/** The files that can be reached from `entries`, themselves included. */
export function reachable(edges: readonly Edge[], entries: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [...entries]
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    waiting.push(...edges.filter((edge) => edge.from === file).map((edge) => edge.to))
  }
  return reached
}
