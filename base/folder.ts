// Folders for data: made if they are missing, for their owner alone. A folder that cannot be used is
// the operator's to mend, and is told by name.

import { mkdirSync } from 'node:fs'
import { HubleafError, messageOf } from './errors.ts'

/** Makes the folder and those above it, mode 0700. Throws `folder_unusable`. */
export function ensureFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (cause) {
    const hint = 'give a folder that this user may write to'
    const message = `cannot use the folder ${folder}: ${messageOf(cause)}`
    throw new HubleafError('folder_unusable', message, { cause, hint })
  }
}
