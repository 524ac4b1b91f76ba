import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { temporaryFolder } from '../test/fixtures/folder.ts'
import { listenAddress, loadConfig } from './config.ts'
import { durationMs, parseDuration, parseSize, sizeBytes } from './quantity.ts'

const schema = z.strictObject({
  name: z.string(),
  flush_interval: durationMs.prefault('1s'),
  quota: sizeBytes.prefault('1GB'),
  http: z.strictObject({ listen: listenAddress.prefault('127.0.0.1:80') }).prefault({}),
})

t.test('a file, defaults and the environment, which wins', async (t) => {
  const file = join(temporaryFolder(t), 'c.yaml')
  writeFileSync(file, 'name: a\nquota: 256MB\nhttp:\n  listen: "127.0.0.1:81"\n')
  const env = { HUBLEAF_HTTP_LISTEN: '[::1]:82', HUBLEAF_FLUSH_INTERVAL: '250ms' }
  t.strictSame(loadConfig(schema, { file, env }), {
    ...{ name: 'a', flush_interval: 250, quota: 256_000_000 },
    http: { listen: { host: '::1', port: 82 } },
  })
  t.equal(loadConfig(schema, { env: { HUBLEAF_NAME: 'b' } }).name, 'b')
})

t.test('a wrong file is told by key, sentence and the nearest known key', async (t) => {
  const file = join(temporaryFolder(t), 'c.yaml')
  const told = (text: string): string => {
    writeFileSync(file, text)
    try {
      loadConfig(schema, { file, env: {} })
      return 'accepted'
    } catch (error) {
      return error instanceof Error ? error.message : ''
    }
  }
  t.match(told('name: a\nflush_intervall: 1s\n'), 'did you mean "flush_interval"?')
  t.match(told('name: a\nhttp: { lissen: x }\n'), 'no key "http.lissen"; did you mean "listen"?')
  t.match(told('quota: 1GB\n'), 'name is missing')
  t.match(told('name: a\nquota: much\n'), 'quota: must be a size')
  t.match(told('name: a\nflush_interval: 5\n'), 'flush_interval: must be a duration')
  t.match(told('name: a\nhttp: { listen: nowhere }\n'), 'http.listen: must be host:port')
  t.match(told('name: [a\n'), /is not YAML: .* at line/)
  t.match(told('- a\n'), 'must hold keys and values')
  const missing = { file: join(file, 'none'), env: {} }
  t.throws(() => loadConfig(schema, missing), { code: 'config_unreadable' })
})

t.test('durations and sizes', async (t) => {
  t.strictSame(['250ms', '10s', '1.5h', '2d', '10', 's', '1w'].map(parseDuration), [
    ...[250, 10_000, 5_400_000, 172_800_000],
    ...[undefined, undefined, undefined],
  ])
  t.strictSame(['1B', '256MB', '1KiB', '1.5GiB', '1mb', '7'].map(parseSize), [
    ...[1, 256_000_000, 1024, 1_610_612_736],
    ...[undefined, undefined],
  ])
})
