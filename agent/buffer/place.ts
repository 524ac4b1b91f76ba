// Finds the journal that is meant, and makes it readable without changing anything that is not ours:
// beside a running agent in place, a lone file as an unchanging one, and a file whose log lies beside
// it as a private copy, because reading a log makes SQLite write.

import { accessSync, constants, createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { pathToFileURL } from 'node:url'
import { HubleafError, messageOf } from '../../base/errors.ts'
import { numberAt } from '../../base/json.ts'
import type { HubId } from '../../wire/ids.ts'
import { loadAgentConfig } from '../config.ts'
import type { AgentConfig } from '../config.ts'
import { sizeOf } from '../journal/doors.ts'
import type { Target } from './command.ts'
import { Progress } from './progress.ts'
import type { World } from './world.ts'

const SQLITE_BUSY = 5

/** Where a journal is. */
export interface Place {
  readonly folder: string
  readonly file: string
  readonly hub: HubId | undefined
  /** The agent's configuration, where that is how the journal was named. */
  readonly config: AgentConfig | undefined
}

/** A place that can be read; disposal removes what was made for it. */
export interface ReadablePlace extends Place, Disposable {
  /** What SQLite opens: the file itself, a URI, or a copy. */
  readonly source: string
  /** The file whose pages can be read, and whose log lies beside it. */
  readonly pages: string
  /** True while an agent has the journal open. */
  readonly live: boolean
  /** How the file is read. */
  readonly mode: 'beside' | 'unchanging' | 'copy'
}

/** Where the target is. Throws `usage`, `config_*` or `journal_not_a_journal`. */
export function findPlace(target: Target, env: World['env']): Place {
  if (target.kind === 'file') {
    const file = journalIn(target.file)
    return { folder: dirname(file), file, hub: target.hub, config: undefined }
  }
  if (target.file === undefined && env['HUBLEAF_DATA_DIR'] === undefined) {
    const hint = 'hubleaf buffer status --config agent.yaml'
    throw new HubleafError('usage', 'which journal? Give --config or --file', { hint })
  }
  const config = loadAgentConfig({ file: target.file, env })
  const folder = join(config.data_dir, 'journal')
  const file = join(folder, 'journal.db')
  if (!existsSync(file)) throw missing(file)
  return { folder, file, hub: config.hub, config }
}

/** Makes the place readable. Throws `folder_unusable` where a copy cannot be made. */
export async function openPlace(place: Place, world: World): Promise<ReadablePlace> {
  const { file, folder } = place
  const own = basename(file) === 'journal.db'
  const live = own && isHeld(join(folder, 'journal.lock'))
  const nothing = { [Symbol.dispose]: () => undefined }
  if (live || (place.config !== undefined && isWritable(folder))) {
    return { ...place, ...nothing, source: file, pages: file, live, mode: 'beside' }
  }
  if (sizeOf(`${file}-wal`) === 0) {
    const source = `${pathToFileURL(file).href}?immutable=1`
    return { ...place, ...nothing, source, pages: file, live, mode: 'unchanging' }
  }
  const copy = await copyPlace(file, world)
  return { ...place, ...copy, source: copy.pages, live, mode: 'copy' }
}

/** True if a process holds this lock; looking takes nothing from anybody. */
export function isHeld(lockFile: string): boolean {
  if (!existsSync(lockFile)) return false
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(lockFile, { readOnly: true })
    lock.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    return numberAt(error, 'errcode') === SQLITE_BUSY
  } finally {
    lock?.close()
  }
}

/** A folder may be given for the file in it. */
function journalIn(path: string): string {
  const found = [path, join(path, 'journal.db'), join(path, 'journal', 'journal.db')].find(
    (name) => statSync(name, { throwIfNoEntry: false })?.isFile() === true,
  )
  if (found === undefined) throw missing(path)
  return found
}

function missing(file: string): HubleafError {
  const hint = 'an agent makes its journal at its first start; check the path'
  return new HubleafError('journal_not_a_journal', `there is no journal at ${file}`, { hint })
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Copies the file and its log into a folder that only this user sees. */
async function copyPlace(
  file: string,
  world: World,
): Promise<Disposable & { readonly pages: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'hubleaf-buffer-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const pages = join(folder, 'journal.db')
  const total = sizeOf(file) + sizeOf(`${file}-wal`)
  using progress = new Progress(world, 'copying', 'bytes')
  let done = 0
  try {
    for (const ending of ['', '-wal']) {
      const from = createReadStream(`${file}${ending}`, { highWaterMark: 1_048_576 })
      from.on('data', (data) => progress.tell((done += data.length), total))
      const to = createWriteStream(`${pages}${ending}`, { mode: 0o600 })
      await pipeline(from, to, { signal: world.signal })
    }
    return { pages, [Symbol.dispose]: remove }
  } catch (cause) {
    remove()
    const hint = 'set TMPDIR to a folder with room for a copy of the journal and its log'
    const message = `cannot copy ${file} into ${tmpdir()}: ${messageOf(cause)}`
    throw new HubleafError('folder_unusable', message, { cause, hint })
  }
}
