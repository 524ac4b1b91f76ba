import t from 'tap'
import { seededRandom } from '../../base/random.ts'
import { rowOf } from '../../test/fixtures/rows.ts'
import { canonicalJson, readingHash } from './row-hash.ts'

const KNOWN = {
  plain: 2_142_499_180_666_046,
  nested: 5_806_918_818_514_070,
  early: 6_252_089_172_166_716,
}

t.test('the algorithm never changes: databases keep its results', (t) => {
  t.equal(readingHash(rowOf(1)), KNOWN.plain)
  t.equal(readingHash(rowOf(1, { value: { b: [1, null], a: '😀' }, site: 's' })), KNOWN.nested)
  t.equal(readingHash(rowOf(1, { observedAt: -2_251_799_813_685_247 })), KNOWN.early)
  t.end()
})

t.test('hashes are integers that a double holds, and all bits of a time count', (t) => {
  const seen = new Set<number>()
  for (let bit = 0; bit < 51; bit += 1) {
    for (const field of ['observedAt', 'receivedAt', 'monoMs'] as const) {
      seen.add(readingHash(rowOf(1, { [field]: 2 ** bit })))
    }
  }
  t.equal(seen.size, 153)
  t.ok([...seen].every(Number.isSafeInteger))
  t.end()
})

t.test('many different readings do not share a hash', (t) => {
  const random = seededRandom(7)
  const seen = new Set<number>()
  const rows = 200_000
  for (let seq = 1; seq <= rows; seq += 1) {
    seen.add(
      readingHash(rowOf(seq % 1000, { value: Math.floor(random.float() * 100), monoMs: seq })),
    )
  }
  t.equal(seen.size, rows, 'of 53 bits, a pair among these has a chance of 1 in 450,000')
  t.end()
})

t.test('canonical text sorts keys at every depth and nothing else', (t) => {
  t.equal(canonicalJson({ b: 1, a: [{ d: 1, c: [3, 2] }] }), '{"a":[{"c":[3,2],"d":1}],"b":1}')
  t.equal(canonicalJson('b\ud83da'), '"b\\ud83da"')
  t.equal(canonicalJson({ a: 2, ['__proto__']: 1 }), '{"__proto__":1,"a":2}')
  t.end()
})
