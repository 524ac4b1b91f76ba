// Proof that each law can say no, and knows when to be silent: for each one, small sources that break
// it, and sources that look as if they did. Texts that the text laws would find here are put together.

import { IMPORT_SAMPLES } from './import-samples.ts'
import { each, one } from './sample.ts'
import type { Sample } from './sample.ts'

const HEADER = '// What this file promises.\n// What it refuses.\n'
const lines = (count: number): string => 'call()\n'.repeat(count)

const doors: readonly Sample[] = [
  {
    law: 'time',
    bad: each([
      'const x = Date.now()',
      'list.map(Date.now)',
      'const x = new Date()',
      'const x = Date()',
      'setTimeout(run, 10)',
      'globalThis.setInterval(run, 10)',
      'const later = setImmediate',
      'const timers = { setTimeout }',
      'const x = performance.now()',
      'const x = process.hrtime.bigint()',
      'const x = AbortSignal.timeout(5)',
      "import { setTimeout as sleep } from 'node:timers/promises'",
      "import { performance as p } from 'node:perf_hooks'",
      "import { uptime } from 'node:os'",
    ]),
    fine: [
      one('// Date.now() and new Date() stay out.\nlog("setTimeout(Date.now())")'),
      one('const x = new Date(ms).toISOString()'),
      one('socket.setTimeout(5)\nconst o = { performance: 1 }\nclock.now()'),
      one('interface Clock { setTimeout(ms: number): void }'),
      one("import type { Timers } from 'node:timers'"),
      one('const x = Date.now()', 'base/clock.ts'),
    ],
  },
  {
    law: 'chance',
    bad: each([
      'const x = Math.random()',
      'const x = crypto.randomUUID()',
      "import { randomUUID } from 'node:crypto'",
      "import { randomBytes as bytes } from 'crypto'",
      'crypto.getRandomValues(words)',
    ]),
    fine: [
      one(
        "import { createHash } from 'node:crypto'\nimport { randomInt } from '../base/random.ts'",
      ),
      one('const x = "Math.random()"'),
      one("import { randomBytes } from 'node:crypto'", 'base/random.ts'),
    ],
  },
  {
    law: 'process',
    bad: [
      ...each(['process.exit(1)', "import process from 'node:process'", 'globalThis.process.pid']),
      one('const { env } = process'),
      one('const x = { ...process, process }\nf(`${process.pid}`)'),
      one('function f() { const process = 1 }\nfunction g() { return process.pid }'),
      one('function f(x = process) {}'),
      one('read(process.env)', 'agent/remain.ts'),
    ],
    fine: [
      one('read(process.env)', 'agent/main.ts'),
      one('read(process.env)', 'cloud/storage/config.ts'),
      one('kill(process.pid)', 'agent/sample.test.ts'),
      one('worker.process.kill()\nconst x = { process: 1 }\nfunction f(process: Child) {}'),
      one('function f() {\n  const { process } = state\n  if (process) end(process.pid)\n}'),
      one('const process = await start()\nexport const x = { process, pid: () => process.pid }'),
      one('function f(process: Child) { return [process, process.pid] }'),
    ],
  },
  {
    law: 'json-text',
    bad: each(['const x = JSON.parse(text)', 'texts.map(JSON.parse)']),
    fine: [
      one('const x = JSON.parse(text)', 'wire/parse-body.ts'),
      one('const x = JSON.parse(text)', 'wire/codec.ts'),
      one('const x = JSON.stringify(value)'),
    ],
  },
]

const force: readonly Sample[] = [
  {
    law: 'any',
    bad: each(['let x: any', 'const f = (x: any[]) => x', 'type X = Record<string, any>']),
    fine: each(['// any\nconst any = "any"\nlet x: unknown']),
  },
  {
    law: 'non-null',
    bad: each(['const x = y!', 'y!.z()', 'class A { x!: number }', 'let x!: number']),
    fine: each(['if (!x && x !== y) call()']),
  },
  {
    law: 'cast',
    bad: each(['const x = y as X', 'const x = <X>y', 'const x = y as unknown as X']),
    fine: each([
      "import * as z from 'zod'\nimport { a as b } from './a.ts'\nexport { b as c }",
      'const x = [1] as const\nconst y = { z: 1 } satisfies Y',
    ]),
  },
  {
    law: 'bare-error',
    bad: each([
      "throw new Error('x')",
      'reject(new Error())',
      "throw Error('x')",
      'class Mine extends Error {}',
      'class Mine extends TypeError {}',
    ]),
    fine: [
      one("throw new HubleafError('usage', 'x')\n// new Error('x')"),
      one("throw new Error('x')", 'agent/sample.test.ts'),
    ],
  },
  {
    law: 'swallowed',
    bad: each([
      'try { a() } catch {}',
      'try { a() } catch { /* never mind */ }',
      'a().catch(() => {})',
      'a().catch(() => undefined)',
      'a().catch(function () {})',
      'a().then(b, () => null)',
    ]),
    fine: each(['try { a() } catch (e) { log(e) }', 'a().catch((e) => { log(e) })\na().then(b)']),
  },
]

const comments: readonly Sample[] = [
  {
    law: 'header',
    bad: [
      ...each([
        'import "x"',
        '// One line only.\nimport "x"',
        '',
        `${'// Line.\n'.repeat(9)}call()`,
      ]),
      one('#!/usr/bin/env node\ncall()', 'scripts/run.mjs'),
    ],
    fine: [
      ...each([`${HEADER}import "x"`, '/* One.\n * Two. */\ncall()', '// Line.\n'.repeat(8)]),
      one(`#!/usr/bin/env node\n${HEADER}call()`, 'scripts/run.mjs'),
    ],
  },
  {
    law: 'unfinished',
    bad: each(['// TODO: later', 'call() // FIXME', '/** XXX */\ncall()', 'f(/* HACK */ 1)']),
    fine: each(['const x = "// TODO"', 'const x = `// ${y} // TODO`', 'const x = /[/]\\/ TODO/']),
  },
  {
    law: 'issue-number',
    bad: each(['// See #12.', 'call() // (#7)']),
    fine: each(['const colour = "#123456"', '// Colour is #a0b0c0, C# too.', 'class A { #x = 1 }']),
  },
  {
    law: 'silenced',
    bad: each([
      '// @ts-expect-error\ncall()',
      '/* eslint-disable */',
      '// eslint-disable-next-line',
    ]),
    fine: each(['const x = "@ts-ignore"']),
  },
]

const sizes: readonly Sample[] = [
  {
    law: 'file-size',
    bad: [one(lines(301)), one(lines(501), 'agent/sample.test.ts')],
    fine: [one(lines(300)), one(lines(500), 'agent/sample.test.ts')],
  },
  {
    law: 'function-size',
    bad: each([
      `function f() {\n${lines(49)}}`,
      `const f = () => {\n${lines(49)}}`,
      `class A {\n  f() {\n${lines(49)}}\n}`,
    ]),
    fine: each([`function f() {\n${lines(48)}}`, `${lines(60)}function f() {}`]),
  },
]

const join = (parts: readonly string[], by: string): string => parts.join(by)

const texts: readonly Sample[] = [
  {
    law: 'machine-path',
    bad: [
      one(`see ${join(['', 'work', 'main'], '/')}`, 'README.md'),
      one(`"${join(['', 'root'], '/')}"`, 'test/fixtures/x.json'),
      one(`x=${join(['', 'tmp', 'x'], '/')}`, 'run.sh'),
      one(`cd ${join(['', 'home', 'anna', 'x'], '/')}`, 'README.md'),
    ],
    fine: each(['a/work/b, workers, /workers, https://host/root-page', 'import "./root/x.ts"']),
  },
  {
    law: 'registry',
    bad: each([
      `https://${join(['registry', 'npmjs', 'org'], '.')}/x`,
      join(['proxy', 'golang', 'org'], '.'),
      `http://${join(['artifactory', 'local'], '.')}/api`,
    ]),
    fine: each(['prom-client: new Registry()', 'https://github.com/nats-io/nats-server/releases']),
  },
  {
    law: 'mailbox',
    bad: each([`by ${join(['anna', 'mail.test'], '@')}`]),
    fine: each([
      'node@24.21.0, @nats-io/jwt, nats://user:pass@127.0.0.1:4222',
      'go install github.com/nats-io/nats-server/v2@v2.15.2',
      'http://user:secret@host.test/',
    ]),
  },
]

/** A sample for each law. */
export const SAMPLES: readonly Sample[] = [
  ...IMPORT_SAMPLES,
  ...doors,
  ...force,
  ...comments,
  ...sizes,
  ...texts,
]
