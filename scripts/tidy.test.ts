import t from 'tap'
import { judge, LAWS, describe, thisRepository } from './tidy.ts'
import { repositoryOf } from './tidy/law.ts'
import type { TextFile } from './tidy/law.ts'
import { commentShare, reportLines } from './tidy/report.ts'
import { SAMPLES } from './tidy/samples.ts'

const names = LAWS.map((law) => law.name)

function sentenceOf(files: readonly TextFile[]): string {
  const text = files.map((file) => `${file.path}: ${file.text}`).join(' | ')
  return JSON.stringify(text.slice(0, 90))
}

t.test('every law has a sample, and every sample a law', async (t) => {
  t.strictSame([...SAMPLES.map((sample) => sample.law)].sort(), [...names].sort())
  t.equal(new Set(names).size, names.length, 'no two laws share a name')
})

for (const law of LAWS) {
  t.test(`${law.name} can say no, and is silent where nothing is wrong`, async (t) => {
    const sample = SAMPLES.find(({ law: name }) => name === law.name)
    t.ok(sample !== undefined && sample.bad.length > 0 && sample.fine.length > 0)
    for (const files of sample?.bad ?? []) {
      const found = law.judge(repositoryOf(files))
      t.ok(found.length > 0, `no: ${sentenceOf(files)}`)
      t.ok(
        found.every(({ law: by, line }) => by === law.name && line >= 1),
        'it signs what it finds',
      )
    }
    for (const files of sample?.fine ?? []) {
      t.strictSame(law.judge(repositoryOf(files)), [], `silent: ${sentenceOf(files)}`)
    }
  })
}

t.test('a law points at the line and names the substitute', async (t) => {
  const text = '// Promise.\n// Refusal.\nexport const x = 1\nexport const y = Date.now()\n'
  const found = judge(repositoryOf([{ path: 'agent/main.ts', text }]), [])
  t.strictSame(found.map(describe), [
    'agent/main.ts:4  time: Date.now is behind a door; use clock.now() of base/clock.ts',
  ])
})

t.test('an exception covers its file or folder and its law only', async (t) => {
  const text = '// Promise.\n// Refusal.\nexport const x = y as X\n'
  const files = [
    { path: 'agent/a/main.ts', text },
    { path: 'agent/b/main.ts', text },
  ]
  const left = (law: string, path: string): readonly string[] =>
    judge(repositoryOf(files), [{ law, path, reason: 'a sample' }]).map(
      (violation) => `${violation.law} ${violation.path}`,
    )
  t.strictSame(left('cast', 'agent/a/main.ts'), ['cast agent/b/main.ts'])
  t.strictSame(left('cast', 'agent/'), [])
  t.strictSame(left('any', 'agent/').length, 3, 'one that nothing needs is a violation')
})

t.test('fixtures may read the clock, and keep every other law', async (t) => {
  const text = `// One.\n// Two.\nconst x: any = Date.now() // ${['', 'root', 'x'].join('/')}`
  const found = judge(repositoryOf([{ path: 'test/fixtures/old.ts', text }]), [])
  t.strictSame(
    found.map(({ law }) => law),
    ['any', 'machine-path'],
  )
})

t.test('comments are counted by line, strings are not', async (t) => {
  const text = '// one\nconst x = "// none"\n\n/* two\n three */ call()\nconst y = 1 // four\n'
  const { sources } = repositoryOf([{ path: 'a.ts', text }])
  t.equal(commentShare(sources), 4 / 5)
})

t.test('this repository keeps its laws', async (t) => {
  const repository = thisRepository()
  t.ok(repository.sources.length > 20, 'the sources are found')
  for (const line of reportLines(repository.sources)) t.comment(line)
  const violations = judge(repository)
  for (const violation of violations) t.fail(describe(violation))
  t.equal(violations.length, 0, `${LAWS.length} laws hold in ${repository.texts.length} files`)
})
