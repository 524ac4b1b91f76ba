import t from 'tap'
import { EXIT } from '../../base/verb.ts'
import { runBuffer } from '../../test/fixtures/buffer-journal.ts'
import { parseCommand } from './command.ts'
import { ACTIONS } from './help.ts'

const NOW = Date.parse('2026-09-21T12:00:00Z')
const parse = (line: string) => parseCommand(line.split(' '), NOW)

t.test('a command line becomes a command', async (t) => {
  t.strictSame(parse('status --config a.yaml --json'), {
    ...{ action: 'status', target: { kind: 'config', file: 'a.yaml' }, json: true },
  })
  t.match(parse('ls --file j.db --hub h1'), {
    ...{ action: 'ls', target: { kind: 'file', file: 'j.db', hub: 'h1' }, format: 'table' },
    ...{ limit: Infinity, filter: { types: [], devices: [], records: false } },
  })
  t.match(parse('ls --file j.db --json --limit 7'), { format: 'ndjson', limit: 7 })
  t.match(parse('export --file j.db --format csv --output x.csv'), {
    ...{ action: 'export', format: 'csv', output: 'x.csv' },
  })
  t.match(parse('purge --config a.yaml --type power --before 7d --yes'), {
    ...{ action: 'purge', types: ['power'], before: NOW - 7 * 86_400_000, yes: true, json: false },
  })
})

t.test('filters say what they mean', async (t) => {
  const times = 'cat --config a --since 2026-09-20 --until 2026-09-21T10:00:00+02:00'
  t.match(parse(times), {
    filter: { since: Date.UTC(2026, 8, 20), until: Date.UTC(2026, 8, 21, 8) },
  })
  t.match(parse('cat --config a --since 1790000000000'), { filter: { since: 1_790_000_000_000 } })
  const command = parse('cat --config a --type power --type _drop --waiting --aside')
  if (!t.match(command, { filter: { types: ['power', '_drop'] } }) || !('filter' in command)) return
  t.strictSame([...command.filter.states], ['waiting', 'aside'])
  const all = parse('cat --config a')
  if ('filter' in all) t.strictSame([...all.filter.states], ['waiting', 'settled', 'aside'])
})

for (const line of [
  ...['look', 'ls --colour', 'ls extra', 'status --limit 3', 'purge --file j.db'],
  ...['ls --file a --config b', 'ls --hub h1', 'ls --file a --hub No!', 'ls --limit 0'],
  ...['ls --limit all', 'ls --since yesterday', 'ls --type Power', 'export --format xml'],
  ...['purge --type _drop', 'cat --output x', 'ls --since 2026-02-31', 'ls --type'],
]) {
  t.test(`"${line}" is refused`, async (t) => {
    t.throws(() => parse(line), { code: 'usage' })
  })
}

t.test('every action has its help, and every flag in it is one', async (t) => {
  const verb = await runBuffer(['--help'])
  t.equal(verb.code, EXIT.ok)
  for (const action of Object.keys(ACTIONS)) {
    t.match(verb.out, `  ${action} `)
    const help = await runBuffer([action, '--help'])
    t.equal(help.code, EXIT.ok)
    t.match(help.out, `usage: hubleaf buffer ${action} `)
    for (const [, flag = ''] of help.out.matchAll(/^ {2}--([a-z]+)/gm)) {
      const takesValue = new RegExp(`--${flag} [A-Z]`).test(help.out)
      const value = { hub: 'h1', limit: '1', format: 'csv', type: 'power', config: 'x' }[flag]
      const rest = takesValue ? [value ?? '2026-01-01'] : []
      const where = flag === 'hub' ? ['--file', 'x'] : []
      t.doesNotThrow(() => parseCommand([action, `--${flag}`, ...rest, ...where], NOW), flag)
    }
  }
})

t.test('what is not understood ends with 2 and says how it goes', async (t) => {
  const unknown = await runBuffer(['lss'])
  t.match(unknown, { code: EXIT.usage, out: '', err: /no action "lss"\n.*status, ls, cat/ })
  const nowhere = await runBuffer(['status'], { HUBLEAF_DATA_DIR: undefined })
  t.match(nowhere, { code: EXIT.usage, err: /Give --config or --file/ })
})
