// Worker threads: the same file name works from the sources (.ts) and from the emitted package (.js).
// The caller owns the thread and ends it.

import { Worker } from 'node:worker_threads'

/** Starts the thread whose file stands at `path` (without ending) beside the caller. */
export function startThread(callerUrl: string, path: string): Worker {
  const ending = callerUrl.endsWith('.ts') ? '.ts' : '.js'
  // The parent's flags (a test runner's loaders, say) would only slow the thread's start.
  return new Worker(new URL(`${path}${ending}`, callerUrl), { execArgv: [] })
}
