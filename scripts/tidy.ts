// The project's laws, run over the repository: `node scripts/tidy.ts` prints what breaks them and
// exits 1, and tidy.test.ts runs the same as a test. Exceptions stand in tidy/exceptions.ts.

import { fileURLToPath } from 'node:url'
import { EXIT } from '../base/verb.ts'
import { commentLaws } from './tidy/comments.ts'
import { doorLaws } from './tidy/doors.ts'
import { EXCEPTIONS } from './tidy/exceptions.ts'
import type { Exception } from './tidy/exceptions.ts'
import { readTexts } from './tidy/files.ts'
import { forceLaws } from './tidy/force.ts'
import { importLaws } from './tidy/imports.ts'
import { repositoryOf } from './tidy/law.ts'
import type { Law, Repository, Violation } from './tidy/law.ts'
import { reportLines } from './tidy/report.ts'
import { sizeLaws } from './tidy/sizes.ts'
import { textLaws } from './tidy/texts.ts'

/** Every law. */
export const LAWS: readonly Law[] = [
  ...importLaws,
  ...doorLaws,
  ...forceLaws,
  ...commentLaws,
  ...sizeLaws,
  ...textLaws,
]

/** This repository. */
export function thisRepository(): Repository {
  return repositoryOf(readTexts(fileURLToPath(new URL('../', import.meta.url))))
}

/** What breaks a law and is not excepted; exceptions that nothing needs are violations too. */
export function judge(
  repository: Repository,
  exceptions: readonly Exception[] = EXCEPTIONS,
): readonly Violation[] {
  const found = LAWS.flatMap((law) => law.judge(repository))
  const covers = (exception: Exception, { law, path }: Violation): boolean =>
    exception.law === law &&
    (exception.path === path || (exception.path.endsWith('/') && path.startsWith(exception.path)))
  const broken = found.filter((violation) => !exceptions.some((each) => covers(each, violation)))
  const idle = exceptions.filter((each) => !found.some((violation) => covers(each, violation)))
  return [
    ...broken,
    ...idle.map(({ law, path }) => {
      const message = `the exception of ${path} from "${law}" is not needed any more; remove it`
      return { law: 'exception', path: 'scripts/tidy/exceptions.ts', line: 1, message }
    }),
  ]
}

/** A violation as one line. */
export function describe({ path, line, law, message }: Violation): string {
  return `${path}:${line}  ${law}: ${message}`
}

if (import.meta.main) {
  const repository = thisRepository()
  const violations = judge(repository)
  for (const violation of violations) process.stdout.write(`${describe(violation)}\n`)
  for (const line of reportLines(repository.sources)) process.stdout.write(`${line}\n`)
  const files = repository.texts.length
  process.stdout.write(`${violations.length} violations of ${LAWS.length} laws in ${files} files\n`)
  process.exitCode = violations.length === 0 ? EXIT.ok : EXIT.failed
}
