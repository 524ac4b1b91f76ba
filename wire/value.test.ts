import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { jsonOf, randomValue } from '../test/fixtures/random-pack.ts'
import { seedOr } from '../test/fixtures/seed.ts'
import { seededRandom } from '../base/random.ts'
import { VALUE_MAX_DEPTH, VALUE_MAX_JSON_BYTES } from './limits.ts'
import { checkValue } from './value.ts'

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let left = depth; left > 0; left -= 1) value = left % 2 === 0 ? [value] : { a: value }
  return value
}

t.test('any JSON but null is a value, as it was given', async (t) => {
  const values = [
    ...[0, 1, -1, 0.1, 1e-7, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, true, false],
    ...['', 'open', '厨房', '\ud800', '\u0000', [], {}, [null], { a: null }, [1, ['x', { b: [] }]]],
  ]
  for (const value of values) t.strictSame(checkValue(value), { value }, JSON.stringify(value))
})

t.test('what is no JSON value is refused', async (t) => {
  const strangers = [undefined, NaN, Infinity, -Infinity, 1n, Symbol('s'), () => 1]
  t.strictSame(checkValue(null), { problem: 'null' })
  for (const stranger of strangers) {
    for (const value of [stranger, [stranger], { a: [stranger] }]) {
      t.strictSame(checkValue(value), { problem: 'not a JSON value' })
    }
  }
})

t.test('negative zero becomes zero, at any depth', async (t) => {
  for (const value of [-0, [-0], { a: { b: [-0] } }]) {
    // Assertions of the test tool take both zeros for equal; this one does not.
    t.ok(isDeepStrictEqual(checkValue(value), { value: jsonOf(JSON.stringify(value)) }))
  }
})

t.test('depth is bounded, however deep', async (t) => {
  t.ok('value' in checkValue(nested(VALUE_MAX_DEPTH)))
  for (const depth of [VALUE_MAX_DEPTH + 1, 100_000]) {
    t.strictSame(checkValue(nested(depth)), { problem: 'too deep' })
  }
})

t.test('size is bounded, to the byte and in any script', async (t) => {
  const most = VALUE_MAX_JSON_BYTES - 2
  t.ok('value' in checkValue('a'.repeat(most)))
  t.strictSame(checkValue('a'.repeat(most + 1)), { problem: 'too large' })
  t.ok('value' in checkValue('厨'.repeat(most / 3)))
  t.strictSame(checkValue('厨'.repeat(most / 3 + 1)), { problem: 'too large' })
  t.strictSame(checkValue('\u0001'.repeat(most / 6 + 1)), { problem: 'too large' })
  t.strictSame(checkValue(Array.from({ length: 10_000 }, () => 1)), { problem: 'too large' })
})

t.test('fields with dangerous names stay fields', async (t) => {
  const text = '{"__proto__":{"polluted":1},"constructor":2,"hasOwnProperty":3}'
  const checked = checkValue(jsonOf(text))
  t.equal(JSON.stringify(checked), `{"value":${text}}`)
  t.equal(Reflect.get({}, 'polluted'), undefined)
})

t.test('what is accepted once is accepted again, unchanged', async (t) => {
  const seed = seedOr(3)
  const random = seededRandom(seed)
  for (let turn = 0; turn < 5000; turn += 1) {
    const value = randomValue(random)
    const once = checkValue(value)
    if (!('value' in once)) return t.fail(`seed ${seed}: refused ${JSON.stringify(value)}`)
    const text = JSON.stringify(once.value)
    const twice = checkValue(jsonOf(text))
    if (JSON.stringify(twice) !== `{"value":${text}}`) return t.fail(`seed ${seed}: ${text}`)
  }
  return t.pass(`seed ${seed}`)
})
