import { readFileSync } from 'node:fs'
import t from 'tap'
import { ERROR_CODES } from '../base/errors.ts'
import { toBody } from './codec.ts'
import { RESERVED_TYPES } from './ids.ts'
import * as limits from './limits.ts'
import { DROP_REASONS } from './records.ts'
import { TIME_QUALITIES } from './reading.ts'
import { DUPLICATE_WINDOW_MS } from './stream-facts.ts'
import { house } from '../scripts/bench/codec-samples.ts'

const PAGE = readFileSync(new URL('../docs/WIRE.md', import.meta.url), 'utf8')

/** The part of the page under a heading. */
function section(title: string): string {
  const start = PAGE.indexOf(`## ${title}\n`)
  const end = PAGE.indexOf('\n## ', start)
  return start < 0 ? '' : PAGE.slice(start, end < 0 ? undefined : end)
}

/** The words in code marks that open the rows of a section's tables. */
function firstCells(title: string): readonly string[] {
  return [...section(title).matchAll(/^\| `([^`]+)`/gm)].map(([, word = '']) => word)
}

t.test('the page lists every limit with its number', async (t) => {
  const known: Record<string, number> = { DUPLICATE_WINDOW_MS }
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === 'number') known[name] = value
  }
  const rows = [...section('Limits').matchAll(/^\| `(\w+)`[^|]*\| *(\d+) *\|/gm)]
  t.strictSame(Object.fromEntries(rows.map(([, name = '', value]) => [name, Number(value)])), known)
})

t.test('the page lists every refusal of a pack', async (t) => {
  const codes = Object.keys(ERROR_CODES).filter((code) => code.startsWith('pack_'))
  t.strictSame([...firstCells('Refusals')].sort(), codes.sort())
})

t.test('the page lists every field of the body, in the order of the wire', async (t) => {
  t.strictSame(firstCells('Body'), Object.keys(toBody(house.pack(2))))
})

t.test('the page lists records, reasons and qualities', async (t) => {
  t.strictSame(firstCells('Records'), RESERVED_TYPES)
  for (const reason of DROP_REASONS) t.match(section('Records'), `\`${reason}\``)
  for (const [place, quality] of TIME_QUALITIES.entries()) {
    t.match(section('Body'), `${place} \`${quality}\``)
  }
})

t.test('codes that the page names exist', async (t) => {
  for (const [, code = ''] of PAGE.matchAll(/`((?:pack|record|subject)_[a-z_]+)`/g)) {
    t.ok(Object.hasOwn(ERROR_CODES, code), code)
  }
})
