import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ensureChromium, findChromium } from './chromium.ts'
import type { Progress } from './outcome.ts'

const silent: Progress = (_what, work) => work()

function put(file: string, script = 'exit 0'): string {
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

t.test('a browser is found on PATH by any of its names, the chosen one first', async (t) => {
  const PATH = t.testdir({ chromium: 'no program' })
  t.equal(await findChromium({ PATH }), undefined, 'what cannot be executed is none')
  const chrome = put(join(PATH, 'google-chrome'))
  t.equal(await findChromium({ PATH }), chrome)
  t.equal(await findChromium({ PATH, HUBLEAF_CHROMIUM: '/chosen' }), '/chosen')
})

t.test('only CI installs, and only as root; without a browser CI fails', async (t) => {
  const PATH = t.testdir({})
  const asked = join(PATH, 'asked')
  put(join(PATH, 'apt-get'), `echo "$1" >> ${asked}`)
  t.equal(await ensureChromium({ PATH }, 0, silent), undefined, 'a person is left alone')
  t.equal(await findChromium({ PATH }), undefined)
  await t.rejects(ensureChromium({ PATH, CI: 'true' }, 1000, silent), {
    code: 'chromium_missing',
    message: /only root/,
  })
  const chromium = join(PATH, 'chromium')
  put(
    join(PATH, 'apt-get'),
    `if [ "$1" = update ]; then : > ${asked}; fi
if [ "$1" = install ] && [ -f ${asked} ]; then : > ${chromium}; /bin/chmod 755 ${chromium}; fi`,
  )
  t.equal(await ensureChromium({ PATH, CI: 'true' }, 0, silent), chromium)
})
