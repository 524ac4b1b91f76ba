// Where text goes: a stream that is waited for, so that a slow reader holds nothing in memory, or a
// file that appears under its name only when it is whole. A reader that has gone (`| head`) is no
// error; a disk that is full is one.

import { open, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { HubleafError, messageOf, systemCodeOf } from '../../base/errors.ts'

/** Takes text. */
export interface TextOutput {
  /** Resolves when more may be written. Throws `folder_unusable` when the text cannot be kept. */
  write(text: string): Promise<void>
  /** True when nobody reads any more. */
  readonly gone: boolean
}

/** A TextOutput on a stream, such as standard output. */
export function streamOutput(stream: Writable): TextOutput {
  let gone = false
  return {
    get gone() {
      return gone
    },
    async write(text) {
      if (gone || text === '') return
      const failure = await new Promise<Error | null | undefined>((resolve) => {
        stream.write(text, resolve)
      })
      if (failure === null || failure === undefined) return
      gone = true
      const code = systemCodeOf(failure)
      if (code !== 'EPIPE' && code !== 'ERR_STREAM_DESTROYED') throw unwritable('output', failure)
    },
  }
}

/** A file that is being written; disposal without `finish` leaves nothing behind. */
export interface FileOutput extends TextOutput, AsyncDisposable {
  /** Syncs the file and gives it its name. */
  finish(): Promise<void>
}

/** Begins a file. Throws `folder_unusable`. */
export async function fileOutput(file: string): Promise<FileOutput> {
  const part = `${file}.part`
  const handle = await trying(file, () => open(part, 'w'))
  let closed = false
  const close = async (): Promise<void> => {
    if (closed) return
    closed = true
    await handle.close()
  }
  let finished = false
  return {
    gone: false,
    write: async (text) => trying(file, () => writeAll(handle, text)),
    async finish() {
      await trying(file, async () => {
        await handle.sync()
        await close()
        await rename(part, file)
      })
      finished = true
    },
    async [Symbol.asyncDispose]() {
      await close()
      if (!finished) await rm(part, { force: true })
    },
  }
}

async function writeAll(handle: FileHandle, text: string): Promise<void> {
  await handle.appendFile(text)
}

async function trying<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    throw unwritable(file, cause)
  }
}

function unwritable(what: string, cause: unknown): HubleafError {
  const hint = 'give a file in a folder that this user may write to, on a disk that has room'
  return new HubleafError('folder_unusable', `cannot write ${what}: ${messageOf(cause)}`, {
    hint,
    cause,
  })
}
