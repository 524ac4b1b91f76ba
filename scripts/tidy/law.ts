// What a law is: a name, the rule as a sentence, and a judge that finds where it is broken.
// Laws judge sources as syntax trees, so that words in strings and comments do not mislead them.

import ts from 'typescript'

/** A tracked text file; `path` is relative to the repository, with forward slashes. */
export interface TextFile {
  readonly path: string
  readonly text: string
}

/** A TypeScript or JavaScript file and its syntax tree. */
export interface Source extends TextFile {
  readonly tree: ts.SourceFile
}

/** All that the laws judge. */
export interface Repository {
  readonly texts: readonly TextFile[]
  readonly sources: readonly Source[]
}

/** One place where a law is broken; `line` counts from 1. */
export interface Violation {
  readonly law: string
  readonly path: string
  readonly line: number
  readonly message: string
}

/** A law of this repository. */
export interface Law {
  readonly name: string
  readonly rule: string
  judge(repository: Repository): readonly Violation[]
}

/** Tells of a broken law at a node, or at a line. */
export type Report = (at: ts.Node | number, message: string) => void

/** A law that looks at one source at a time. */
export function sourceLaw(
  name: string,
  rule: string,
  judge: (source: Source, report: Report) => void,
): Law {
  return {
    name,
    rule,
    judge({ sources }) {
      const found: Violation[] = []
      for (const source of sources) {
        judge(source, (at, message) => {
          const line = typeof at === 'number' ? at : lineOf(source, at)
          found.push({ law: name, path: source.path, line, message })
        })
      }
      return found
    },
  }
}

/** A source with its tree; parents are set. */
export function parseSource(file: TextFile): Source {
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)
  return { ...file, tree }
}

/** The repository that consists of these files. */
export function repositoryOf(texts: readonly TextFile[]): Repository {
  const sources = texts.filter((file) => /\.[cm]?[jt]s$/.test(file.path))
  return { texts, sources: sources.map(parseSource) }
}

/** The line, from 1, on which a node starts. */
export function lineOf(source: Source, node: ts.Node): number {
  return source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1
}

/** Visits every node of a source, outer ones first. */
export function visit(source: Source, action: (node: ts.Node) => void): void {
  const enter = (node: ts.Node): void => {
    action(node)
    ts.forEachChild(node, enter)
  }
  enter(source.tree)
}

/** True for a suite. */
export function isSuite(path: string): boolean {
  return /\.test\.[cm]?[jt]s$/.test(path)
}

/** True for suites and for what only they use. */
export function isTestCode(path: string): boolean {
  return isSuite(path) || path.startsWith('test/')
}
