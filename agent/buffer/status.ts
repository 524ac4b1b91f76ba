// `status`: what a journal holds, in numbers. Every row is counted, a few thousand in each read; the
// oldest and the newest of each type are looked at, the others are not checked (`verify` does that).

import { EXIT } from '../../base/verb.ts'
import { isReservedType } from '../../wire/ids.ts'
import type { BufferFile, RawRow } from './buffer-file.ts'
import { ROW_STATES } from './filter.ts'
import type { RowState } from './filter.ts'
import { Progress } from './progress.ts'
import { bold, bytesText, columns, grouped, timeText, widthsOf } from './text.ts'
import type { World } from './world.ts'

/** What is known of one type. */
interface TypeCount {
  readonly type: string
  readonly waiting: number
  readonly settled: number
  readonly aside: number
  /** When its oldest and newest row was received, ISO 8601; null where the row does not parse. */
  readonly oldest: string | null
  readonly newest: string | null
  /** When the oldest that waits was received. */
  readonly oldestWaiting: string | null
}

/** The whole status; its JSON is what `--json` prints. */
export interface BufferStatus {
  readonly file: string
  readonly hub: string | null
  readonly agent: 'running' | 'not running' | 'unknown'
  /** Null where the file is too damaged to say. */
  readonly format: number | null
  readonly bytes: { readonly database: number; readonly log: number }
  readonly damage: string | null
  readonly damagedFiles: readonly string[]
  readonly epochs: number
  readonly newestEpoch: string | null
  /** Rows of sensor types. */
  readonly readings: Counts
  /** Rows that Hubleaf itself writes. */
  readonly records: Counts
  readonly dropRecordsWaiting: number
  readonly oldestWaiting: string | null
  readonly newestWaiting: string | null
  readonly types: readonly TypeCount[]
}

type Counts = { readonly [S in RowState]: number }

/** Prints it; resolves to the exit code. */
export async function status(file: BufferFile, json: boolean, world: World): Promise<number> {
  const found = await takeStatus(file, world)
  if (world.signal.aborted) return EXIT.failed
  await world.stdout.write(json ? `${JSON.stringify(found)}\n` : render(found, world.colour))
  return EXIT.ok
}

async function takeStatus(file: BufferFile, world: World): Promise<BufferStatus> {
  const tallies = new Map<string, Tally>()
  let oldest: RawRow | undefined
  let newest: RawRow | undefined
  using progress = new Progress(world, 'counting', 'rows')
  let counted = 0
  for await (const rows of file.rows(new Set(ROW_STATES))) {
    for (const row of rows) {
      const type = String(row.sql['type'])
      const tally = tallies.get(type) ?? new Tally(row)
      tallies.set(type, tally)
      tally.add(row)
      if (row.state !== 'waiting' || isReservedType(type)) continue
      oldest ??= row
      newest = row
    }
    counted += rows.length
    progress.tell(counted, 0)
  }
  const types = [...tallies].sort(([one], [other]) => (one < other ? -1 : 1))
  const sum = (records: boolean): Counts => {
    const some = types.filter(([type]) => isReservedType(type) === records)
    const of = (state: RowState): number =>
      some.reduce((n, [, tally]) => n + tally.counts[state], 0)
    return { waiting: of('waiting'), settled: of('settled'), aside: of('aside') }
  }
  const { place, facts } = file
  return {
    ...{ file: place.file, hub: place.hub ?? null, agent: agentOf(file) },
    ...{ format: facts.format ?? null, bytes: file.bytes, damage: file.damage ?? null },
    ...{ damagedFiles: file.damagedFiles, epochs: facts.epochs.length },
    ...{ newestEpoch: facts.book?.current ?? null, readings: sum(false), records: sum(true) },
    dropRecordsWaiting: tallies.get('_drop')?.counts.waiting ?? 0,
    ...{ oldestWaiting: timeOf(file, oldest), newestWaiting: timeOf(file, newest) },
    types: types.map(([type, tally]) => ({
      ...{ type, ...tally.counts, oldest: timeOf(file, tally.first) },
      ...{ newest: timeOf(file, tally.last), oldestWaiting: timeOf(file, tally.firstWaiting) },
    })),
  }
}

/** Counts of one type, and the rows whose times are shown. */
class Tally {
  readonly counts: { [S in RowState]: number } = { waiting: 0, settled: 0, aside: 0 }
  readonly first: RawRow
  last: RawRow
  firstWaiting: RawRow | undefined

  constructor(first: RawRow) {
    this.first = first
    this.last = first
  }

  add(row: RawRow): void {
    this.counts[row.state] += 1
    if (row.state === 'waiting') this.firstWaiting ??= row
    if (row.state !== 'aside') this.last = row
  }
}

function timeOf(file: BufferFile, row: RawRow | undefined): string | null {
  const read = row === undefined ? undefined : file.check(row.sql)
  return read === undefined || 'corrupt' in read ? null : timeText(read.reading.receivedAt)
}

function agentOf({ place }: BufferFile): BufferStatus['agent'] {
  if (place.live) return 'running'
  return place.config === undefined ? 'unknown' : 'not running'
}

function render(found: BufferStatus, colour: boolean): string {
  const { readings, records, bytes } = found
  const size = bytesText(bytes.database + bytes.log)
  const parts = `database ${bytesText(bytes.database)}, log ${bytesText(bytes.log)}`
  const kept = (counts: Counts): string =>
    `${grouped(counts.waiting)} waiting, ${grouped(counts.settled)} settled and kept`
  const aside = readings.aside + records.aside
  const lines = [
    ['journal', `${found.file}, format ${found.format ?? 'unknown'}`],
    ...(found.hub === null ? [] : [['hub', found.hub]]),
    ...(found.agent === 'unknown' ? [] : [['agent', AGENT_WORDS[found.agent]]]),
    ['size', `${size} (${parts})`],
    ['readings', kept(readings)],
    ['records', `${kept(records)}; drop records waiting: ${grouped(found.dropRecordsWaiting)}`],
    ['set aside', grouped(aside)],
    ['waiting', span(found.oldestWaiting, found.newestWaiting)],
    ['epochs', `${grouped(found.epochs)}, the newest ${found.newestEpoch ?? 'unknown'}`],
    ...(found.damage === null ? [] : [['damage', `${found.damage}; read as far as it can be`]]),
    ...(found.damagedFiles.length === 0
      ? []
      : [['damaged', `${found.damagedFiles.join(', ')}: rows are still to be brought back`]]),
  ]
  const head = columns(lines, widthsOf(lines.map(([name = '']) => [name])))
  return `${[...head, '', ...typeLines(found.types, colour)].join('\n')}\n`
}

/** What the cloud has is written down only now and then: a running agent knows more than its file. */
const AGENT_WORDS = {
  running: 'running: of what waits here, up to the last 30 s may have arrived',
  'not running': 'not running',
} as const

function span(oldest: string | null, newest: string | null): string {
  return oldest === null || newest === null ? 'nothing' : `from ${oldest} to ${newest}`
}

function typeLines(types: readonly TypeCount[], colour: boolean): readonly string[] {
  const header = ['TYPE', 'WAITING', 'SETTLED', 'ASIDE', 'OLDEST', 'NEWEST']
  const rows = types.map((each) => [
    ...[each.type, grouped(each.waiting), grouped(each.settled), grouped(each.aside)],
    ...[each.oldest ?? '', each.newest ?? ''],
  ])
  const widths = widthsOf([header, ...rows])
  const [first = '', ...rest] = columns([header, ...rows], widths)
  return [bold(first, colour), ...rest]
}
