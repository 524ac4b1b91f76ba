// Small files that must survive a power cut whole: write to a temporary name, sync, rename, sync the
// folder. A reader sees the old content or the new, never a part. Mode 0600: such files hold keys.

import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
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
