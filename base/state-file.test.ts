import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import * as z from 'zod'
import { temporaryFolder } from '../test/fixtures/folder.ts'
import { isHubleafError } from './errors.ts'
import { parseJson } from './json.ts'
import { openStateFile } from './state-file.ts'

const schema = z.strictObject({ names: z.array(z.string()) })
const empty = { names: [] }
const add = (name: string) => (data: z.output<typeof schema>) => ({ names: [...data.names, name] })

t.test('an update is on the disk when it resolves, for the owner alone', async (t) => {
  const path = join(temporaryFolder(t), 'below', 'state.json')
  const state = await openStateFile(path, schema, empty)
  t.strictSame(state.data, empty)
  t.notOk(existsSync(path), 'opening writes nothing')
  const asked = state.update(add('a'))
  t.strictSame(state.data, { names: ['a'] }, 'memory has it at once')
  await asked
  t.strictSame(parseJson(readFileSync(path, 'utf8')), { names: ['a'] })
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(readdirSync(join(path, '..')), ['state.json'], 'nothing is left beside it')
  t.strictSame((await openStateFile(path, schema, empty)).data, { names: ['a'] })
})

t.test('updates that come while one is written share the next write, in order', async (t) => {
  const path = join(temporaryFolder(t), 'state.json')
  const state = await openStateFile(path, schema, empty)
  const all = Array.from({ length: 200 }, (_, index) => String(index))
  for (const name of all) {
    const updated = state.update(add(name)).then(() => {
      const onDisk = schema.parse(parseJson(readFileSync(path, 'utf8')))
      if (!onDisk.names.includes(name)) t.fail(`${name} resolved before it was written`)
    })
    if (name === '199') await updated
  }
  t.strictSame((await openStateFile(path, schema, empty)).data.names, all)
})

t.test('a write that fails keeps the change in memory, and the next one writes it', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'state.json')
  const state = await openStateFile(path, schema, empty)
  await state.update(add('a'))
  // A folder at the place of the temporary file: fails for every user, root included.
  mkdirSync(`${path}.new`)
  const failed = await state.update(add('b')).catch((error: unknown) => error)
  t.ok(isHubleafError(failed, 'state_write_failed'))
  t.strictSame(state.data.names, ['a', 'b'])
  t.strictSame(parseJson(readFileSync(path, 'utf8')), { names: ['a'] }, 'the old file is whole')
  await t.rejects(state.flush(), { code: 'state_write_failed' }, 'as long as it fails')
  rmSync(`${path}.new`, { recursive: true })
  await state.flush()
  t.strictSame(parseJson(readFileSync(path, 'utf8')), { names: ['a', 'b'] })
})

t.test('a damaged file is set aside with its bytes, and a new one begun', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'state.json')
  const broken = ['', '{"names":["a"', '[]', '{"names":[1]}', '{"names":[],"x":1}', '\0\0\0']
  for (const [index, text] of broken.entries()) {
    writeFileSync(path, text)
    const state = await openStateFile(path, schema, empty)
    t.equal(state.damage?.code, 'state_file_damaged')
    t.strictSame(state.data, empty)
    t.equal(readFileSync(`${path}.damaged-${index + 1}`, 'utf8'), text)
    await state.update(add('new'))
    t.equal((await openStateFile(path, schema, empty)).damage, undefined)
  }
  for (let more = 0; more < 6; more += 1) {
    writeFileSync(path, `broken ${more}`)
    await openStateFile(path, schema, empty)
  }
  const aside = readdirSync(folder).filter((name) => name.includes('damaged'))
  t.equal(aside.length, 9, 'not without bound')
})

t.test('what an interrupted write left behind is no state, and no hindrance', async (t) => {
  const path = join(temporaryFolder(t), 'state.json')
  writeFileSync(`${path}.new`, '{"names":["half')
  chmodSync(`${path}.new`, 0o644)
  const state = await openStateFile(path, schema, empty)
  t.strictSame(state.data, empty)
  await state.update(add('a'))
  t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('a place that is no file is told by name', async (t) => {
  const path = join(temporaryFolder(t), 'state.json')
  mkdirSync(path)
  await t.rejects(openStateFile(path, schema, empty), { code: 'state_file_unreadable' })
})
