import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { ensureMosquitto, findMosquitto } from './mosquitto.ts'
import type { Progress } from './outcome.ts'

const silent: Progress = (_what, work) => work()

function put(file: string, script = 'exit 0'): string {
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

t.test(
  'mosquitto is found on PATH, then where daemons are; a chosen one is believed',
  async (t) => {
    const PATH = t.testdir({ sbin: {}, mosquitto: 'no program' })
    const daemons = join(PATH, 'sbin')
    t.equal(await findMosquitto({ PATH }, daemons), undefined, 'what cannot be executed is none')
    const daemon = put(join(daemons, 'mosquitto'))
    t.equal(await findMosquitto({ PATH }, daemons), daemon)
    put(join(PATH, 'mosquitto'))
    t.equal(await findMosquitto({ PATH }, daemons), join(PATH, 'mosquitto'))
    t.equal(await findMosquitto({ PATH, HUBLEAF_MOSQUITTO: '/chosen' }, daemons), '/chosen')
  },
)

t.test('only CI installs it, and only as root; without it CI fails', async (t) => {
  const PATH = t.testdir({})
  const mosquitto = join(PATH, 'mosquitto')
  put(
    join(PATH, 'apt-get'),
    `[ "$1" = install ] && : > ${mosquitto} && /bin/chmod 755 ${mosquitto}`,
  )
  t.equal(await ensureMosquitto({ PATH }, 0, silent, ''), undefined, 'a person is left alone')
  await t.rejects(ensureMosquitto({ PATH, CI: 'true' }, 1000, silent, ''), {
    code: 'mosquitto_missing',
    message: /only root/,
  })
  put(
    join(PATH, 'apt-get'),
    `if [ "$1" = install ]; then : > ${mosquitto}; /bin/chmod 755 ${mosquitto}; fi`,
  )
  t.equal(await ensureMosquitto({ PATH, CI: 'true' }, 0, silent, ''), mosquitto)
})
