// Worker threads: the same file name works from the sources (.ts) and from the emitted package (.js).
// The caller owns the thread and ends it.

import { Worker } from 'node:worker_threads'

/** Starts the thread whose file stands at `path` (without ending) beside the caller. */
export function startThread(callerUrl: string, path: string): Worker {
  const ending = callerUrl.endsWith('.ts') ? '.ts' : '.js'
  return new Worker(new URL(`${path}${ending}`, callerUrl))
}
