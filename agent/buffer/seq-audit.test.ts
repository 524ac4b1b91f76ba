import t from 'tap'
import type { Interval } from '../../base/interval-set.ts'
import { SeqAudit } from './seq-audit.ts'

const EPOCH = 'abcdefghijklmnop'
const drop = (first: number, last: number, type = 'power') => ({
  ...{ epoch: EPOCH, type, first, last, count: last - first + 1 },
  ...{ from: null, to: null, reason: 'purged' as const },
})

/** Audits rows [id, seq] of one epoch and type; gives the unexplained holes as text. */
function holesOf(
  rows: readonly (readonly [id: number, seq: number])[],
  settled: readonly Interval[] = [],
  more: (audit: SeqAudit) => void = () => undefined,
): readonly string[] {
  const audit = new SeqAudit(settled)
  for (const [id, seq] of rows) audit.meet({ id, epoch: 1, type: 'power' }, seq)
  more(audit)
  return audit.holes(() => EPOCH).map(({ first, last }) => `${first}-${last}`)
}

t.test('a sequence without holes has none', async (t) => {
  t.strictSame(
    holesOf([
      [1, 1],
      [2, 2],
      [5, 3],
    ]),
    [],
  )
})

t.test('a hole that nothing explains is found, with its ends', async (t) => {
  t.strictSame(
    holesOf([
      [1, 1],
      [5, 5],
    ]),
    ['2-4'],
  )
  t.strictSame(holesOf([[3, 3]]), ['1-2'], 'at the beginning')
  t.strictSame(
    holesOf([[1, 1]], [], (audit) => audit.reached(1, 'power', 3)),
    ['2-3'],
    'at the end',
  )
})

t.test('a drop record explains its range and no more', async (t) => {
  const rows = [
    [1, 1],
    [9, 9],
  ] as const
  t.strictSame(
    holesOf(rows, [], (audit) => audit.dropped(drop(2, 8))),
    [],
  )
  t.strictSame(
    holesOf(rows, [], (audit) => audit.dropped(drop(2, 6))),
    ['7-8'],
  )
  t.strictSame(
    holesOf(rows, [], (audit) => audit.dropped(drop(2, 8, 'energy'))),
    ['2-8'],
  )
  const two = (audit: SeqAudit): void => {
    audit.dropped(drop(2, 4))
    audit.dropped(drop(5, 8))
  }
  t.strictSame(holesOf(rows, [], two), [])
})

t.test('rows that the cloud has, and that are gone, explain a hole', async (t) => {
  t.strictSame(
    holesOf(
      [
        [4, 4],
        [5, 5],
      ],
      [{ first: 1, last: 3 }],
    ),
    [],
    'a deleted beginning',
  )
  t.strictSame(
    holesOf(
      [
        [4, 4],
        [5, 5],
      ],
      [{ first: 1, last: 2 }],
    ),
    ['1-3'],
    'one too few',
  )
  t.strictSame(
    holesOf(
      [
        [1, 1],
        [9, 9],
      ],
      [{ first: 2, last: 8 }],
    ),
    [],
    'a range',
  )
  const present = [
    [1, 1],
    [2, 3],
    [3, 4],
  ] as const
  t.strictSame(holesOf(present, [{ first: 1, last: 3 }]), ['2-2'], 'settled rows that are there')
})

t.test(
  'a row that comes late closes its part of a hole; one that comes twice is told',
  async (t) => {
    t.strictSame(
      holesOf([
        [1, 1],
        [2, 5],
        [3, 3],
      ]),
      ['2-2', '4-4'],
    )
    const audit = new SeqAudit([])
    t.ok(audit.meet({ id: 1, epoch: 1, type: 'power' }, 1))
    t.ok(audit.meet({ id: 2, epoch: 2, type: 'power' }, 1), 'another epoch')
    t.notOk(audit.meet({ id: 3, epoch: 1, type: 'power' }, 1))
  },
)
