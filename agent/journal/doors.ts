// What the journal's writer needs of the disk: databases, and how much room everybody has left. A
// port, so that a simulation can fill the disk or make a sync fail at a chosen step.

import { statSync, statfsSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { openForWriting } from './schema.ts'

/** The writer's doors to the disk. */
export interface DiskDoors {
  /** Opens the file as `openForWriting` does. */
  openDatabase(file: string, checkpointPages: number): DatabaseSync
  /** Bytes that an unprivileged program may still write on the folder's file system. */
  diskFree(folder: string): number
}

/** The machine's disk. */
export const systemDisk: DiskDoors = {
  openDatabase: openForWriting,
  diskFree(folder) {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  },
}

/** Bytes of a file; 0 if there is none. */
export function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
