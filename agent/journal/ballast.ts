// A file that only takes room. When the disk is full it is given up, so that the transaction that
// sheds rows and writes its drop records has somewhere to go; it is made again when there is room.

import { closeSync, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { syncFolder } from '../../base/durable-file.ts'
import { sizeOf } from './doors.ts'

const CHUNK_BYTES = 65_536

/** The ballast of one journal. */
export class Ballast {
  readonly #folder: string
  readonly #file: string
  readonly #bytes: number

  /** `bytes` 0 means none. */
  constructor(folder: string, bytes: number) {
    this.#folder = folder
    this.#file = join(folder, 'ballast')
    this.#bytes = bytes
  }

  /** True when it takes its room. */
  get held(): boolean {
    return sizeOf(this.#file) >= this.#bytes
  }

  /** Writes the file if it is not there and `room` bytes leave twice its size. Never throws. */
  hold(room: number): void {
    if (this.held || room < 2 * this.#bytes) return
    try {
      const handle = openSync(this.#file, 'w', 0o600)
      try {
        // Not zeros: a file system may store those as nothing.
        const chunk = Buffer.alloc(CHUNK_BYTES, 0x5a)
        for (let written = 0; written < this.#bytes;) {
          written += writeSync(handle, chunk, 0, Math.min(chunk.length, this.#bytes - written))
        }
        fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
    } catch {
      this.release()
    }
  }

  /** Gives the room back. True if there was some. Never throws. */
  release(): boolean {
    try {
      unlinkSync(this.#file)
      syncFolder(this.#folder)
      return true
    } catch {
      return false
    }
  }
}
