// `ls`, `cat` and `export`: the rows that a filter means, one after the other, with memory that does
// not grow with their number. A row whose checksum does not match is no reading: it is left out and
// counted, and the command then fails at its end.

import { EXIT } from '../../base/verb.ts'
import { HubleafError } from '../../base/errors.ts'
import { textIn } from '../../base/sqlite.ts'
import type { BufferFile, RawRow } from './buffer-file.ts'
import type { Format, ListCommand } from './command.ts'
import { wantsReading, wantsType } from './filter.ts'
import type { RowFilter } from './filter.ts'
import { CSV_HEADER, csvLine, ndjsonLine, TABLE_COLUMNS, tableCells } from './formats.ts'
import type { ListedRow } from './formats.ts'
import { fileOutput } from './output.ts'
import type { TextOutput } from './output.ts'
import { Progress } from './progress.ts'
import { bold, columns, grouped, widthsOf } from './text.ts'
import type { World } from './world.ts'

/** Runs the command; resolves to the exit code. Throws `folder_unusable`, `journal_row_corrupt`. */
export async function list(file: BufferFile, command: ListCommand, world: World): Promise<number> {
  if (command.output === undefined) {
    await run(file, command, world, world.stdout)
  } else {
    await using output = await fileOutput(command.output)
    await run(file, command, world, output)
    if (!world.signal.aborted) await output.finish()
  }
  return world.signal.aborted ? EXIT.failed : EXIT.ok
}

async function run(
  file: BufferFile,
  command: ListCommand,
  world: World,
  output: TextOutput,
): Promise<void> {
  const { filter, limit } = command
  const render = rendererOf(command.format, world.colour && command.output === undefined)
  let [left, scanned, corrupt] = [limit, 0, 0]
  {
    using progress = new Progress(world, command.action, 'rows', command.output === undefined)
    await output.write(render.header)
    for await (const rows of file.rows(filter.states)) {
      const listed: ListedRow[] = []
      for (const row of rows) {
        if (left === 0) break
        const found = pick(file, row, filter)
        if (found === 'corrupt') corrupt += 1
        if (found === undefined || found === 'corrupt') continue
        listed.push(found)
        left -= 1
      }
      scanned += rows.length
      progress.tell(scanned, 0)
      await output.write(render.lines(listed))
      if (left === 0 || output.gone) break
    }
  }
  if (!output.gone) complain(file, corrupt, world)
}

/** The row as it is listed, or undefined if it is not meant. */
function pick(
  file: BufferFile,
  { state, sql }: RawRow,
  filter: RowFilter,
): ListedRow | 'corrupt' | undefined {
  const type = sql['type']
  if (typeof type === 'string' && !wantsType(filter, type)) return undefined
  const row = file.check(sql)
  if ('corrupt' in row) return 'corrupt'
  if (!wantsReading(filter, row.reading)) return undefined
  const reason = state === 'aside' ? textIn(sql, 'reason') : undefined
  return { hub: file.place.hub, state, reason, row }
}

/** What was left out must be known, also to a script. */
function complain(file: BufferFile, corrupt: number, world: World): void {
  if (file.damage !== undefined) {
    const message = `the file is damaged (${file.damage}); what could be read of it is there`
    throw new HubleafError('journal_corrupt', message, { hint: verifyHint })
  }
  if (corrupt === 0 || world.signal.aborted) return
  const message = `${grouped(corrupt)} rows whose checksum does not match were left out`
  throw new HubleafError('journal_row_corrupt', message, { hint: verifyHint })
}

const verifyHint = '`hubleaf buffer verify` says what is wrong and where'

interface Renderer {
  readonly header: string
  lines(rows: readonly ListedRow[]): string
}

function rendererOf(format: Format, colour: boolean): Renderer {
  if (format === 'ndjson') return { header: '', lines: (rows) => rows.map(ndjsonLine).join('') }
  if (format === 'csv') return { header: CSV_HEADER, lines: (rows) => rows.map(csvLine).join('') }
  return tableRenderer(colour)
}

/** The first rows decide how wide the columns are; a header stands above the first line. */
function tableRenderer(colour: boolean): Renderer {
  let widths: readonly number[] | undefined
  return {
    header: '',
    lines(rows) {
      if (rows.length === 0) return ''
      const cells = rows.map(tableCells)
      const first = widths === undefined
      widths ??= widthsOf([TABLE_COLUMNS, ...cells])
      const header = columns([TABLE_COLUMNS], widths).map((line) => bold(line, colour))
      return `${[...(first ? header : []), ...columns(cells, widths)].join('\n')}\n`
    },
  }
}
