// Samples for the laws on imports: what points against the arrow, runs in a circle or leads nowhere.
// They are small repositories of one to three files; none of them exists.

import { each, one } from './sample.ts'
import type { Sample } from './sample.ts'

/** Samples for the laws on imports. */
export const IMPORT_SAMPLES: readonly Sample[] = [
  {
    law: 'import-direction',
    bad: [
      one("import { x } from '../cloud/storage/storage.ts'"),
      one("import type { X } from '../demo/main.ts'"),
      one("export { x } from '../cloud/storage/storage.ts'"),
      one("const x = await import('../cloud/worker/main.ts')"),
      one("start(new URL('../cloud/worker/main.ts', import.meta.url))"),
      one("let x: import('../cloud/x.ts').X"),
      one("import '../agent/agent.ts'", 'cloud/sample.ts'),
      one("import '../cloud/worker/worker.ts'", 'demo/sample.ts'),
      one("import '../base/log.ts'", 'wire/sample.ts'),
      one("import '../wire/ids.ts'", 'base/sample.ts'),
      one("import '../test/help.ts'"),
      one("import '../../outside.ts'"),
      one("import '../base/log.ts'", 'unheard/sample.ts'),
      one("import './agent/main.ts'", 'hubleaf.ts'),
      one("await import('./agent/agent.ts')", 'hubleaf.ts'),
    ],
    fine: [
      one("import '../wire/ids.ts'\nimport '../base/log.ts'\nimport './other.ts'\nimport 'pino'"),
      one("import '../../base/log.ts'\nimport '../storage/storage.ts'", 'cloud/worker/sample.ts'),
      one("import '../cloud/control/keys.ts'", 'demo/sample.ts'),
      one("import '../base/errors.ts'", 'wire/sample.ts'),
      one("import '../cloud/worker/worker.ts'", 'agent/sample.test.ts'),
      one("import '../../cloud/worker/worker.ts'", 'test/system/sample.ts'),
      one("import './base/verb.ts'\nawait import('./agent/main.ts')", 'hubleaf.ts'),
      one('// import "../cloud/x.ts"\nlog("import \'../cloud/x.ts\'")'),
      one("read(new URL('../node_modules/uplot/dist/uPlot.min.css', import.meta.url))"),
    ],
  },
  {
    law: 'cycle',
    bad: [
      [...one("import './b.ts'", 'base/a.ts'), ...one("import './a.ts'", 'base/b.ts')],
      [
        ...one("import type { B } from './b.ts'", 'base/a.ts'),
        ...one("import './c.ts'", 'base/b.ts'),
        ...one("import './a.ts'", 'base/c.ts'),
      ],
    ],
    fine: [
      [
        ...one("import './b.ts'\nimport './c.ts'", 'base/a.ts'),
        ...one("import './c.ts'", 'base/b.ts'),
        ...one('export const c = 1', 'base/c.ts'),
      ],
      [
        ...one("import './journal.ts'", 'agent/thread.ts'),
        ...one("start(new URL('./thread.ts', import.meta.url))", 'agent/journal.ts'),
      ],
    ],
  },
  {
    law: 'barrel',
    bad: each(["export { a } from './a.ts'\nexport { b } from './b.ts'", "export * from './a.ts'"]),
    fine: each(["export { Counter } from 'prom-client'\nexport const x = 1", 'export const a = 1']),
  },
  {
    law: 'dead-file',
    bad: [
      one('export const x = 1'),
      [...one('export const x = 1'), ...one("import './sample.ts'", 'agent/sample.test.ts')],
    ],
    fine: [
      one('export const x = 1', 'agent/main.ts'),
      [...one('export const x = 1'), ...one("import './sample.ts'", 'agent/main.ts')],
      [
        ...one('export const x = 1'),
        ...one("start(new URL('./sample.ts', import.meta.url))", 'agent/main.ts'),
      ],
      [
        ...one('export const x = 1'),
        ...one("startThread(import.meta.url, './sample')", 'agent/main.ts'),
      ],
      [...one('export const x = 1'), ...one("import '../agent/sample.ts'", 'test/x.test.ts')],
      [
        ...one('export const x = 1'),
        ...one('<script type="module" src="/page/sample.js"></script>', 'agent/index.html'),
      ],
    ],
  },
]
