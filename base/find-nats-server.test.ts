import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import {
  cachedNatsServer,
  findNatsServer,
  isAtLeast,
  natsServerVersion,
} from './find-nats-server.ts'

/** A program that answers `--version` as nats-server does. */
function putServer(file: string, version: string): string {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `#!/bin/sh\necho "nats-server: v${version}"\n`)
  chmodSync(file, 0o755)
  return file
}

t.test('versions compare by number, part by part', async (t) => {
  for (const [version, oldest, enough] of [
    ['2.15.2', '2.12.0', true],
    ['2.12.0', '2.12.0', true],
    ['2.9.10', '2.12.0', false],
    ['2.9.10-1+b3', '2.12.0', false],
    ['v3.0.0-RC.1', '2.12.0', true],
    ['2.12', '2.12.0', true],
    ['2.12.1', '2.12.2', false],
    ['1.26rc2', '1.26.0', true],
    ['1.9', '1.26.0', false],
    ['', '0.0.1', false],
  ] as const) {
    t.equal(isAtLeast(version, oldest), enough, `${version} >= ${oldest}`)
  }
})

t.test('a chosen server wins; one that does not serve is an error, not passed over', async (t) => {
  const folder = t.testdir({ broken: 'no program' })
  const PATH = dirname(putServer(join(folder, 'bin', 'nats-server'), '2.15.2'))
  const chosen = putServer(join(folder, 'chosen'), '2.14.0')
  t.equal(await findNatsServer({ HUBLEAF_NATS_SERVER: chosen, PATH }), chosen)
  const old = putServer(join(folder, 'old'), '2.11.9')
  for (const [file, why] of [
    [old, /2\.11\.9, older than 2\.12\.0/],
    [join(folder, 'broken'), /does not run/],
    [join(folder, 'absent'), /does not run/],
  ] as const) {
    await t.rejects(findNatsServer({ HUBLEAF_NATS_SERVER: file, PATH }), {
      code: 'nats_server_missing',
      message: why,
    })
  }
})

t.test('the cache goes before PATH; broken and old ones are passed over', async (t) => {
  const folder = t.testdir({ first: {}, second: {}, cache: {} })
  const env = {
    XDG_CACHE_HOME: join(folder, 'cache'),
    PATH: [join(folder, 'first'), join(folder, 'second')].join(':'),
  }
  t.equal(await findNatsServer(env), undefined)
  putServer(join(folder, 'first', 'nats-server'), '2.9.10')
  t.equal(await findNatsServer(env), undefined, 'too old')
  const second = putServer(join(folder, 'second', 'nats-server'), '2.12.4')
  t.equal(await findNatsServer(env), second)
  const cached = putServer(cachedNatsServer(env), '2.15.2')
  t.equal(await findNatsServer(env), cached)
  writeFileSync(cached, '\x7fELF, cut off')
  t.equal(await findNatsServer(env), second, 'a broken file in the cache is passed over')
  t.equal(await natsServerVersion(cached), undefined)
})

t.test('the cache folder follows XDG_CACHE_HOME, else HOME', async (t) => {
  t.match(cachedNatsServer({ XDG_CACHE_HOME: '/x', HOME: '/h' }), /^\/x\/hubleaf\/tools\//)
  t.match(cachedNatsServer({ XDG_CACHE_HOME: '', HOME: '/h' }), /^\/h\/.+\/hubleaf\/tools\//)
})
