// Small state that a person may want to read, one JSON file each: lowdb, with an adapter that syncs
// (lowdb's own does not). An update is on the disk before it resolves; a file that is damaged is set
// aside and told, never a crash. Mode 0600: such files hold tokens.

import { existsSync } from 'node:fs'
import { readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Low } from 'lowdb'
import type { Adapter } from 'lowdb'
import type * as z from 'zod'
import { replaceDurably } from './durable-file.ts'
import { HubleafError, messageOf, systemCodeOf } from './errors.ts'
import { ensureFolder } from './folder.ts'
import { parseJson } from './json.ts'

/** State in memory and on the disk. One process at a time may have a file open. */
export interface StateFile<T> {
  /** What is known now, also while it is being written. Never changed in place. */
  readonly data: T
  /**
   * Gives the state that `change` makes of it; resolves when the disk has it. Updates that come
   * while one is written share the next write. Throws `state_write_failed`: `data` has the change
   * then, the disk does not, and the next update or `flush` writes it.
   */
  update(change: (data: T) => T): Promise<void>
  /** Writes what a failed update left unwritten; resolves at once if there is nothing. */
  flush(): Promise<void>
  /** What the file could not say when it was opened (`state_file_damaged`): to be logged once. */
  readonly damage: HubleafError | undefined
}

/**
 * Opens the state at `path`; without a file it is `empty`. The folder is made. Throws
 * `state_file_unreadable` and `folder_unusable`.
 */
export async function openStateFile<S extends z.ZodType>(
  path: string,
  schema: S,
  empty: z.output<S>,
): Promise<StateFile<z.output<S>>> {
  ensureFolder(dirname(path))
  const adapter = syncingAdapter(path, schema)
  const low = new Low<z.output<S>>(adapter, empty)
  await low.read()
  return new LowStateFile(low, path, adapter.damage())
}

class LowStateFile<T> implements StateFile<T> {
  readonly #low: Low<T>
  readonly #path: string
  #isDirty = false
  /** The write that runs, and the one that waits for it: it takes all changes made until it begins. */
  #running: Promise<void> = Promise.resolve()
  #waiting: Promise<void> | undefined
  readonly damage: HubleafError | undefined

  constructor(low: Low<T>, path: string, damage: HubleafError | undefined) {
    this.#low = low
    this.#path = path
    this.damage = damage
  }

  get data(): T {
    return this.#low.data
  }

  async update(change: (data: T) => T): Promise<void> {
    this.#low.data = change(this.#low.data)
    this.#isDirty = true
    await this.flush()
  }

  async flush(): Promise<void> {
    if (!this.#isDirty) return this.#running
    this.#waiting ??= this.#afterRunning()
    return this.#waiting
  }

  async #afterRunning(): Promise<void> {
    // Whoever waits for the write that runs is told of its failure; here only its end matters.
    await Promise.allSettled([this.#running])
    this.#running = this.#write()
    this.#waiting = undefined
    await this.#running
  }

  async #write(): Promise<void> {
    this.#isDirty = false
    try {
      await this.#low.write()
    } catch (cause) {
      this.#isDirty = true
      const message = `cannot write ${this.#path}: ${messageOf(cause)}`
      const hint = 'see that its folder belongs to this user and that the disk has room'
      throw new HubleafError('state_write_failed', message, { cause, hint })
    }
  }
}

interface SyncingAdapter<T> extends Adapter<T> {
  /** What the last read found damaged. */
  damage(): HubleafError | undefined
}

/** The door of lowdb to the disk. */
function syncingAdapter<S extends z.ZodType>(path: string, schema: S): SyncingAdapter<z.output<S>> {
  let damage: HubleafError | undefined
  return {
    damage: () => damage,
    async read() {
      const text = await readText(path)
      if (text === undefined) return null
      const parsed = schema.safeParse(parseJson(text))
      if (parsed.success) return parsed.data
      const issue = parsed.error.issues[0]
      const where = issue?.path.map(String).join('.') ?? ''
      damage = await setAside(path, where === '' ? 'it is no JSON object' : `see "${where}"`)
      return null
    },
    write: async (data) => replaceDurably(path, `${JSON.stringify(data, undefined, 2)}\n`),
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return undefined
    const message = `cannot read ${path}: ${messageOf(cause)}`
    const hint = 'see that it is a file that belongs to this user'
    throw new HubleafError('state_file_unreadable', message, { cause, hint })
  }
}

/** How many damaged files are kept beside each other; the last place is used again. */
const ASIDE_MAX = 9

/** Moves the file out of the way. Where even that fails, the next write replaces it. */
async function setAside(path: string, why: string): Promise<HubleafError> {
  const places = Array.from({ length: ASIDE_MAX }, (_, index) => `${path}.damaged-${index + 1}`)
  const place = places.find((name) => !existsSync(name)) ?? `${path}.damaged-${ASIDE_MAX}`
  const said = await rename(path, place).then(
    () => `it was set aside as ${place}`,
    (error: unknown) => `it could not be set aside: ${messageOf(error)}`,
  )
  const message = `${path} is damaged (${why}); ${said}`
  const hint = 'look at that file; if this happens again, replace the card or disk'
  return new HubleafError('state_file_damaged', message, { hint })
}
