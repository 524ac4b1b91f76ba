import t from 'tap'
import { parseJson } from '../../base/json.ts'
import { makeEpochId } from '../../wire/ids.ts'
import { seededRandom } from '../../base/random.ts'
import type { Reading } from '../../wire/reading.ts'
import { hubOf, sensorTypeOf } from '../../test/fixtures/readings.ts'
import { CSV_COLUMNS, CSV_HEADER, csvLine, ndjsonLine, tableCells } from './formats.ts'
import type { ListedRow } from './formats.ts'
import { bytesText, cutText, grouped } from './text.ts'

const epoch = makeEpochId(seededRandom(1))

const plain: Reading = {
  ...{ seq: 7, device: 'd1', channel: 'main', value: 21.5, unit: 'C', source: 'http' },
  ...{ observedAt: 0, receivedAt: 1000, boot: 'b1', monoMs: 5, timeQuality: 'synced' },
}

function listed(extra: Partial<Reading>, more: Partial<ListedRow> = {}): ListedRow {
  const type = sensorTypeOf('temperature')
  const row = { id: 1, epoch, type, reading: { ...plain, ...extra }, bytes: 1 }
  return { hub: hubOf('h1'), state: 'waiting', reason: undefined, row, ...more }
}

t.test('NDJSON has the key and every value as it is', async (t) => {
  const value = { a: [1, null, 'x'] }
  t.strictSame(parseJson(ndjsonLine(listed({ value, site: 's' }))), {
    ...{ hub: 'h1', epoch, type: 'temperature', seq: 7, device: 'd1', channel: 'main', value },
    ...{ source: 'http', unit: 'C', site: 's', observedAt: '1970-01-01T00:00:00.000Z' },
    ...{ receivedAt: '1970-01-01T00:00:01.000Z', timeQuality: 'synced', boot: 'b1', monoMs: 5 },
    state: 'waiting',
  })
  const line = ndjsonLine(listed({}, { hub: undefined, state: 'aside', reason: 'rejected' }))
  t.match(parseJson(line), { hub: null, state: 'aside', reason: 'rejected' })
})

t.test('CSV has stable columns, and a cell for each', async (t) => {
  const times = '1970-01-01T00:00:00.000Z,1970-01-01T00:00:01.000Z'
  t.equal(CSV_HEADER, `${CSV_COLUMNS.join(',')}\r\n`)
  t.match(CSV_HEADER, /^hub,epoch,type,seq,device,channel,value,unit,observed_at,received_at,/)
  t.equal(
    csvLine(listed({})),
    `h1,${epoch},temperature,7,d1,main,21.5,C,${times},synced,b1,5,http,,waiting\r\n`,
  )
})

const VALUES: readonly (readonly [Reading['value'], string])[] = [
  [-3.5, '-3.5'],
  [true, 'true'],
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "x"', '"say ""x"""'],
  ['two\nlines', '"two\nlines"'],
  [{ a: 1 }, '"{""a"":1}"'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-1', "'-1"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['\t=1', "'\t=1"],
  ["'quoted", "''quoted"],
  ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'],
]
for (const [value, cell] of VALUES) {
  t.test(`CSV writes ${JSON.stringify(value)} as ${JSON.stringify(cell)}`, async (t) => {
    t.ok(csvLine(listed({ value })).includes(`,main,${cell},C,`), csvLine(listed({ value })))
  })
}

t.test('a device cannot steer the terminal', async (t) => {
  const cells = tableCells(listed({ device: 'a\u001b[2Jb', value: 'x\u202ey\u009b1m', unit: '\n' }))
  t.strictSame(cells.slice(4), ['a\\u001b[2Jb', 'main', 'x\\u202ey\\u009b1m \\u000a'])
})

t.test('numbers as people read them', async (t) => {
  t.strictSame([0, 999, 1000, 1_234_567].map(grouped), ['0', '999', '1,000', '1,234,567'])
  t.strictSame([0, 999, 1000, 12_345_678].map(bytesText), ['0 B', '999 B', '1.0 kB', '12.3 MB'])
  t.strictSame([cutText('abc', 3), cutText('abcd', 3)], ['abc', 'ab…'])
})
