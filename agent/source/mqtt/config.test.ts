import { readFileSync } from 'node:fs'
import t from 'tap'
import { configKeys, loadConfig } from '../../../base/config.ts'
import { agentSchema } from '../../config.ts'
import { brokerSchema } from './config.ts'
import { parseJsonPath, valueAt } from './json-path.ts'

const base = { url: 'mqtt://h', zigbee2mqtt: ['zigbee2mqtt'] }

/** The first thing that is wrong with a broker's configuration. */
function problem(broker: object): string {
  const parsed = brokerSchema.safeParse({ ...base, ...broker })
  const issue = parsed.error?.issues[0]
  return issue === undefined ? 'none' : `${issue.path.join('.')}: ${issue.message}`
}

t.test('what is wrong with a broker is said with its key', async (t) => {
  t.equal(problem({}), 'none')
  t.match(problem({ url: 'http://h' }), /^url: must be mqtt:/)
  t.match(problem({ url: 'mqtt://user:secret@h' }), /^url: /)
  t.match(problem({ zigbee2mqtt: [] }), /reads nothing/)
  t.match(problem({ tasmota: ['tele/+'] }), /^tasmota.0: the level "\+"/)
  t.match(problem({ tasmota: ['tele/{name}'] }), /^tasmota.0: must have the part/)
  t.match(problem({ tls: { cert_file: 'c' } }), /^tls: cert_file and key_file/)
  t.match(problem({ password_file: 'p' }), /^username: /)
  const topic = { topic: 'a/{b}', type: 'power', device: '{b}' }
  t.equal(problem({ topics: [topic] }), 'none')
  t.match(problem({ topics: [{ ...topic, device: '{c}' }] }), /^topics.0.device: the topic has no/)
  t.match(problem({ topics: [{ ...topic, type: 'Power' }] }), /^topics.0.type: must be a type/)
  t.match(problem({ topics: [{ ...topic, value: 'v' }] }), /^topics.0.value: must be a path/)
  t.match(problem({ topics: [{ ...topic, topic: 'a/#' }] }), /^topics.0.topic: the level/)
})

t.test('two brokers of one name are refused, and a wrong key is named', async (t) => {
  const folder = t.testdir({
    'two.yaml':
      'hub: h\ndata_dir: d\nsources: {mqtt: {brokers: [{url: "mqtt://a", zigbee2mqtt: [z]}, {url: "mqtt://b", zigbee2mqtt: [z]}]}}',
    'key.yaml':
      'hub: h\ndata_dir: d\nsources: {mqtt: {brokers: [{urll: "mqtt://a", zigbee2mqtt: [z]}]}}',
  })
  const load = (file: string) => () =>
    loadConfig(agentSchema, { file: `${folder}/${file}`, env: {} })
  t.throws(load('two.yaml'), { code: 'config_invalid', message: /a name of its own/ })
  t.throws(load('key.yaml'), {
    message: /no key "sources.mqtt.brokers.0.urll"; did you mean "url"/,
  })
})

t.test('OPERATING lists the keys of a broker, all of them and no others', async (t) => {
  const page = readFileSync(new URL('../../../docs/OPERATING.md', import.meta.url), 'utf8')
  const section = page.split('\n## MQTT\n')[1]?.split(/^## /m)[0] ?? ''
  const listed = [...section.matchAll(/^\| `([a-z0-9_.]+)` \|/gm)].map((match) => match[1] ?? '')
  const keys = [...configKeys(brokerSchema)]
  t.strictSame(listed.filter((key) => !key.startsWith('topics.')).sort(), keys.sort())
})

t.test('paths find own values only', async (t) => {
  const at = (path: string, root: unknown) => valueAt(root, parseJsonPath(path) ?? ['no path'])
  t.equal(at('$', 5), 5)
  t.equal(at('$.a["b c"][1].d', { a: { 'b c': [0, { d: 7 }] } }), 7)
  t.equal(at('$.constructor', {}), undefined)
  t.equal(at('$.length', [1]), undefined)
  for (const text of ['a', '$a', '$.', '$..a', '$[x]', '$.a ', '$[*]', '']) {
    t.equal(parseJsonPath(text), undefined, text)
  }
})
