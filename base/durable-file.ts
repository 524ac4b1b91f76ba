// Small files that must survive a power cut whole: write to a temporary name, sync, rename, sync the
// folder. A reader sees the old content or the new, never a part. Mode 0600: such files hold keys.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCodeOf } from './errors.ts'

/** Replaces the file's content; returns when the disk has it. Throws the system's errors. */
export function writeDurably(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.new`
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const handle = openSync(temporary, 'w', 0o600)
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  renameSync(temporary, file)
  syncFolder(dirname(file))
}

/**
 * The same without holding up the event loop, for files that are written while the process works: a
 * sync can take 200 ms on a slow card. One write of a file at a time. Throws the system's errors; the
 * old content is then still there, or (after the rename) the new.
 */
export async function replaceDurably(file: string, content: string): Promise<void> {
  const temporary = `${file}.new`
  try {
    await using handle = await open(temporary, 'w', 0o600)
    // One that an earlier run left there keeps its mode.
    await handle.chmod(0o600)
    await handle.writeFile(content)
    await handle.sync()
  } catch (error) {
    // On a full disk half a file would take the room that the next attempt needs.
    await Promise.allSettled([rm(temporary, { force: true })])
    throw error
  }
  await rename(temporary, file)
  await using folder = await open(dirname(file), 'r')
  await folder.sync()
}

/** Makes a created, renamed or removed entry of the folder durable. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

/** The file's text, or undefined if there is no such file. Throws the system's other errors. */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
