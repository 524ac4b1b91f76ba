// What `hubleaf buffer` says of itself. One text per action; the texts are the interface, so what
// stands here is what the parser takes.

const WHERE = `  --config FILE     the agent's configuration; the agent may run or not
  --file JOURNAL    a journal file, such as one copied from a hub's card; it is never changed
  --hub HUB         with --file: the hub that the rows are of; a copied file does not know it`

const FILTER = `  --type TYPE       only this type; may be repeated
  --device DEVICE   only this device; may be repeated
  --since TIME      received at or after: 2026-09-21T14:13:20Z, 2026-09-21, or 10m for ten minutes ago
  --until TIME      received before
  --waiting         rows that the cloud does not have yet
  --settled         rows that the cloud has, and that are kept for a while
  --aside           rows that were given up one by one and kept for a look
                    (none of the three: all rows)
  --records         also the records that Hubleaf itself writes (_drop, _epoch, …)
  --limit N         at most N rows, the oldest`

/** The actions, in the order in which they are listed, each with one line. */
export const ACTIONS = {
  status: 'how much waits, how much is kept, how large the files are',
  ls: 'one line per reading',
  cat: 'every reading whole, one JSON object per line',
  export: 'all readings as NDJSON or CSV, into a file or a pipe',
  verify: 'checks every row and every sequence; exit code 1 if anything is wrong',
  purge: 'gives up readings that wait, for ever; the cloud is told so by records',
} as const

/** An action of the verb. */
export type Action = keyof typeof ACTIONS

/** The text of `hubleaf buffer --help`. */
export function verbHelp(): string {
  const lines = Object.entries(ACTIONS).map(([name, about]) => `  ${name.padEnd(8)} ${about}`)
  return `usage: hubleaf buffer ACTION (--config FILE | --file JOURNAL) …

Looks into the journal of an agent, running or stopped, or of a copied file.

${lines.join('\n')}

\`hubleaf buffer ACTION --help\` shows the flags of an action.
`
}

/** The text of `hubleaf buffer ACTION --help`. */
export function actionHelp(action: Action): string {
  return `usage: hubleaf buffer ${action} ${USAGE[action]}\n\n${capital(ACTIONS[action])}.\n\n${FLAGS[action]}\n`
}

const USAGE: { readonly [A in Action]: string } = {
  status: '(--config FILE | --file JOURNAL) [--json]',
  ls: '(--config FILE | --file JOURNAL) [filter] [--json]',
  cat: '(--config FILE | --file JOURNAL) [filter]',
  export: '(--config FILE | --file JOURNAL) [filter] [--format ndjson|csv] [--output FILE]',
  verify: '(--config FILE | --file JOURNAL) [--json]',
  purge: '--config FILE [--type TYPE …] [--before TIME] [--yes] [--json]',
}

const JSON_FLAG = '  --json            for programs: '

const FLAGS: { readonly [A in Action]: string } = {
  status: `${WHERE}\n${JSON_FLAG}one JSON object`,
  ls: `${WHERE}\n${FILTER}\n${JSON_FLAG}one JSON object per line, as \`cat\` prints them`,
  cat: `${WHERE}\n${FILTER}

Times are ISO 8601, UTC. A row whose checksum does not match is left out; the exit code is then 1.`,
  export: `${WHERE}\n${FILTER}
  --format FORMAT   ndjson (the default) or csv
  --output FILE     write there instead of to standard output; the file appears when it is whole

CSV is RFC 4180 with a header row. Values that are objects or lists are JSON text. So that no
spreadsheet takes a text for a formula, texts that begin with = + - @ ' or a tab or line end get an
apostrophe before them; numbers do not. NDJSON has every value as it is.
A row whose checksum does not match is left out; the exit code is then 1.`,
  verify: `${WHERE}\n${JSON_FLAG}one JSON object

Checks the checksum of each row, the holes in each sequence against the drop records and what the
cloud has, and the database's own structure. While the agent runs, a large file's structure is
checked by reading every row only, so that the agent is never held up.`,
  purge: `  --config FILE     the agent's configuration; the agent may run or not
  --type TYPE       only this type; may be repeated
  --before TIME     received before: 2026-09-21T14:13:20Z, 2026-09-21, or 7d for older than a week
  --yes             do not ask
${JSON_FLAG}one JSON object

What is on its way to the cloud at this moment is left alone. The rows are gone for ever; records
with the reason "purged" tell the cloud which ones.`,
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
